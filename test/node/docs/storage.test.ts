/** What docs/storage.md promises of Redis's own access rules. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { redis } from '../../../src/redis/index.ts'
import { upstashRevocations, upstashStore } from '../../../src/store/upstash.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'

const page = readFileSync(join(import.meta.dirname, '../../../docs/storage.md'), 'utf8')
const rules = /^ACL SETUSER portcullis reset on >PASSWORD (.+)$/m.exec(page)?.[1]?.split(' ') ?? []

describe.skipIf(noRedis)('the user of docs/storage.md', () => {
  let server: TestRedis
  beforeAll(async () => {
    server = await startRedis()
    // Past the bridge everybody is `default`: from here on it may do what the page says.
    await server.raw.call(
      'ACL',
      'SETUSER',
      'default',
      'resetkeys',
      'resetchannels',
      '-@all',
      ...rules,
    )
  })
  afterAll(() => server.stop())

  it('may do all that a store does', async () => {
    const client = redis({ url: server.url, token: server.token, timeoutMs: 10_000 })
    const store = upstashStore({ redis: client })
    const now = Date.now()
    const row = { record: 'sealed', end: now + 3_600_000, now, idle: 600_000 }
    const [one, two] = [
      { key: 'ONE', index: 'USER' },
      { key: 'TWO', index: 'USER' },
    ]
    expect(await store.create({ ...one, ...row, write: 'a' }, {})).toEqual({ is: 'ok' })
    expect(
      await store.read(one, { now: now + 90_000, idle: 600_000, slice: 60_000 }, {}),
    ).toMatchObject({
      is: 'found',
    })
    expect(await store.replace({ ...one, ...row, write: 'b' }, '1', {})).toMatchObject({ is: 'ok' })
    expect(await store.rotate(one, { ...two, ...row, write: 'c' }, { grace: 60_000 }, {})).toEqual({
      is: 'ok',
    })
    expect(await store.list('USER', {})).toHaveLength(1)
    expect(await store.end(two, 60_000, {})).toBe(true)
    expect(await store.create({ key: 'THREE', index: 'USER', ...row, write: 'd' }, {})).toEqual({
      is: 'ok',
    })
    expect(await store.endAll('USER', { key: 'THREE', index: 'USER' }, {})).toBe(0)

    const revocations = upstashRevocations({ redis: client })
    await revocations.revoke('ID', 60_000, {})
    expect(await revocations.advance('USER', 60_000, {})).toBe(1)
    expect(await revocations.generation('USER', 90_000, {})).toBe(1)
    expect(await revocations.check({ id: 'ID', user: 'USER', generation: 1 }, {})).toBe(false)
  })

  it('may do nothing else', async () => {
    for (const command of [
      ['GET', 'other:key'],
      ['FLUSHALL'],
      ['KEYS', '*'],
      ['CONFIG', 'GET', '*'],
      ['ACL', 'LIST'],
    ]) {
      await expect(server.raw.call(...command)).rejects.toThrow('NOPERM')
    }
  })
})
