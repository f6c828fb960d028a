import { describe, expect, it } from 'vitest'
import { PortcullisError } from '../../src/errors.ts'
import { circuitBreaker, gatewayThrottle } from '../../src/gateway/index.ts'
import { memoryThrottle } from '../../src/limit/throttle/stores/memory-throttle.ts'
import type { ThrottleStore } from '../../src/limit/throttle/stores/store.ts'
import { type LoginBench, loginBench, right } from './login-bench.ts'
import { type LoginOrigin, origins } from './login-origins.ts'
import { bench } from './support.ts'

const named = (name: string): LoginOrigin =>
  origins.find((origin) => origin.name === name) as LoginOrigin
const start = (
  name = 'a JSON API',
  ...rest: [] | [Parameters<typeof loginBench>[2]]
): Promise<LoginBench> => loginBench(named(name), memoryThrottle(), ...rest)
const zoe = 'zoe@example.com'
const statuses = async (at: LoginBench, n: number, password = 'x'): Promise<number[]> => {
  const all: number[] = []
  for (let i = 0; i < n; i++) all.push((await at.login(zoe, password)).status)
  return all
}
const many = (n: number, status: number): number[] => Array.from({ length: n }, () => status)

/** The session's cookie of an answer, as the browser sends it back. */
function sessionOf(response: Response): string {
  const cookies = response.headers.getSetCookie().map((text) => text.split(';', 1)[0] ?? '')
  return cookies.find((pair) => pair.startsWith('__Host-session=')) ?? 'none'
}

/** What Node's fetch rejects with. */
const failed = (code: string): TypeError =>
  new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) })

describe('nobody looked at the password', () => {
  it('T7: where the connection is refused: 502, as if nobody had tried', async () => {
    const at = await start()
    at.answer = () => Promise.reject(failed('ECONNREFUSED'))
    expect(await statuses(at, 8)).toEqual(many(8, 502))
    at.answer = () => new Response('', { status: 401 })
    expect(await statuses(at, 6)).toEqual([...many(5, 401), 429])
  })

  it('T7: where the breaker is open: 503, as if nobody had tried', async () => {
    const breaker = circuitBreaker({ failures: 1, pause: 60 })
    const at = await start('a JSON API', {
      upstreams: { app: { url: 'http://upstream.test:8080', sessions: true, breaker } },
    })
    at.answer = () => Promise.reject(failed('ECONNREFUSED'))
    expect(await statuses(at, 8)).toEqual([502, ...many(7, 503)])
    at.elapse(60_000)
    at.answer = () => new Response('', { status: 401 })
    expect(await statuses(at, 6)).toEqual([...many(5, 401), 429])
  })

  // Each guess asks for a failure that takes longer than timeoutMs, or that Node's fetch cannot read.
  it.each([
    ['is too late', 504],
    ['resets', 502],
    ['sends a head of 16 KB', 502],
    ['sends what is no HTTP', 502],
    ['fails in a way that is not known', 502],
  ] as const)(
    'T7: but an upstream that %s may have looked: %i, and the guess counts',
    async (how, status) => {
      const at = await start('a JSON API', {
        upstreams: { app: { url: 'http://upstream.test:8080', sessions: true, timeoutMs: 1 } },
      })
      at.answer = ({ init }) => {
        if (how === 'resets') return Promise.reject(failed('ECONNRESET'))
        if (how === 'sends a head of 16 KB')
          return Promise.reject(failed('UND_ERR_HEADERS_OVERFLOW'))
        if (how === 'sends what is no HTTP') return Promise.reject(failed('HPE_INVALID_CONSTANT'))
        if (how !== 'is too late') return Promise.reject(new TypeError('Network connection lost.'))
        return new Promise((_, reject) =>
          init.signal?.addEventListener('abort', () => reject(new Error('aborted'))),
        )
      }
      expect(await statuses(at, 7)).toEqual([...many(5, status), 429, 429])
    },
  )

  it('but an upstream that answers has looked, whatever it says', async () => {
    const at = await start()
    at.answer = () => new Response('', { status: 503 })
    expect(await statuses(at, 6)).toEqual([...many(5, 503), 429])
  })

  // The answer to a wrong password is a broken redirect, say: were it void, guessing would cost nothing.
  it('and so has one whose answer no client may get', async () => {
    const at = await start('express')
    at.answer = () =>
      new Response(null, { status: 302, headers: { location: 'javascript:alert(1)' } })
    expect(await statuses(at, 6)).toEqual([...many(5, 502), 429])
  })

  // curl --max-time 0.05 ...: whoever hangs up would have tried for nothing.
  it.each(['answers', 'refuses'])(
    'and a client that leaves changes nothing, where the upstream then %s',
    async (how) => {
      const at = await start()
      let left = 0
      for (let i = 0; i < 5; i++) {
        const client = new AbortController()
        at.answer = async ({ init }) => {
          client.abort()
          await undefined
          if (init.signal?.aborted) left++
          if (how === 'refuses') throw new TypeError('refused')
          return new Response('', { status: 401 })
        }
        await at.login(zoe, 'x', { init: { signal: client.signal } })
      }
      expect(left).toBe(0)
      at.answer = () => new Response('', { status: 401 })
      expect(await statuses(at, 1)).toEqual([429])
    },
  )
})

