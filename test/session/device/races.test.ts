/**
 * What may happen beside a registration or a refresh: a second browser, a second tab, a sign-out, a
 * deploy without the option, a second strategy, an address that only looks like an endpoint.
 */
import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { deviceBound, session, storedSessions } from '../../../src/session/index.ts'
import { memoryStore } from '../../../src/store/index.ts'
import { type Data, minutes, secret } from '../support.ts'
import {
  type App,
  BoundBrowser,
  bound,
  Device,
  encode,
  readChallenge,
  readOffer,
  routes,
  siteOver,
} from './support.ts'

const [device, thiefs] = [new Device(), new Device()]
const signedIn = { data: { userId: 'ada' } }

describe('two browsers of one user', () => {
  it('have each a key and a bound cookie, which are of no use to the other', async () => {
    const { browser, heard } = siteOver()
    const [first, second] = [browser(device), browser(new Device())]
    await first.bind()
    await second.bind()
    heard()

    const own = second.cookies.get(bound) ?? ''
    second.cookies.set(bound, first.cookies.get(bound) ?? '')
    expect((await second.fetch('/private')).status).toBe(401)
    second.cookies.set(bound, own)
    expect((await second.prove(device)).status).toBe(401)
    expect(heard()).toEqual(['session-rejected: not-bound', 'session-refresh-refused: signature'])

    expect(await second.json('/who')).toMatchObject(signedIn)
    expect(await first.json('/who')).toMatchObject(signedIn)
  })
})

