/** Requests at the address of a login that name no account: lost passwords, passwords of posts, second steps. */
import { describe, expect, it, test } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import type { RouteThrottle } from '../../src/gateway/index.ts'
import { memoryThrottle } from '../../src/limit/throttle/stores/memory-throttle.ts'
import { type LoginBench, loginBench } from './login-bench.ts'
import { type LoginOrigin, origins } from './login-origins.ts'

const named = (name: string): LoginOrigin =>
  origins.find((origin) => origin.name === name) as LoginOrigin

function start(throttle: RouteThrottle): Promise<LoginBench> {
  return loginBench({ ...named('django'), throttle }, memoryThrottle())
}

function send(
  at: LoginBench,
  body: string,
  more: { cookie?: string; path?: string; type?: string } = {},
) {
  const type = more.type ?? 'application/x-www-form-urlencoded'
  const init = { method: 'POST', headers: { 'content-type': type }, body }
  return at.login('', '', { init, ...more })
}

describe('a request without an account at the address of a login', () => {
  // The forms of WordPress 6.1.9 wp-login.php, which all post to it.
  test.each([
    ['?action=lostpassword', 'user_login=zoe&redirect_to=&wp-submit=Get+New+Password'],
    ['?action=postpass', 'post_password=x&Submit=Enter'],
    ['?action=resetpass', 'pass1=x&pass1-text=x&pass2=x&rp_key=k&wp-submit=Save+Password'],
    [
      '?action=register',
      'user_login=zoe&user_email=zoe%40example.com&redirect_to=&wp-submit=Register',
    ],
    [
      '?action=validate_2fa',
      'provider=Two_Factor_Totp&wp-auth-id=1&wp-auth-nonce=x&authcode=123456',
    ],
  ])('WordPress gets %s', async (search, body) => {
    const at = await start({ account: { form: 'log' }, success: 'wordpress' })
    await send(at, body, { path: `/login${search}` })
    expect(at.last().init.body).toBe(body)
  })

  it('passes where the account is optional: the second step of django-two-factor-auth', async () => {
    const at = await start({
      account: { form: 'auth-username', optional: true },
      success: 'django',
    })
    const before = at.seen.length
    await send(at, 'login_view-current_step=token&token-otp_token=123456')
    expect(at.seen.length).toBe(before + 1)
  })

  it('passes as JSON where nothing in it could name an account', async () => {
    const at = await start({ account: { json: 'email', optional: true }, success: 'json' })
    const type = 'application/json'
    at.answer = () => new Response('{}')
    expect((await send(at, '{"code":"123456"}', { type })).status).toBe(200)
    expect((await send(at, '{"code":"1","user":{"email":"zoe"}}', { type })).status).toBe(400)
    expect((await send(at, '{"code":"1","Email":"zoe"}', { type })).status).toBe(400)
    expect((await send(at, '{"code":', { type })).status).toBe(400)
  })

  it('counts for its address', async () => {
    const at = await loginBench(
      {
        ...named('django'),
        throttle: { account: { form: 'email', optional: true }, success: 'django' },
      },
      memoryThrottle(),
      { throttle: { perAddress: 10 } },
    )
    const statuses: number[] = []
    for (let i = 0; i < 12; i++) statuses.push((await send(at, 'code=1')).status)
    expect(statuses.filter((status) => status === 429)).toHaveLength(2)
    expect(at.seen).toHaveLength(10)
  })

  it.each([
    'log%5B%5D=zoe&pwd=x',
    'LOG=zoe&pwd=x',
    'user.log=zoe&pwd=x',
    'a=1;log=zoe',
    'log%00=zoe&pwd=x',
    'log=&pwd=x',
    'log=zoe&log=zoe',
  ])('is no request that some server could read an account from: %s is 400', async (body) => {
    const at = await start({ account: { form: 'log' }, success: 'wordpress' })
    expect((await send(at, body)).status).toBe(400)
    expect(at.seen).toHaveLength(0)
  })

  it('does not bring a cookie that PHP could take for the account', async () => {
    const at = await start({ account: { form: 'log' }, success: 'wordpress' })
    await send(at, 'pwd=x', { cookie: 'a=1; log=zoe; b=2' })
    expect(at.last().headers.get('cookie')).toBe('a=1; b=2')
  })

  it('is 400 by default', async () => {
    for (const throttle of [
      { account: { form: 'email' }, success: 'django' },
      { account: { form: 'log', optional: false }, success: 'wordpress' },
    ] as const) {
      const at = await start(throttle)
      expect((await send(at, 'code=1')).status).toBe(400)
    }
  })

  it('is an option of forms and JSON', async () => {
    const wrong = {
      account: { graphql: 'login', argument: 'email', optional: true },
      success: 'keystone',
    } as never
    await expect(start(wrong)).rejects.toThrow(ConfigError)
    await expect(
      start({ account: { form: 'a', optional: 1 as never }, success: 'django' }),
    ).rejects.toThrow('optional must be true or false')
  })
})