describe('work that goes on', () => {
  it('is told to the platform, so that a login is settled though its client has left', async () => {
    const at = await start()
    const kept: Promise<unknown>[] = []
    const { headers, ...init } = named('a JSON API').request(zoe, right)
    const request = new Request('https://app.example.com/login', {
      ...init,
      headers: { ...headers, origin: 'https://app.example.com' },
    })
    await at.gateway.fetch(request, undefined, { waitUntil: (work) => kept.push(work) })
    expect(kept.length).toBe(1)
    await Promise.all(kept)
    await at.gateway.fetch(new Request('https://app.example.com/'), undefined, {
      waitUntil: (work) => kept.push(work),
    })
    expect(kept.length).toBe(1)
  })
})

describe('success', () => {
  it('must be proven: a rule that never matches lets five tries through, and is told after twenty', async () => {
    const at = await start('a JSON API', {
      routes: [
        { path: '/login', methods: ['GET'], to: 'app', access: 'public' },
        {
          ...{ path: '/login', methods: ['POST'], to: 'app', access: 'public' },
          throttle: { account: { json: 'email' }, success: { status: 299 } },
        },
      ],
    })
    expect(await statuses(at, 6, right)).toEqual([...many(5, 200), 429])
    for (let i = 0; i < 30; i++) await at.login(`user-${i}@example.com`, right)
    expect(at.events.filter(({ type }) => type === 'throttle-rule-never-matches')).toEqual([
      { type: 'throttle-rule-never-matches', subject: '/login' },
    ])
  })

  it('is told of no rule that matched once', async () => {
    const at = await start()
    await at.login(zoe, right)
    for (let i = 0; i < 30; i++) await at.login(`user-${i}@example.com`, 'x')
    expect(at.events.map(({ type }) => type)).toEqual([])
  })

  it('by the session protocol starts the session and clears the count, with two cookies', async () => {
    const at = await start('the session protocol')
    await statuses(at, 4)
    const response = await at.login(zoe, right)
    expect(response.status).toBe(303)
    expect(sessionOf(response)).toMatch(/^__Host-session=[\w.-]+$/)
    expect(response.headers.getSetCookie().map((text) => text.split('=', 1)[0])).toEqual([
      '__Host-device',
      '__Host-session',
    ])
    expect(await statuses(at, 6)).toEqual([...many(5, 401), 429])
  })

  it('is not what an upstream claims with a wrong nonce', async () => {
    const at = await start('the session protocol')
    at.answer = () =>
      new Response(null, {
        status: 303,
        headers: { location: '/', 'portcullis-session': `${'a'.repeat(22)}.e30` },
      })
    expect(await statuses(at, 6)).toEqual([...many(5, 303), 429])
  })

  it('by a member of the answer leaves the answer whole, small or large', async () => {
    const at = await start('a flag API')
    const body = (size: number): string => JSON.stringify({ ok: true, pad: 'x'.repeat(size) })
    for (const [size, proven] of [
      [10, true],
      [65_000, true],
      [66_000, false],
      [500_000, false],
    ] as const) {
      at.answer = () =>
        new Response(body(size), { headers: { 'content-type': 'application/json' } })
      const response = await at.login(zoe, 'x')
      expect(await response.text()).toBe(body(size))
      expect(response.headers.getSetCookie().length).toBe(proven ? 1 : 0)
      expect(at.last().headers.get('accept-encoding')).toBe('identity')
    }
  })
})

