import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { memoryThrottle } from '../../src/limit/throttle/stores/memory-throttle.ts'
import { type LoginBench, loginBench, right } from './login-bench.ts'
import { type LoginOrigin, origins } from './login-origins.ts'

const named = (name: string): LoginOrigin =>
  origins.find((origin) => origin.name === name) as LoginOrigin
const start = (origin: LoginOrigin): Promise<LoginBench> => loginBench(origin, memoryThrottle())
const zoe = 'zoe@example.com'

/** A login with headers of the client's choice. */
function guess(
  at: LoginBench,
  origin: LoginOrigin,
  more: Record<string, string>,
  path = '/login',
): Promise<Response> {
  const { headers } = origin.request('', '')
  return at.login(zoe, 'guess', {
    path,
    init: { headers: { ...(headers as Record<string, string>), ...more } },
  })
}

describe('where a failure leads is nobody’s choice', () => {
  // curl -H 'Referer: https://app.example.com/x' -d 'email=zoe@example.com&password=guess' ...
  const referers = [
    ...[
      'https://app.example.com/x',
      'https://app.example.com/account',
      'https://app.example.com/',
      'https://evil.test/x',
    ],
    ...[
      '',
      '/x',
      'https://app.example.com/login/../x',
      'https://app.example.com//login',
      'javascript:x',
    ],
  ]

  it.each(origins.map((origin) => [origin.name, origin] as const))(
    'T5: guesses at %s with a Referer reach it five times',
    async (_, origin) => {
      for (const referer of referers) {
        const at = await start(origin)
        for (let i = 0; i < 12; i++) await guess(at, origin, { referer })
        expect(at.verified.length, referer).toBe(5)
      }
    },
  )

  // curl -H 'Referrer: https://app.example.com/x' ...: Express prefers it to Referer; the others are of Turbolinks and htmx.
  it.each(['Referrer', 'X-XHR-Referer', 'Turbolinks-Referrer', 'HX-Current-URL'])(
    'T5: nor is it that of a header %s',
    async (name) => {
      const origin = named('express')
      const at = await start(origin)
      for (let i = 0; i < 12; i++) await guess(at, origin, { [name]: 'https://app.example.com/x' })
      expect(at.verified.length).toBe(5)
      expect(at.last().headers.has(name)).toBe(false)
    },
  )

  it('T5: a failure of Laravel shows the form again, where the form is', async () => {
    const origin = named('laravel')
    const at = await start(origin)
    const back = async (referer: string): Promise<string | null> =>
      (await guess(at, origin, { referer })).headers.get('location')
    expect(await back('https://app.example.com/fr/login?next=%2Fcart')).toBe(
      'https://app.example.com/fr/login?next=%2Fcart',
    )
    expect(await back('https://app.example.com/account')).toBe('https://app.example.com/login')
  })

  it('T5: an upstream whose success is no redirect gets the Referer as it was', async () => {
    const origin = named('wordpress')
    const at = await start(origin)
    await guess(at, origin, { referer: 'https://app.example.com/x' })
    expect(at.last().headers.get('referer')).toBe('https://app.example.com/x')
  })
})

