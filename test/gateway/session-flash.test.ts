/** Messages through the session protocol: left by one answer, handed to the next request that may show them. */
import { describe, expect, it } from 'vitest'
import { storedSessions } from '../../src/session/index.ts'
import { memoryStore } from '../../src/store/index.ts'
import {
  type Answering,
  type Bench,
  bench,
  type Data,
  type Overrides,
  order,
  secret,
  signIn,
} from './support.ts'

const routes: NonNullable<Overrides['routes']> = [
  { path: '/login', methods: ['GET'], to: 'app', access: 'public' },
  { path: '/login', methods: ['POST'], to: 'app', access: 'public', sessions: ['start'] },
  { path: '/logout', methods: ['POST'], to: 'app', access: 'public', sessions: ['end'] },
  { path: '/save', methods: ['POST'], to: 'app', access: 'public', sessions: ['set'] },
  { path: '/page', to: 'app', access: 'public', sessions: ['flash'] },
  { path: '/*', to: 'app', access: 'public' },
]

function obeying(verbs: unknown): Answering {
  return (seen) => new Response('done', { headers: { 'portcullis-session': order(seen, verbs) } })
}

/** The messages that the last request to the upstream carried. */
function delivered(at: Bench): unknown {
  const value = at.last().headers.get('portcullis-flash')
  if (value === null) return undefined
  const binary = atob(value.replaceAll('-', '+').replaceAll('_', '/'))
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(binary, (char) => char.charCodeAt(0))))
}

/** A browser: keeps the session's cookie between requests. */
function browser(at: Bench, first = '') {
  let cookie = first
  return async (
    path: string,
    init: { method?: string; headers?: Record<string, string> } = {},
  ): Promise<Response> => {
    const response = await at.ask(path, {
      ...init,
      headers: { ...init.headers, ...(cookie && { Cookie: cookie }) },
    })
    const set = response.headers.getSetCookie().find((text) => text.startsWith('__Host-session='))
    if (set !== undefined) cookie = set.includes('Max-Age=0') ? '' : (set.split(';')[0] ?? '')
    return response
  }
}

const stored = (): Overrides => ({
  session: storedSessions<Data>({ secret, store: memoryStore(), user: (data) => data.user }),
})

describe.each<[kind: string, options: () => Overrides]>([
  ['stored', stored],
  ['stateless', () => ({})],
])('S10: a message of an upstream, %s sessions', (_, options) => {
  it('goes along once, with the next request of a route that takes messages', async () => {
    const at = await bench({ routes, ...options() })
    const ask = browser(at, await signIn(at, { user: 'alice' }))
    at.answer = obeying({ flash: { notice: 'Saved “it”', count: 2 } })
    await ask('/save', { method: 'POST' })
    at.answer = () => new Response('page', { headers: { 'cache-control': 'public, max-age=60' } })

    await ask('/other')
    expect(delivered(at)).toBe(undefined)
    await ask('/page', { headers: { 'Sec-Purpose': 'prefetch' } })
    expect(delivered(at)).toBe(undefined)
    const shown = await ask('/page')
    expect(delivered(at)).toEqual({ notice: 'Saved “it”', count: 2 })
    expect(shown.headers.get('cache-control')).toMatch(/private|no-store/)
    await ask('/page')
    expect(delivered(at)).toBe(undefined)
  })

  it('reaches a visitor without data, and nobody else', async () => {
    const at = await bench({ routes, ...options() })
    const [ask, other] = [browser(at), browser(at)]
    at.answer = obeying({ flash: { notice: 'Hello' } })
    await ask('/save', { method: 'POST' })
    at.answer = () => new Response('page', { headers: { 'cache-control': 'public, max-age=60' } })
    await other('/page')
    expect(delivered(at)).toBe(undefined)
    const shown = await ask('/page')
    expect(delivered(at)).toEqual({ notice: 'Hello' })
    expect(shown.headers.get('cache-control')).toMatch(/private|no-store/)
  })

  it('comes with a login and with a logout, too', async () => {
    const at = await bench({ routes, ...options() })
    const ask = browser(at)
    at.answer = obeying({ start: { data: { user: 'alice' } }, flash: { notice: 'Welcome' } })
    await ask('/login', { method: 'POST' })
    at.answer = () => new Response('page')
    await ask('/page')
    expect(delivered(at)).toEqual({ notice: 'Welcome' })

    at.answer = obeying({ end: true, flash: { notice: 'Bye' } })
    await ask('/logout', { method: 'POST' })
    at.answer = () => new Response('page')
    await ask('/page')
    expect(delivered(at)).toEqual({ notice: 'Bye' })
    expect(at.last().headers.get('portcullis-assertion')).toBe(null)
  })

  it('waits where the request reached nobody', async () => {
    const at = await bench({ routes, ...options() })
    const ask = browser(at, await signIn(at, { user: 'alice' }))
    at.answer = obeying({ flash: { notice: 'Saved' } })
    await ask('/save', { method: 'POST' })
    at.answer = () => {
      throw new TypeError('connection refused')
    }
    expect((await ask('/page', { method: 'POST' })).status).toBeGreaterThanOrEqual(500)
    at.answer = () => new Response('page')
    await ask('/page')
    expect(delivered(at)).toEqual({ notice: 'Saved' })
  })

  it('does not go along with what a client says itself', async () => {
    const at = await bench({ routes, ...options() })
    at.answer = () => new Response('page')
    await browser(at)('/page', { headers: { 'Portcullis-Flash': 'eyJub3RpY2UiOiJmb3JnZWQifQ' } })
    expect(delivered(at)).toBe(undefined)
  })

  it('of many, those that fit in a header go first and the rest later', async () => {
    const at = await bench({ routes, ...options() })
    const ask = browser(at, await signIn(at, { user: 'alice' }))
    for (const name of ['one', 'two', 'three', 'four']) {
      at.answer = obeying({ flash: { [name]: name.padEnd(options === stored ? 1200 : 300, '.') } })
      await ask('/save', { method: 'POST' })
    }
    at.answer = () => new Response('page')
    const seen: string[] = []
    for (let round = 0; round < 3; round++) {
      await ask('/page')
      expect(at.last().headers.get('portcullis-flash')?.length ?? 0).toBeLessThan(6000)
      seen.push(...Object.keys((delivered(at) ?? {}) as object))
    }
    expect(seen.sort()).toEqual(['four', 'one', 'three', 'two'])
  })
})

describe('S12: a gateway that lets larger Cookie headers through', () => {
  it('finds the session behind them', async () => {
    const at = await bench({ routes, limits: { cookieBytes: 65_536, headerBytes: 131_072 } })
    const cookie = await signIn(at, { user: 'alice' })
    const others = Array.from({ length: 10 }, (_, n) => `c${n}=${'x'.repeat(3000)}`).join('; ')
    await at.ask('/x', { headers: { Cookie: `${others}; ${cookie}` } })
    expect(at.last().headers.get('portcullis-assertion')).not.toBe(null)
  })
})
