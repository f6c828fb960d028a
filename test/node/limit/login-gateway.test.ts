import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { redisThrottle } from '../../../src/limit/index.ts'
import { type Redis, redis } from '../../../src/redis/index.ts'
import { storedSessions } from '../../../src/session/index.ts'
import { upstashStore } from '../../../src/store/upstash.ts'
import { deviceOf, type LoginBench, loginBench, right } from '../../gateway/login-bench.ts'
import { type LoginOrigin, origins } from '../../gateway/login-origins.ts'
import { type Data, secret } from '../../gateway/support.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'

const named = (name: string): LoginOrigin =>
  origins.find((origin) => origin.name === name) as LoginOrigin
const zoe = 'zoe@example.com'

describe.skipIf(noRedis)('logins through the gateway, counted in a real Redis', () => {
  let server: TestRedis
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())
  beforeEach(() => server.flush({ keepScripts: true }))
  const client = (timeoutMs = 10_000): Redis =>
    redis({ url: server.url, token: server.token, timeoutMs })
  const start = (
    name: string,
    at = client(),
    more: Parameters<typeof loginBench>[2] = {},
  ): Promise<LoginBench> => loginBench(named(name), redisThrottle({ redis: at }), more)

  // for i in $(seq 200); do curl -d 'email=zoe@example.com&password=guess' https://app.example.com/login & done
  it('200 guesses at once with a limit of five: exactly five reach the verifier, through two isolates', async () => {
    const isolates = [await start('django'), await start('django')]
    await Promise.all(
      Array.from({ length: 200 }, (_, i) => isolates[i % 2]?.login(zoe, `guess ${i}`)),
    )
    expect(isolates.flatMap(({ verified }) => verified).length).toBe(5)
  })

  it.each(origins.map((origin) => [origin.name, origin] as const))(
    '%s sees five of 60 wrong passwords',
    async (name) => {
      const at = await start(name)
      for (let i = 0; i < 60; i++) await at.login(zoe, `guess ${i}`)
      expect(at.verified.length).toBe(5)
    },
  )

  it.each(origins.map((origin) => [origin.name] as const))(
    '%s never keeps out somebody who mistypes three times and then does not, five times over',
    async (name) => {
      const at = await start(name)
      for (let again = 0; again < 5; again++) {
        for (let typo = 0; typo < 3; typo++)
          expect((await at.login(zoe, `tpyo ${typo}`)).status).not.toBe(429)
        expect((await at.login(zoe, right)).status).not.toBe(429)
      }
      expect(at.verified.length).toBe(20)
    },
  )

  it('1,000 addresses on one account slow it, never lock it, and never its owner’s device', async () => {
    const at = await start('a JSON API')
    const cookie = deviceOf(await at.login(zoe, right, { address: '198.51.100.1' })) ?? ''
    let longest = 0
    for (let i = 0; i < 1000; i++) {
      const response = await at.login(zoe, 'x', { address: `10.0.${i >> 8}.${i & 255}` })
      longest = Math.max(longest, Number(response.headers.get('retry-after') ?? 0))
      at.elapse(100)
    }
    expect(longest).toBeLessThanOrEqual(60)
    expect(at.verified.length).toBeLessThan(115)
    expect((await at.login(zoe, right, { address: '10.0.0.1', cookie })).status).toBe(200)
    at.elapse(60_000)
    expect((await at.login(zoe, right, { address: '198.51.100.2' })).status).toBe(200)
  }, 30_000)

  it('100 failures over 100 accounts from one /64 end its day', async () => {
    const at = await start('a JSON API')
    for (let i = 0; i < 100; i++)
      await at.login(`user-${i}@example.com`, 'x', { address: `2001:db8:1:2::${i + 1}` })
    expect(
      (await at.login(zoe, 'x', { address: '2001:db8:1:2:ffff::1' })).headers.get('retry-after'),
    ).toBe('86400')
    expect((await at.login(zoe, 'x', { address: '2001:db8:1:3::1' })).status).toBe(401)
  })

  it.each<[outcome: string, name: string, stored: boolean, password: string, requests: string[][]]>(
    [
      ['a failure', 'django', false, 'x', [['EVALSHA']]],
      ['a success', 'django', false, right, [['EVALSHA'], ['EVALSHA']]],
      ['a failure with stored sessions', 'the session protocol', true, 'x', [['EVALSHA']]],
      [
        'a success with stored sessions',
        'the session protocol',
        true,
        right,
        [['EVALSHA'], ['EVALSHA', 'EVALSHA']],
      ],
      [
        'a success with sealed sessions',
        'the session protocol',
        false,
        right,
        [['EVALSHA'], ['EVALSHA']],
      ],
    ],
  )('%s is as many requests to Redis as it may be', async (_, name, stored, password, requests) => {
    const at = client()
    const session = storedSessions<Data>({
      secret,
      store: upstashStore({ redis: at }),
      user: (data) => data.user,
    })
    const gate = await start(name, at, stored ? { session } : {})
    await gate.login('warm@example.com', right)
    server.control.reset()
    await gate.login(zoe, password)
    expect(server.control.verbs).toEqual(requests)
    // Whatever went along was done.
    const rows = Object.keys(await server.raw.dump()).filter((key) =>
      key.startsWith('portcullis:l:p:'),
    )
    expect(rows.length).toBe(password === right ? 0 : 1)
  })

  it('Redis holds no account, no address and no password', async () => {
    const at = await start('django')
    await at.login(zoe, 'hunter2', { address: '203.0.113.77' })
    const text = await server.raw.text()
    for (const part of ['zoe@', 'example.com', '203.0.113', 'hunter2'])
      expect(text).not.toContain(part)
  })

  it.each([
    ['hangs', { kind: 'silence' }],
    ['answers nonsense', { kind: 'error-html', status: 200 }],
    ['refuses the token', { kind: 'unauthorized' }],
    ['breaks off', { kind: 'drop-before' }],
  ] as const)(
    'a Redis that %s: 503 with Retry-After within the budget, and no password is looked at',
    async (_, fault) => {
      const at = await start('django', client(2_000))
      await at.login(zoe, 'x')
      server.control.fault(fault, { times: 2 })
      const since = performance.now()
      const response = await at.login(zoe, right)
      // Generous: a busy machine is late, a missing limit is much later.
      expect(performance.now() - since).toBeLessThan(12_000)
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '10'])
      expect(at.verified.length).toBe(1)
      expect(at.faults).toEqual([
        expect.objectContaining({ code: expect.stringMatching(/^ERR_STORE_/) }),
      ])
    },
  )

  it('a Redis that hangs after the password was right: the answer goes out', async () => {
    const at = await start('django', client(300))
    await at.login('warm@example.com', right)
    server.control.fault({ kind: 'silence' }, { match: { script: 'login-settle' } })
    const response = await at.login(zoe, right)
    expect(response.status).toBe(302)
    expect(at.events).toContainEqual(
      expect.objectContaining({ type: 'login-unsettled', reason: 'success' }),
    )
  })
})