describe('two tabs', () => {
  it('that sign in at once bind the session whose cookie the browser kept', async () => {
    const { browser } = siteOver()
    const visitor = browser(device)
    const challenges = [await visitor.login(), await visitor.login()]
    const statuses: number[] = []
    for (const challenge of challenges)
      statuses.push((await visitor.register(await device.offer(challenge))).status)
    expect(statuses).toEqual([401, 200])
    expect((await visitor.prove()).status).toBe(200)
    expect(await visitor.json('/who')).toMatchObject({ ...signedIn, info: { bound: true } })
  })

  it('that register one challenge at once keep one key', async () => {
    const { browser } = siteOver()
    const visitor = browser(device)
    const challenge = await visitor.login()
    const offers = [await device.offer(challenge), await thiefs.offer(challenge)]
    const answers = await Promise.all(offers.map((offer) => visitor.register(offer)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
    const winner = answers[0]?.status === 200 ? device : thiefs
    expect((await visitor.prove(winner)).status).toBe(200)
    expect((await visitor.prove(winner === device ? thiefs : device)).status).toBe(401)
  })
})

describe('a sign-out', () => {
  it('between the challenge and its proof is not undone by the proof', async () => {
    const { browser, app } = siteOver()
    const visitor = browser(device)
    await visitor.bind()
    const before = visitor.copy(app, device)
    const token = await device.prove(readChallenge(await visitor.refresh()))
    await visitor.fetch('/logout', { method: 'POST' })
    const answer = await before.refresh(token)
    expect(await answer.json()).toMatchObject({ continue: false })
    expect(await before.json('/who')).toEqual({ data: null, info: null })
  })

  it('at the moment of a proof is not undone either', async () => {
    for (let round = 0; round < 5; round++) {
      const { browser, app } = siteOver()
      const visitor = browser(device)
      await visitor.bind()
      const before = visitor.copy(app, device)
      const token = await device.prove(readChallenge(await visitor.refresh()))
      const [answer] = await Promise.all([
        before.refresh(token),
        visitor.fetch('/logout', { method: 'POST' }),
      ])
      expect([200, 503]).toContain(answer.status)
      expect(await before.json('/who')).toEqual({ data: null, info: null })
      expect(await (await before.prove()).json()).toMatchObject({ continue: false })
    }
  })
})

describe('a copy of the cookie from before the first proof', () => {
  it('writes nothing into the session once it is bound', async () => {
    const { browser, app } = siteOver()
    const visitor = browser(device)
    const challenge = await visitor.login()
    const thief = visitor.copy(app, thiefs)
    expect(await thief.json('/who')).toMatchObject(signedIn)
    await visitor.register(await device.offer(challenge))
    await visitor.prove()
    await thief.fetch('/visit', { method: 'POST' })
    expect((await thief.fetch('/private')).status).toBe(401)
    expect((await visitor.json('/who')) as object).toHaveProperty('data', { userId: 'ada' })
  })
})

describe('a key of another kind', () => {
  it('than its signature says binds nothing', async () => {
    const { browser, heard } = siteOver()
    const visitor = browser(device)
    const challenge = await visitor.login()
    const rsa = new Device('RS256')
    const swapped = [
      await device.sign(
        { alg: 'RS256', typ: 'dbsc+jwt', jwk: await device.jwk() },
        { jti: challenge },
      ),
      await rsa.sign({ alg: 'ES256', typ: 'dbsc+jwt', jwk: await rsa.jwk() }, { jti: challenge }),
      await rsa.sign(
        { alg: 'RS256', typ: 'dbsc+jwt', jwk: { ...(await rsa.jwk()), kty: 'EC', crv: 'P-256' } },
        { jti: challenge },
      ),
    ]
    for (const token of swapped) expect((await visitor.register(token)).status).toBe(401)
    expect(new Set(heard())).toEqual(new Set(['session-bind-refused: key']))
  })

  it('is no proof of a session whose key is known', async () => {
    const { browser, heard } = siteOver()
    const visitor = browser(device)
    await visitor.bind()
    heard()
    expect((await visitor.prove(new Device('RS256'))).status).toBe(401)
    expect(heard()).toEqual(['session-refresh-refused: algorithm'])
  })
})

describe('an endpoint', () => {
  it('does not read a body, whatever it holds', async () => {
    const { browser } = siteOver()
    const visitor = browser(device)
    await visitor.bind()
    const path = '/.portcullis/dbsc/refresh'
    const bodies = ['{"continue":false}', 'x'.repeat(2_000_000), encode({ jti: 'x' })]
    for (const body of bodies) {
      const headers = { 'content-type': 'application/json' }
      const answer = await visitor.fetch(path, { method: 'POST', headers, body })
      expect(answer.status).toBe(403)
    }
    expect((await visitor.prove()).status).toBe(200)
  })

  it('answers HEAD without a body, and changes nothing', async () => {
    const { app, browser } = siteOver()
    const visitor = browser(device)
    await visitor.bind()
    for (const name of ['register', 'refresh']) {
      const url = `https://app.example.test/.portcullis/dbsc/${name}`
      const response = await app.request(url, { method: 'HEAD' })
      expect([response.status, await response.text()]).toEqual([405, ''])
    }
    expect((await visitor.fetch('/private')).status).toBe(200)
  })

  it('is found only at its own address', async () => {
    const { app } = siteOver()
    const names = ['/refresh/', '/refresh?a=1', '/%72efresh', '/refresh;a', '/Refresh', '//refresh']
    for (const name of names) {
      const url = `https://app.example.test/.portcullis/dbsc${name}`
      const response = await app.request(url, { method: 'POST' })
      expect([name, response.status]).toEqual([name, 404])
    }
  })
})

describe('the option', () => {
  it('that is off for a while leaves the binding in what it writes', async () => {
    const clock = { now: Date.now() }
    const store = memoryStore({ clock: () => clock.now })
    const deploy = (device: boolean): App =>
      routes(
        storedSessions<Data>({
          secret,
          store,
          user: (data) => data.userId,
          clock: () => clock.now,
          ...(device && { device: deviceBound() }),
        }),
        () => clock.now,
      )
    const [on, off] = [deploy(true), deploy(false)]
    const visitor = new BoundBrowser(on, device)
    await visitor.bind()
    const thief = visitor.copy(on, thiefs, ['__Host-session'])
    const inOld = visitor.copy(off, device, ['__Host-session'])

    // Off, nothing is enforced, and browsers are told to forget: by the application's 404.
    expect((await inOld.fetch('/private')).status).toBe(200)
    expect((await inOld.refresh()).status).toBe(404)
    clock.now += minutes
    await inOld.fetch('/visit', { method: 'POST' })

    // On again, the session is bound as before: a copy is refused.
    expect((await thief.fetch('/private')).status).toBe(401)
    expect(await visitor.json('/who')).toMatchObject({
      data: { userId: 'ada', visits: 1 },
      info: { bound: true },
    })
    // Whoever forgot the key signs in again, which binds anew.
    visitor.cookies.delete(bound)
    await visitor.bind()
    expect(await visitor.json('/who')).toMatchObject({ info: { bound: true } })
  })

  it('with a shorter lifetime lets the browser refresh after one refusal', async () => {
    const clock = { now: Date.now() }
    const store = memoryStore({ clock: () => clock.now })
    const deploy = (lifetime: number): App =>
      routes(
        storedSessions<Data>({
          secret,
          store,
          clock: () => clock.now,
          device: deviceBound({ lifetime }),
        }),
        () => clock.now,
      )
    const visitor = new BoundBrowser(deploy(3600), device)
    await visitor.bind()
    clock.now += 20 * minutes
    const later = visitor.copy(deploy(600), device)
    expect((await later.fetch('/private')).status).toBe(401)
    // The cookie that browsers looked at is gone, so that the next request waits for a refresh.
    expect(later.cookies.has(bound)).toBe(false)
    expect((await later.prove()).status).toBe(200)
    expect((await later.fetch('/private')).status).toBe(200)
  })
})

// Named in docs/device-bound-sessions.md: the addresses are one for each host.
describe('two kinds of sessions on one host', () => {
  it('bind those that are mounted first; the others work unbound', async () => {
    const kind = (name: string) =>
      storedSessions<Data>({ secret, name, store: memoryStore(), device: deviceBound() })
    const [users, staff] = [kind('user'), kind('staff')]
    const app = new Hono()
      .use(session(users))
      .use('/staff/*', session(staff))
      .post('/login', async (c) => {
        await c.var.session.start({ userId: 'ada' })
        return c.text('in')
      })
      .post('/staff/login', async (c) => {
        await c.var.session.start({ userId: 'root' })
        return c.text('in')
      })
      .get('/who', async (c) => c.json((await c.var.session.info()) ?? null))
      .get('/staff/who', async (c) => c.json((await c.var.session.info()) ?? null))
    const visitor = new BoundBrowser(app, device)
    const staffOffer = readOffer(await visitor.fetch('/staff/login', { method: 'POST' }))
    expect((await visitor.register(await device.offer(staffOffer))).status).toBe(401)
    await visitor.bind()
    expect(await visitor.json('/who')).toMatchObject({ bound: true })
    expect(await visitor.json('/staff/who')).toMatchObject({ bound: false })
  })
})