describe('who is signed in already has proven nothing', () => {
  const greeting = origins.filter(({ session }) => session !== undefined)

  it.each(greeting.map((origin) => [origin.name, origin] as const))(
    'T6: four guesses and a visit with a session of his own, at %s: five guesses reach it',
    async (_, origin) => {
      const at = await start(origin)
      const { session: cookie = '' } = origin
      const [name = '', value = ''] = cookie.split('=')
      const spellings = [
        cookie,
        `a=b; ${cookie}`,
        `${name}="${value}"`,
        `${name}=${value.replace('o', '%6f')}`,
      ]
      for (let round = 0; round < 20; round++) {
        for (let i = 0; i < 4; i++) await at.login(zoe, 'guess')
        await at.login(zoe, 'guess', { cookie: spellings[round % spellings.length] ?? '' })
      }
      expect(at.verified.length).toBeLessThanOrEqual(5)
    },
  )

  it('T6: nor has a cookie that remembers him, or the cookie under a name that PHP reads as the same', async () => {
    const at = await start(named('laravel'))
    const cookies = [
      'remember_web_1=own',
      'laravel.session=own',
      'laravel%5Fsession=own',
      'a=1, laravel_session=own',
    ]
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 4; i++) await at.login(zoe, 'guess')
      await at.login(zoe, 'guess', { cookie: cookies[round % cookies.length] ?? '' })
    }
    expect(at.verified.length).toBe(5)
    expect(at.seen.every(({ headers }) => !/own/.test(headers.get('cookie') ?? ''))).toBe(true)
  })

  it('T6: nor has a token of his own', async () => {
    const origin = named('a JSON API')
    const at = await start(origin)
    for (const authorization of [
      'Bearer own',
      'Token own',
      'JWT own',
      'own',
      'Fe26.2**own',
      'Basically own',
    ]) {
      await guess(at, origin, { authorization })
      expect(at.last().headers.has('authorization'), authorization).toBe(false)
      at.elapse(86_400_000)
    }
    await guess(at, origin, { authorization: 'Basic YTpi' })
    expect(at.last().headers.get('authorization')).toBe('Basic YTpi')
  })

  it('T6: an option withholds further cookies, and PHP gets none by the name of the field', async () => {
    const origin = named('django')
    const at = await start({
      ...origin,
      throttle: { ...origin.throttle, withhold: ['sess*', '*_token'] },
    })
    await at.login(zoe, 'guess', { cookie: 'a=1; sessionid=own; x_token=2; email=victim; b=2' })
    expect(at.last().headers.get('cookie')).toBe('a=1; b=2')
    await at.login(zoe, 'guess', { cookie: 'sessionid=own' })
    expect(at.last().headers.has('cookie')).toBe(false)
  })
})

describe('a right password', () => {
  it.each(
    origins
      .filter(({ name }) => name !== 'a flaky server')
      .map((origin) => [origin.name, origin] as const),
  )(
    'clears the count at %s, again and again, and with the cookies of before',
    async (_, origin) => {
      const at = await start(origin)
      let cookie = 'a=1'
      for (let round = 0; round < 5; round++) {
        for (let i = 0; i < 4; i++) await at.login(zoe, 'typo')
        const response = await at.login(zoe, right, { cookie })
        expect(response.status).toBeLessThan(400)
        cookie = response.headers
          .getSetCookie()
          .filter((text) => !text.startsWith('__Host-'))
          .map((text) => text.split(';', 1)[0])
          .join('; ')
        if (origin.session !== undefined) cookie = 'a=1'
      }
      expect(at.events.filter(({ type }) => type === 'login-throttled')).toEqual([])
    },
  )
})

describe('a cookie that has ended, or has not', () => {
  it.each([
    ['sessionid=x1; Expires=0', 20],
    ['sessionid=x2; Expires=-1', 20],
    ['sessionid=x3; Expires=Thu, 01 Jan 1970 00:00:00 CET', 5],
    ['sessionid=x4; Expires=Thu, 01-Jan-70 00:00:01 GMT', 5],
    ['sessionid=x5; Max-Age=0; Expires=Thu, 01 Jan 2099 00:00:00 GMT', 5],
  ])('T12: %s: %i of 20 logins pass', async (cookie, passed) => {
    const at = await start(named('django'))
    at.answer = () => {
      at.verified.push(zoe)
      return new Response(null, { status: 302, headers: { location: '/', 'set-cookie': cookie } })
    }
    for (let i = 0; i < 20; i++) await at.login(zoe, right)
    expect(at.verified.length).toBe(passed)
  })
})

describe('a rule that proves nothing', () => {
  it.each([
    [{ location: '!/login' }, 'must be the path to which only a successful login redirects'],
    [{ location: '/account' }, 'add cookie, with the name of the session cookie'],
    [{ status: 302 }, 'add cookie, with the name of the session cookie'],
    [{ status: [200, 303] }, 'add cookie, with the name of the session cookie'],
    [{ cookie: 'connect.sid' }, 'add location or status'],
    [{ cookie: 'PHPSESSID' }, 'add location or status'],
    [{ cookie: 'laravel_session' }, 'add location or status'],
    [{ status: 200, cookie: 'csrftoken' }, 'write the name of the session cookie instead'],
    [{ status: 302, cookie: 'XSRF-TOKEN' }, 'write the name of the session cookie instead'],
    [{ header: 'Set-Cookie' }, 'use cookie instead'],
    [{ header: ['location', '/account'] }, 'use location instead'],
  ] as const)('T6: %j is refused, with the cure', async (success, message) => {
    const made = loginBench(
      { ...named('django'), throttle: { account: { form: 'email' }, success } },
      memoryThrottle(),
    )
    await expect(made).rejects.toThrow(ConfigError)
    await expect(made).rejects.toThrow(message)
  })
})
