import { env, exports } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { sessionSecret } from './upstream.ts'

const ask = (path: string, init?: RequestInit): Promise<Response> =>
  exports.default.fetch(`http://localhost:8787${path}`, { redirect: 'manual', ...init })

it('answers its own health question', async () => {
  const response = await ask('/.portcullis/health')
  expect([response.status, await response.json()]).toEqual([200, { ok: true }])
})

it('reads wrangler.toml', () => {
  expect(env.PUBLIC_ORIGIN).toBe('http://localhost:8787')
  expect(env.UPSTREAM_URL).toBe('http://127.0.0.1:8788')
})

it('takes secrets from the test, not from .dev.vars', () => {
  expect(env.SESSION_SECRET).toBe(sessionSecret)
})

it('publishes the keys of its assertions', async () => {
  const { keys } = (await (await ask('/.portcullis/jwks.json')).json()) as { keys: object[] }
  expect(keys.map((key) => Object.keys(key).sort())).toEqual([
    ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
  ])
})

describe('the configured gateway', () => {
  it('counts the visits of a stranger', async () => {
    const first = await ask('/')
    const [cookie = ''] = first.headers.getSetCookie()
    expect(cookie).toMatch(/^__Host-session=[\w.-]+; .*HttpOnly/)
    expect(first.headers.get('x-content-type-options')).toBe('nosniff')
    const told = (await (await ask('/', { headers: { cookie: pair(cookie) } })).json()) as Told
    expect(told.url).toBe('http://127.0.0.1:8788/')
    expect(claims(told).claims).toEqual({ visits: 1 })
    expect(told.headers.cookie).toBe(undefined)
  })

  it('logs in, lets in by role, and logs out', async () => {
    expect((await ask('/admin', { headers: { accept: 'application/json' } })).status).toBe(401)
    const sent = await ask('/account?tab=1', { headers: { accept: 'text/html' } })
    expect([sent.status, sent.headers.get('location')]).toEqual([
      303,
      '/login?return_to=%2Faccount%3Ftab%3D1',
    ])
    const login = await ask('/login', { method: 'POST', body: 'user=alice' })
    const cookie = pair(login.headers.getSetCookie()[0] ?? '')
    const admin = await ask('/admin/x', { headers: { cookie } })
    expect(admin.status).toBe(200)
    expect(claims((await admin.json()) as Told)).toMatchObject({
      iss: 'http://localhost:8787',
      aud: 'app',
      sub: 'alice',
      claims: { name: 'Alice', roles: ['admin'] },
    })
    const unsaid = await ask('/logout', { method: 'POST', headers: { cookie } })
    expect([unsaid.status, unsaid.headers.getSetCookie()]).toEqual([403, []])
    const logout = await ask('/logout', {
      method: 'POST',
      headers: { cookie, origin: 'http://localhost:8787' },
    })
    expect(logout.headers.getSetCookie()).toEqual([expect.stringContaining('Max-Age=0')])
  })

  it('takes no login from a GET', async () => {
    expect((await ask('/login')).headers.getSetCookie()).toEqual([])
  })
})

interface Told {
  url: string
  headers: Record<string, string>
}

function pair(cookie: string): string {
  return cookie.split(';', 1)[0] ?? ''
}

function claims({ headers }: Told): Record<string, unknown> {
  const payload = headers['portcullis-assertion']?.split('.')[1] ?? ''
  return JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')))
}
