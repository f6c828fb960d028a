/** What a monitor wants of Redis, asked of a real one. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  auditTrail,
  redisProbe,
  redisState,
  redisStreamSink,
  uptime,
} from '../../../src/monitor/index.ts'
import { redis } from '../../../src/redis/index.ts'
import type { SecurityEvent } from '../../../src/types.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'

describe.skipIf(noRedis)('with a Redis', () => {
  let server: TestRedis
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())
  beforeEach(() => server.flush())

  it('says whether it is there, in one request that touches no key', async () => {
    const client = redis({ url: server.url, token: server.token, timeoutMs: 10_000 })
    await redisProbe(client)({})
    server.control.reset()
    expect(await redisProbe(client)({})).toBe(1)
    expect(server.control.requests).toBe(1)
    expect(await server.raw.dump()).toEqual({})
  })

  it('keeps audit records in a stream of bounded length, in order', async () => {
    const client = redis({ url: server.url, token: server.token, timeoutMs: 10_000 })
    const trail = auditTrail(redisStreamSink(client, { key: 'audit', maxLength: 100 }))
    for (let turn = 0; turn < 300; turn++) {
      const kept: Promise<unknown>[] = []
      trail.record(
        { type: 'logout', session: `digest-${turn}` },
        {
          env: {},
          headers: new Headers(),
          requestId: 'r',
          address: undefined,
          now: 1_800_000_000_000 + turn,
          waitUntil: (work) => kept.push(work),
        },
      )
      await Promise.all(kept)
    }
    const entries = (await server.raw.call('XRANGE', 'audit', '-', '+')) as [string, string[]][]
    // `MAXLEN ~` drops whole nodes of 100 entries.
    expect(entries.length).toBeGreaterThanOrEqual(100)
    expect(entries.length).toBeLessThan(300)
    const records = entries.map(([, [, text = '']]) => JSON.parse(text))
    expect(records.at(-1)).toMatchObject({ action: 'logout', session: 'digest-299' })
    expect(records.at(-2)).toMatchObject({ session: 'digest-298' })
  })

  it.each([
    ['a wrong token', { token: 'wrong' }, 'ERR_STORE_REFUSED'],
    ['nobody there', { url: 'http://127.0.0.1:9' }, 'ERR_STORE_UNAVAILABLE'],
  ])('says no to %s', async (_, wrong, code) => {
    const client = redis({ url: server.url, token: server.token, timeoutMs: 5000, ...wrong })
    await expect(redisProbe(client)({})).rejects.toMatchObject({ code })
  })

  it('remembers for all isolates, under one key that goes away by itself', async () => {
    const events: SecurityEvent[] = []
    const isolates = Array.from({ length: 3 }, () => {
      const client = redis({ url: server.url, token: server.token, timeoutMs: 5000 })
      return uptime({ state: redisState(client) })
    })
    for (const reason of ['http-503', undefined]) {
      for (const isolate of isolates) {
        const look = async (): Promise<string | undefined> => reason
        await isolate.run([{ kind: 'upstream', name: 'app', look }], {
          env: {},
          service: 'https://app.example.com',
          emit: (event) => events.push(event),
          report: () => {},
          fetch,
          clock: Date.now,
        })
      }
    }
    expect(events.map(({ type }) => type)).toEqual(['upstream-down', 'upstream-up'])
    const dump = await server.raw.dump()
    expect(Object.keys(dump)).toEqual(['portcullis:uptime'])
    expect(dump['portcullis:uptime']?.ttl).toBeGreaterThan(29 * 86_400_000)
  })
})
