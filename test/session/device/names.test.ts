/**
 * The names of the two cookies: with each prefix that a session can have, and with none. The bound
 * cookie has the prefix and the attributes of the session's, and whatever a browser is told to look
 * for is exactly what is set.
 */
import { describe, expect, it } from 'vitest'
import { deviceBound, storedSessions } from '../../../src/session/index.ts'
import { memoryStore } from '../../../src/store/index.ts'
import { type Data, minutes, secret } from '../support.ts'
import { Device, siteOver } from './support.ts'

const [device, thiefs] = [new Device(), new Device()]

const kinds = [
  {
    kind: 'of one host',
    options: {},
    session: '__Host-session',
    attributes: 'Path=/; Secure; HttpOnly; SameSite=Lax',
  },
  {
    kind: 'of one host, with a name of its own',
    options: { name: 'Sid', sameSite: 'strict' },
    session: '__Host-Sid',
    attributes: 'Path=/; Secure; HttpOnly; SameSite=Strict',
  },
  {
    kind: 'of a domain',
    options: { domain: 'example.test' },
    session: '__Secure-session',
    attributes: 'Path=/; Domain=example.test; Secure; HttpOnly; SameSite=Lax',
  },
  {
    kind: 'without SameSite',
    options: { name: 'app-bound', sameSite: false },
    session: '__Host-app-bound',
    attributes: 'Path=/; Secure; HttpOnly',
  },
] as const

describe.each(kinds)('a bound session $kind', ({ options, session, attributes }) => {
  const bound = `${session}-bound`

  it('tells the browser the very name and attributes that it sets', async () => {
    const { browser, sessions } = siteOver({}, options)
    const visitor = browser(device)
    const registered = await visitor.register(await device.offer(await visitor.login()))
    expect(await registered.json()).toMatchObject({
      credentials: [{ type: 'cookie', name: bound, attributes }],
    })
    const [set = ''] = (await visitor.prove()).headers.getSetCookie()
    expect(set.replace(/=[^;]*/, '=value')).toBe(`${bound}=value; Max-Age=600; ${attributes}`)
    expect(sessions.cookieNames).toEqual([session, bound])
  })

  it('is refused without its bound cookie, under any other name of it as well', async () => {
    const { app, browser, clock } = siteOver({}, options)
    const visitor = browser(device)
    await visitor.bind()
    expect((await visitor.fetch('/private')).status).toBe(200)
    const value = visitor.cookies.get(bound) ?? ''
    const bare = bound.replace(/^__(?:Host|Secure)-/, '')
    const others = ['', '__Host-', '__Secure-', '__Http-', '__Host-Http-'].map((p) => p + bare)
    for (const name of others.filter((other) => other !== bound)) {
      const thief = visitor.copy(app, thiefs, [session])
      thief.cookies.set(name, value)
      expect([name, (await thief.fetch('/private')).status]).toEqual([name, 401])
    }
    clock.now += 11 * minutes + 1
    expect((await visitor.fetch('/private')).status).toBe(401)
    expect((await visitor.prove()).status).toBe(200)
    expect((await visitor.fetch('/private')).status).toBe(200)
    await visitor.fetch('/logout', { method: 'POST' })
    expect([...visitor.cookies.keys()]).toEqual([])
  })
})

// Browsers demand attributes for them that the option cannot promise, so it takes names without a prefix.
describe('a name with its prefix', () => {
  it.each([
    '__Host-sid',
    '__Secure-sid',
    '__Http-sid',
    '__Host-Http-sid',
    '__http-sid',
    'Http-sid',
  ])('%s is refused while building', (name) => {
    const build = (): unknown =>
      storedSessions<Data>({ secret, store: memoryStore(), name, device: deviceBound() })
    expect(build).toThrow(/session\.name must (?:be given without its prefix|not begin with)/)
  })
})

// Named in docs/device-bound-sessions.md: browsers bind nothing over plain http.
describe('over plain http', () => {
  it('a session has no prefix, works unbound, and no request can bind it', async () => {
    const { app, browser, sessions } = siteOver({}, { insecurePlainHttp: true })
    expect(sessions.cookieNames).toEqual(['session', 'session-bound'])
    const visitor = browser(device)
    const login = await app.request('http://intranet.test/login', { method: 'POST' })
    expect(login.headers.has('secure-session-registration')).toBe(false)
    const [pair = ''] = login.headers.getSetCookie()[0]?.split(';') ?? []
    visitor.cookies.set('session', pair.slice('session='.length))

    expect((await visitor.fetch('/private')).status).toBe(200)
    expect(await visitor.json('/who')).toMatchObject({ info: { bound: false } })
    // What must not be used without a device stays closed.
    expect((await visitor.fetch('/bound')).status).toBe(403)
    // Nobody was given a challenge, and none can be made up.
    expect((await visitor.register(await device.offer('x'))).status).toBe(401)
    expect(await (await visitor.refresh(undefined, 'AAAAAAAAAAAAAAAA')).json()).toMatchObject({
      continue: false,
    })
    expect(await visitor.json('/who')).toMatchObject({ info: { bound: false } })
  })

  // In front of an application that sees http only, a proxy speaks TLS: the offer must not depend on it.
  it('behind a proxy that speaks TLS a session is offered, since its cookie is Secure', async () => {
    const { app } = siteOver()
    const login = await app.request('http://app.example.test/login', { method: 'POST' })
    expect(login.headers.has('secure-session-registration')).toBe(true)
    expect(login.headers.getSetCookie()[0]).toContain('; Secure')
  })
})