describe('an answer to a login that never ends', () => {
  // The upstream sends the head of its JSON, and hangs: nobody is left who could give it up once the client has gone.
  it('is given up when the time is over, and the try counts', async () => {
    const at = await start('a flag API', {
      upstreams: { app: { url: 'http://upstream.test:8080', sessions: true, timeoutMs: 20 } },
    })
    let cancelled = 0
    const hanging = (): ReadableStream<Uint8Array> =>
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode('{"ok":')),
        cancel: () => void cancelled++,
      })
    at.answer = () => new Response(hanging(), { headers: { 'content-type': 'application/json' } })
    expect(await statuses(at, 6)).toEqual([...many(5, 504), 429])
    expect(cancelled).toBe(5)
  })
})

describe('a store that cannot be asked', () => {
  const down: ThrottleStore['attempt'] = () =>
    Promise.reject(new PortcullisError('ERR_STORE_UNAVAILABLE', 'Redis is not available (timeout)'))

  it('answers 503 with Retry-After, and no password is looked at', async () => {
    const at = await loginBench(named('django'), { attempt: down, settle: down as never })
    const response = await at.login(zoe, right)
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '10'])
    expect(at.verified).toEqual([])
  })

  it('after the password was looked at changes no answer', async () => {
    const { attempt } = memoryThrottle()
    const at = await loginBench(named('django'), { attempt, settle: down as never })
    expect((await at.login(zoe, right)).status).toBe(302)
    expect(at.events).toContainEqual(
      expect.objectContaining({ type: 'login-unsettled', reason: 'success' }),
    )
  })
})

describe('a second factor', () => {
  it('is counted by the account of the session', async () => {
    const at = await start('the session protocol', {
      routes: [
        { path: '/login', methods: ['GET'], to: 'app', access: 'public' },
        {
          ...{
            path: '/login',
            methods: ['POST'],
            to: 'app',
            access: 'public',
            sessions: ['start'],
          },
          throttle: named('the session protocol').throttle,
        },
        {
          ...{ path: '/code', methods: ['POST'], to: 'app', access: 'session' },
          throttle: { account: { session: 'user' }, success: { status: 204 } },
        },
      ],
    })
    const cookie = sessionOf(await at.login(zoe, right))
    at.answer = async ({ init }) =>
      new Response(null, {
        status: (await new Response(init.body).text()).endsWith('123456') ? 204 : 401,
      })
    const code = (value: string): Promise<Response> =>
      at.login('', '', { path: '/code', cookie, init: { body: `code=${value}` } })
    const found: number[] = []
    for (let i = 0; i < 7; i++) found.push((await code('000000')).status)
    expect(found).toEqual([...many(5, 401), 429, 429])
    at.elapse(1000)
    expect((await code('123456')).status).toBe(204)
  })
})

