/** A gateway whose sessions are in a real Redis: what each kind of request costs there, and what an outage does. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { redis } from '../../../src/redis/index.ts'
import { storedSessions } from '../../../src/session/index.ts'
import { upstashStore } from '../../../src/store/upstash.ts'
import type { Fault } from '../../../tools/dev/redis-http.ts'
import {
  type Answering,
  type Bench,
  bench,
  claimsOf,
  type Data,
  order,
  secret,
  signIn,
} from '../../gateway/support.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'

describe.skipIf(noRedis)('a gateway with sessions in Redis', () => {
  let server: TestRedis
  let at: Bench

  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  beforeEach(async () => {
    await server.flush({ keepScripts: true })
    at = await gateway()
    // Scripts are sent once per Redis; what a request costs is counted after that.
    const cookie = await signIn(at, { user: 'warm' })
    await ask('/x', cookie, { set: { visits: 1 } })
    await ask('/devices', cookie)
    await ask('/login', cookie, { start: { data: { user: 'warm' } } })
    await ask('/x', await signIn(at, { user: 'warm' }), { end: true })
    await ask('/devices', await signIn(at, { user: 'warm' }), { endAll: true })
    await server.flush({ keepScripts: true })
  })

  function gateway(timeoutMs = 5000): Promise<Bench> {
    const client = redis({ url: server.url, token: server.token, timeoutMs })
    return bench({
      session: storedSessions<Data>({
        secret,
        store: upstashStore({ redis: client }),
        user: (data) => data.user,
      }),
      routes: [
        { path: '/login', methods: ['GET'], to: 'app', access: 'public' },
        { path: '/login', methods: ['POST'], to: 'app', access: 'public', sessions: ['start'] },
        { path: '/devices', to: 'app', sessions: ['list', 'end', 'endAll', 'endAny'] },
        { path: '/private', to: 'app' },
        { path: '/*', to: 'app', access: 'public', sessions: ['set', 'end'] },
      ],
    })
  }

  /** A request that the upstream answers with these verbs, if any. */
  function ask(path: string, cookie = '', verbs?: unknown): Promise<Response> {
    at.answer = verbs === undefined ? () => new Response('page') : obeying(verbs)
    const method = verbs === undefined ? 'GET' : 'POST'
    return at.ask(path, { method, headers: { Cookie: cookie, Accept: 'application/json' } })
  }

  describe('asks it', () => {
    it.each<[times: number, what: string, path: string, who: string, verbs?: unknown]>([
      [0, 'for a visitor without a cookie', '/', 'nobody'],
      [0, 'for a forged cookie', '/private', 'a forger'],
      [0, 'for a cookie under another secret', '/private', 'a stranger'],
      [1, 'for somebody signed in', '/private', 'ada'],
      [1, 'for somebody signed in, also where nothing needs it', '/', 'ada'],
      [
        2,
        'where the answer changes the session',
        '/x',
        'ada',
        { set: { visits: 2 }, flash: { notice: 'Saved' } },
      ],
      [
        2,
        'where it changes one version',
        '/x',
        'ada',
        { set: { visits: 2 }, ifVersion: 'what it was told' },
      ],
      [1, 'where it makes a visitor’s session', '/x', 'nobody', { incr: { visits: 1 } }],
      [1, 'at a login', '/login', 'nobody', { start: { data: { user: 'ada' } } }],
      [
        2,
        'at a login over a session',
        '/login',
        'ada',
        { start: { data: { user: 'ada' }, keep: ['visits'] } },
      ],
      [2, 'at a logout', '/x', 'ada', { end: true }],
      [3, 'for the list of devices', '/devices', 'ada'],
    ])('%i times %s', async (times, _what, path, who, verbs) => {
      const cookie = await cookieFor(who)
      server.control.reset()
      const response = await ask(path, cookie, verbs)
      expect(response.status).toBe(path === '/private' && who !== 'ada' ? 401 : 200)
      expect(server.control.requests).toBe(times)
      expect(server.control.verbs.flat()).toEqual(Array.from({ length: times }, () => 'EVALSHA'))
    })
  })

  async function cookieFor(who: string): Promise<string> {
    if (who === 'ada') return signIn(at, { user: 'ada' })
    if (who === 'a forger')
      return '__Host-session=eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAAAAAAAAAAAAAA.AAAA.AAAA'
    if (who === 'nobody') return ''
    const other = await bench({
      session: storedSessions<Data>({ secret: secret.replace('k', 'j'), store: new Map() }),
    })
    return signIn(other, { user: 'mallory' })
  }

  it.each<Fault>([
    { kind: 'drop-before' },
    { kind: 'error-json', status: 500 },
    { kind: 'error-html' },
    { kind: 'error-html', status: 200 },
    { kind: 'unauthorized' },
    { kind: 'refuse', error: 'WRONGTYPE Operation against a key' },
    { kind: 'refuse', error: 'OOM command not allowed' },
  ])('that meets %j answers 503, and the session is there when Redis is', async (fault) => {
    const cookie = await signIn(at, { user: 'ada' })
    server.control.fault(fault, { times: 99 })
    const response = await ask('/private', cookie)
    expect([response.status, response.headers.getSetCookie()]).toEqual([503, []])
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(at.seen).toEqual([])
    server.control.reset()
    expect((await ask('/private', cookie)).status).toBe(200)
  })

  it('that hangs answers 503 within its budget', async () => {
    const cookie = await signIn(at, { user: 'ada' })
    at = await gateway(50)
    server.control.fault({ kind: 'silence' }, { times: 9 })
    expect((await ask('/private', cookie)).status).toBe(503)
  })

  it('serves who has no cookie while Redis is down', async () => {
    server.control.fault({ kind: 'drop-before' }, { times: 99 })
    expect((await ask('/')).status).toBe(200)
  })

  // The origin said "logged in", "saved", "logged out everywhere": the client must not hear it where it is not so.
  it.each<[what: string, path: string, verbs: unknown, script: string]>([
    ['a login', '/login', { start: { data: { user: 'ada' } } }, 'session-rotate'],
    ['a change', '/x', { set: { visits: 2 } }, 'session-replace'],
    ['a logout elsewhere', '/devices', { endAll: { exceptCurrent: true } }, 'session-end-all'],
    ['a logout of a user', '/devices', { endAll: { user: 'bob' } }, 'session-end-all'],
  ])(
    'gives no answer of an upstream out whose %s could not be stored',
    async (_what, path, verbs, script) => {
      const cookie = await signIn(at, { user: 'ada' })
      server.control.fault({ kind: 'error-html' }, { times: 9, match: { script } })
      const response = await ask(path, cookie, verbs)
      expect([response.status, response.headers.getSetCookie()]).toEqual([503, []])
      expect(await response.text()).not.toContain('done')
      expect((await ask('/private', cookie)).status).toBe(200)
    },
  )

  // Whoever logs out of a shared computer must not stay signed in there because Redis is down.
  it.each<[what: string, path: string, verbs: unknown, script: string]>([
    ['a logout', '/x', { end: true }, 'session-end'],
    ['a logout everywhere', '/devices', { endAll: true }, 'session-end-all'],
  ])(
    'takes the cookie away at %s, also where Redis could not be told',
    async (_what, path, verbs, script) => {
      const cookie = await signIn(at, { user: 'ada' })
      server.control.fault({ kind: 'error-html' }, { times: 9, match: { script } })
      const response = await ask(path, cookie, verbs)
      expect(response.status).toBe(503)
      expect(response.headers.getSetCookie()).toEqual([
        expect.stringMatching(/^__Host-session=;.*Max-Age=0/),
      ])
    },
  )

  it('leaves nothing in Redis that tells who is who', async () => {
    const cookie = await signIn(at, { user: 'ada@example.com', cart: ['a very private thing'] })
    await ask('/x', cookie, { flash: { notice: 'Welcome, Ada' } })
    const text = await server.raw.text()
    expect(text.length).toBeGreaterThan(200)
    for (const plain of [
      'ada',
      'example.com',
      'private',
      'Welcome',
      cookie.slice('__Host-session='.length),
    ]) {
      expect(text).not.toContain(plain)
    }
  })
})

function obeying(verbs: unknown): Answering {
  return (seen) => {
    const versioned = typeof verbs === 'object' && verbs !== null && 'ifVersion' in verbs
    const ifVersion = versioned ? claimsOf(seen.headers.get('portcullis-assertion')).ver : undefined
    const header = order(seen, versioned ? { ...verbs, ifVersion } : verbs)
    return new Response('done', { headers: { 'portcullis-session': header } })
  }
}
