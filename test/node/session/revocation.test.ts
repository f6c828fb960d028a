import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { redis } from '../../../src/redis/index.ts'
import type { RevocationStore } from '../../../src/store/index.ts'
import { upstashRevocations } from '../../../src/store/upstash.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'

describe.skipIf(noRedis)('revocations in a real Redis', () => {
  let at: TestRedis
  let store: RevocationStore
  beforeAll(async () => {
    at = await startRedis()
    store = upstashRevocations({
      redis: redis({ url: at.url, token: at.token, timeoutMs: 10_000 }),
    })
  })
  afterAll(() => at.stop())
  beforeEach(() => at.flush({ keepScripts: true }))

  const claim = { id: 'session', user: 'ada', generation: 0 }
  const ttl = async (key: string): Promise<number> => Number(await at.raw.call('PTTL', key))

  it('keep an id for as long as they are told, and then nothing', async () => {
    expect(await store.check(claim, {})).toBe(true)
    await store.revoke('session', 60_000, {})
    expect(await store.check(claim, {})).toBe(false)
    expect(await store.check({ ...claim, id: 'other' }, {})).toBe(true)
    expect(await ttl('portcullis:rev:session')).toBeGreaterThan(59_000)
    await store.revoke('over', 0, {})
    expect(await store.check({ ...claim, id: 'over' }, {})).toBe(true)
  })

  it('end every session of an older generation, whoever asks at the same time', async () => {
    expect(await store.generation('ada', 1000, {})).toBe(0)
    expect(Object.keys(await at.raw.dump())).toEqual([])
    await Promise.all(Array.from({ length: 20 }, () => store.advance('ada', 60_000, {})))
    expect(await store.generation('ada', 120_000, {})).toBe(20)
    expect(await ttl('portcullis:gen:ada')).toBeGreaterThan(119_000)
    expect([
      await store.check(claim, {}),
      await store.check({ ...claim, generation: 20 }, {}),
    ]).toEqual([false, true])
    expect(await store.check({ ...claim, user: 'bob' }, {})).toBe(true)
  })

  it('end what depends on a mark, by a message that counts once', async () => {
    const marked = { ...claim, mark: 'sid' }
    const visitor = { id: 'session', generation: 0, mark: 'sid' }
    expect([await store.check(marked, {}), await store.check(visitor, {})]).toEqual([true, true])
    const once = { id: 'jti', life: 60_000 }
    expect(await store.endMarked?.('sid', { life: 90_000, once }, {})).toBe(true)
    expect(await store.endMarked?.('other', { life: 90_000, once }, {})).toBe(false)
    expect([await store.check(marked, {}), await store.check(visitor, {})]).toEqual([false, false])
    expect(await store.check({ ...claim, mark: 'other' }, {})).toBe(true)
    expect(await store.check(claim, {})).toBe(true)
    expect(await ttl('portcullis:o:sid')).toBeGreaterThan(89_000)
    expect(await ttl('portcullis:j:jti')).toBeGreaterThan(59_000)
  })

  it('ask Redis once for each question, with every key declared', async () => {
    await store.check(claim, {})
    await store.revoke('session', 1000, {})
    const before = at.control.requests
    await store.check(claim, {})
    await store.revoke('session', 1000, {})
    expect(at.control.requests - before).toBe(2)
  })

  it('fail with a code where Redis cannot be asked', async () => {
    at.control.fault({ kind: 'error-html' }, { times: 4 })
    await expect(store.check(claim, {})).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
  })
})