describe('the configuration', () => {
  const route = { path: '/login', methods: ['POST'], to: 'app', access: 'public' } as const
  const login = { account: { form: 'email' }, success: 'django' } as const
  const throttle = { store: memoryThrottle(), secret: 'rT5-8mQz_v7RpLx0Wc4sTn6Yb1Hf9Ja3' }

  it.each<[string, object, object | undefined, string]>([
    [
      'no store',
      { ...route, throttle: login },
      undefined,
      'throttle needs the option throttle of the gateway',
    ],
    [
      'no methods',
      { path: '/login', to: 'app', access: 'public', throttle: login },
      throttle,
      'throttle needs only methods with a body',
    ],
    [
      'GET',
      { ...route, methods: ['GET', 'POST'], throttle: login },
      throttle,
      'needs only methods with a body',
    ],
    [
      'no success',
      { ...route, throttle: { account: { form: 'email' } } },
      throttle,
      'throttle.success is required',
    ],
    [
      'no account',
      { ...route, throttle: { success: 'django' } },
      throttle,
      'throttle.account is required',
    ],
    [
      'two accounts',
      { ...route, throttle: { ...login, account: { form: 'a', json: 'b' } } },
      throttle,
      'throttle.account must be one of { form }, { json }, { graphql, argument } and { session }',
    ],
    [
      'an empty name',
      { ...route, throttle: { ...login, account: { form: '' } } },
      throttle,
      'throttle.account.form',
    ],
    [
      'the session of nobody',
      { ...route, throttle: { ...login, account: { session: 'user' } } },
      throttle,
      "throttle.account.session needs a route whose access is not 'public'",
    ],
    [
      'GraphQL proven by its status',
      { ...route, throttle: { account: { graphql: 'login', argument: 'email' }, success: 'json' } },
      throttle,
      'throttle.success must be proven by a cookie or by sessionStart where the account is read from GraphQL',
    ],
    [
      'GraphQL without an argument',
      { ...route, throttle: { account: { graphql: 'login' }, success: 'keystone' } },
      throttle,
      'throttle.account must be one of',
    ],
    [
      'a wrong preset',
      { ...route, throttle: { ...login, success: 'djang' } },
      throttle,
      'did you mean django?',
    ],
    [
      'a session that may not start',
      { ...route, throttle: { ...login, success: 'portcullis' } },
      throttle,
      "is proven by sessionStart, so sessions must grant 'start'",
    ],
    [
      'a wrong limit',
      { ...route, throttle: login },
      { ...throttle, limit: 0 },
      'throttle.limit must be',
    ],
    [
      'an unknown option',
      { ...route, throttle: login },
      { ...throttle, limt: 5 },
      'throttle.limt is not an option',
    ],
  ])('%s is refused', async (_, given, counted, message) => {
    const routes = [
      { path: '/login', methods: ['GET'], to: 'app', access: 'public' },
      given,
    ] as never
    const overrides =
      counted === undefined ? { routes } : { routes, throttle: gatewayThrottle(counted as never) }
    await expect(bench(overrides)).rejects.toThrow(message)
  })
  it('a secret that the environment does not hold is told by the first request, whatever it asks for', async () => {
    const at = await start('django', { throttle: { secret: () => undefined as never } })
    expect((await at.ask('/')).status).toBe(503)
    expect(at.faults).toEqual([expect.objectContaining({ message: 'throttle.secret is not set' })])
  })

  it('the bare options are refused: their code comes with the function', async () => {
    const routes = [{ ...route, throttle: login }] as never
    await expect(bench({ routes, throttle: throttle as never })).rejects.toThrow(
      'throttle must be gatewayThrottle({ ... }), which comes from portcullis/gateway',
    )
  })

  it('what is wrong with throttle, a route and anything else is told in one error', async () => {
    const routes = [{ ...route, to: 'nobody', throttle: { success: 'django' } }] as never
    const message = await bench({
      routes,
      throttle: gatewayThrottle({ ...throttle, limit: 0 }),
    }).then(
      () => '',
      ({ message }: Error) => message,
    )
    for (const option of ['throttle.limit', 'routes.0.to', 'routes.0.throttle.account'])
      expect(message).toContain(option)
  })
})
