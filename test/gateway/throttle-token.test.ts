import { describe, expect, it } from 'vitest'
import { memoryThrottle } from '../../src/limit/index.ts'
import { type LoginBench, loginBench, right } from './login-bench.ts'
import type { LoginOrigin } from './login-origins.ts'
import type { Seen } from './support.ts'

/**
 * Laravel 8.83 with the middleware that a new project has, in their order: VerifyCsrfToken (419 where `_token` is not the
 * session's, Illuminate/Foundation/Http/Middleware/VerifyCsrfToken.php, tokensMatch), then `guest`, which redirects whoever
 * is signed in (app/Http/Middleware/RedirectIfAuthenticated.php). Every answer has a new value of the session's cookie.
 */
function laravel(): LoginOrigin & { readonly bench: () => Promise<LoginBench>; looks: number } {
  let made = 0
  const cookie = (): string => `laravel_session=value${made++}; path=/; httponly`
  const redirect = (to: string): Response =>
    new Response(null, {
      status: 302,
      headers: { location: `https://app.example.com${to}`, 'set-cookie': cookie() },
    })
  const sessionOf = (seen: Seen): string =>
    /laravel_session=(anonymous|mallory)/.exec(seen.headers.get('cookie') ?? '')?.[1] ?? 'new'
  const form = (token: string, email: string, password: string): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ _token: token, email, password }).toString(),
  })
  const origin = {
    looks: 0,
    name: 'laravel with its token',
    throttle: { account: { form: 'email' }, success: 'laravel' },
    request: (email: string, password: string) => form('token-of-anonymous', email, password),
    read: (body: string) => {
      const fields = new URLSearchParams(body)
      return { email: fields.get('email') ?? '', password: fields.get('password') ?? '' }
    },
    answer: () => new Response(),
    async bench(): Promise<LoginBench> {
      const bench = await loginBench(origin, memoryThrottle())
      bench.answer = async (seen) => {
        const session = sessionOf(seen)
        if (seen.method === 'GET')
          return session === 'mallory' ? redirect('/home') : new Response('<form>')
        const fields = new URLSearchParams(await new Response(seen.init.body).text())
        if (fields.get('_token') !== `token-of-${session}`) {
          return new Response('Page expired', { status: 419, headers: { 'set-cookie': cookie() } })
        }
        if (session === 'mallory') return redirect('/home')
        origin.looks++
        bench.verified.push(fields.get('email') ?? '')
        return redirect(fields.get('password') === right ? '/home' : '/login')
      }
      return bench
    },
  } satisfies LoginOrigin & { bench(): Promise<LoginBench>; looks: number }
  return origin
}

const zoe = 'zoe@example.com'
const anonymous = 'XSRF-TOKEN=x; laravel_session=anonymous'
const signedIn = 'XSRF-TOKEN=x; laravel_session=mallory'

describe('a login whose form carries a token of the session', () => {
  it('a right password is let in and seen to be right, three times after four typos', async () => {
    const at = await laravel().bench()
    for (let again = 0; again < 3; again++) {
      for (let typo = 0; typo < 4; typo++) {
        const response = await at.login(zoe, 'typo', { cookie: anonymous })
        expect(response.headers.get('location')).toBe('https://app.example.com/login')
      }
      const response = await at.login(zoe, right, { cookie: anonymous })
      expect(response.headers.get('location')).toBe('https://app.example.com/home')
    }
    expect(at.verified.length).toBe(15)
  })

  it('of 60 wrong passwords five are looked at, each of them once', async () => {
    const origin = laravel()
    const at = await origin.bench()
    for (let i = 0; i < 60; i++) await at.login(zoe, `guess ${i}`, { cookie: anonymous })
    expect(origin.looks).toBe(5)
  })

  // while :; do four guesses; curl -b laravel_session=MINE -d _token=MINE -d email=zoe@example.com -d password=x .../login; done
  it('T6: a session that is signed in, with its own token, is sent on and clears nothing', async () => {
    const at = await laravel().bench()
    const own = { method: 'POST', body: 'x' }
    for (let i = 0; i < 60; i++) {
      if (i % 4 === 3) {
        const body = new URLSearchParams({
          _token: 'token-of-mallory',
          email: zoe,
          password: 'x',
        }).toString()
        const response = await at.login(zoe, 'x', { cookie: signedIn, init: { ...own, body } })
        if (response.status !== 429)
          expect(response.headers.get('location')).toBe('https://app.example.com/home')
      }
      await at.login(zoe, `guess ${i}`, { cookie: anonymous })
    }
    expect(at.verified.length).toBeLessThanOrEqual(5)
    expect((await at.login(zoe, right, { cookie: anonymous })).status).toBe(429)
  })

  it('a token that is nobody’s stays 419, and counts', async () => {
    const at = await laravel().bench()
    const body = new URLSearchParams({ _token: 'wrong', email: zoe, password: right }).toString()
    for (let i = 0; i < 5; i++) {
      expect((await at.login(zoe, right, { cookie: anonymous, init: { body } })).status).toBe(419)
    }
    expect((await at.login(zoe, right, { cookie: anonymous })).status).toBe(429)
    expect(at.verified).toEqual([])
  })

  it('the form is asked for without the password, and only after 419', async () => {
    const at = await laravel().bench()
    await at.login(zoe, right, { cookie: anonymous })
    expect(at.seen.map(({ method, headers }) => [method, headers.get('cookie')])).toEqual([
      ['POST', 'XSRF-TOKEN=x'],
      ['GET', anonymous],
      ['POST', anonymous],
    ])
    expect(at.seen[1]?.init.body).toBe(undefined)
    expect(at.seen[1]?.headers.get('content-type')).toBe(null)
  })
})
