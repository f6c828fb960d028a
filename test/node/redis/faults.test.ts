import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { redis as newRedis, type Redis, script } from '../../../src/redis/index.ts'
import type { Fault, FaultOptions } from '../../../tools/dev/redis-http.ts'
import { everythingIn, failureOf } from '../../redis/support.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'

const add = script('add', "return redis.call('INCRBY', KEYS[1], ARGV[1])")
const get = script('get', "return redis.call('GET', KEYS[1])")

describe.skipIf(noRedis)('with a real Redis behind a bridge that fails', () => {
  let server: TestRedis
  let client: Redis
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())
  beforeEach(async () => {
    await server.flush()
    client = newRedis({ url: server.url, token: server.token, timeoutMs: 2_000 })
    // Warm, so that one call is one request.
    await Promise.all([client.call({}, add, ['n'], ['0']), client.call({}, get, ['n'], [])])
    server.control.reset()
  })
  const call = (): Promise<unknown> => client.call({}, add, ['n'], ['1'])
  const count = (): Promise<unknown> => server.raw.call('GET', 'n')

  it.each<[Fault, string, requests: number, executed: string]>([
    [{ kind: 'error-json' }, 'ERR_STORE_UNAVAILABLE (http-500)', 1, '0'],
    [{ kind: 'error-json', status: 400 }, 'ERR_STORE_REFUSED (http-400)', 1, '0'],
    [{ kind: 'error-html' }, 'ERR_STORE_UNAVAILABLE (http-502)', 1, '0'],
    [{ kind: 'error-html', status: 200 }, 'ERR_STORE_UNAVAILABLE (not-json)', 1, '0'],
    [{ kind: 'body', body: '{"result":null}' }, 'ERR_STORE_UNAVAILABLE (not-redis)', 1, '0'],
    [{ kind: 'body', body: '[]' }, 'ERR_STORE_UNAVAILABLE (not-redis)', 1, '0'],
    [{ kind: 'unauthorized' }, 'ERR_STORE_REFUSED (unauthorized)', 1, '0'],
    [{ kind: 'refuse', error: 'WRONGTYPE no' }, 'ERR_STORE_REFUSED (wrongtype)', 1, '0'],
    [{ kind: 'refuse', error: 'LOADING no' }, 'ERR_STORE_UNAVAILABLE (loading)', 1, '0'],
    [{ kind: 'silence' }, 'ERR_STORE_UNAVAILABLE (timeout)', 1, '0'],
    [{ kind: 'delay', ms: 60_000 }, 'ERR_STORE_UNAVAILABLE (timeout)', 1, '0'],
    [{ kind: 'hang' }, 'ERR_STORE_UNAVAILABLE (timeout)', 1, '1'],
  ])('%j is %s', async (fault, expected, requests, executed) => {
    server.control.fault(fault)
    const since = performance.now()
    const error = (await failureOf(call())) as { code: string; message: string }
    expect(`${error.code} ${/\(.*/.exec(error.message)?.[0]}`).toBe(expected)
    expect(server.control.requests).toBe(requests)
    expect(await count()).toBe(executed)
    // Generous: a busy machine is late, a missing limit is much later.
    expect(performance.now() - since).toBeLessThan(12_000)
    expect(everythingIn(error)).not.toContain(server.token)
    expect(everythingIn(error)).not.toContain(server.url)
  })

  it.each<[Fault, FaultOptions, outcome: unknown, requests: number, executed: string]>([
    [{ kind: 'drop-before' }, {}, 1, 2, '1'],
    [{ kind: 'drop-before' }, { times: 2 }, 'Redis is not available (network)', 2, '0'],
    // A lost reply: what ran once runs again. Scripts that must not count twice carry an id of the write.
    [{ kind: 'drop-after' }, {}, 2, 2, '2'],
    [{ kind: 'drop-after' }, { times: 2 }, 'Redis is not available (network)', 2, '2'],
    [{ kind: 'truncate' }, {}, 2, 2, '2'],
    [{ kind: 'delay', ms: 20 }, {}, 1, 1, '1'],
    [{ kind: 'noscript' }, {}, 1, 2, '1'],
    [{ kind: 'error-html' }, { match: { script: 'get' } }, 1, 1, '1'],
    [{ kind: 'error-html' }, { match: { command: 'EVAL' } }, 1, 1, '1'],
    [{ kind: 'error-html' }, { after: 1 }, 1, 1, '1'],
  ])(
    '%j %j ends with %j after %i requests',
    async (fault, options, outcome, requests, executed) => {
      server.control.fault(fault, options)
      const ended = await call().catch((error: Error) => error.message)
      expect([ended, server.control.requests, await count()]).toEqual([outcome, requests, executed])
    },
  )

  it('does not follow a redirect: what is asked goes to no other host', async () => {
    const other = await startRedis()
    try {
      server.control.fault({ kind: 'redirect', to: `${other.url}/pipeline` })
      expect(await failureOf(call())).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
      expect(other.control.requests).toBe(0)
    } finally {
      await other.stop()
    }
  })

  it('resends only what failed', async () => {
    server.control.fault({ kind: 'noscript' }, { match: { script: 'get' } })
    const ask = client.ask({})
    const replies = [
      ask.call(add, ['n'], ['1']),
      ask.call(get, ['n'], []),
      ask.call(add, ['n'], ['1']),
    ]
    await ask.send()
    expect(await Promise.all(replies)).toEqual([1, '2', 2])
    expect(server.control.verbs).toEqual([['EVALSHA', 'EVALSHA', 'EVALSHA'], ['EVAL']])
  })

  it('holds a request where a test wants it, before it is executed or after', async () => {
    const before = server.control.hold({ script: 'add' })
    const after = server.control.hold({ script: 'get' }, 'after')
    const added = call()
    await before.arrived
    expect(await count()).toBe('0')
    const got = client.call({}, get, ['n'], [])
    await after.arrived
    before.release()
    expect(await added).toBe(1)
    after.release()
    expect(await got).toBe('0')
  })

  it('a fault that is taken back does not happen', async () => {
    const lift = server.control.fault({ kind: 'error-html' }, { times: Number.POSITIVE_INFINITY })
    await failureOf(call())
    await failureOf(call())
    lift()
    expect(await call()).toBe(1)
  })
})

describe.skipIf(noRedis)('with nothing there', () => {
  it('an address that refuses connections is an outage within the budget', async () => {
    const server = await startRedis()
    await server.stop()
    const client = newRedis({ url: server.url, token: 'SECRET-TOKEN', timeoutMs: 2_000 })
    const since = performance.now()
    const error = await failureOf(client.call({}, get, ['key:SECRET'], ['arg:SECRET']))
    expect(error).toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      message: 'Redis is not available (network)',
    })
    expect(performance.now() - since).toBeLessThan(12_000)
    expect(everythingIn(error)).not.toMatch(/SECRET|ECONNREFUSED|127\.0\.0\.1/)
  })

  it('a wrong token is refused, and not repeated in the error', async () => {
    const server = await startRedis()
    try {
      const client = newRedis({ url: server.url, token: 'SECRET-TOKEN', timeoutMs: 10_000 })
      const error = await failureOf(client.call({}, get, ['key:SECRET'], ['arg:SECRET']))
      expect(error).toMatchObject({
        code: 'ERR_STORE_REFUSED',
        message: 'Redis refused the request (unauthorized)',
      })
      expect(everythingIn(error)).not.toContain('SECRET')
    } finally {
      await server.stop()
    }
  })
})
