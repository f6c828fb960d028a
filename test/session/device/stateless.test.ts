/**
 * Device-bound sessions in their cookie, with `revocation`: the promises that hold, and the two
 * that do not.
 */
import { describe, expect, it } from 'vitest'
import { deviceBound, revocable, statelessSessions } from '../../../src/session/index.ts'
import { memoryRevocations } from '../../../src/store/index.ts'
import { type Data, minutes, noon, secret } from '../support.ts'
import { type BoundSite, bound, Device, readChallenge, readOffer, siteWith } from './support.ts'

const [device, thiefs] = [new Device(), new Device()]

function createSite(): BoundSite {
  const clock = { now: noon }
  return siteWith(clock, (onEvent) =>
    statelessSessions<Data>({
      secret,
      user: (data) => data.userId,
      clock: () => clock.now,
      onEvent,
      device: deviceBound(),
      revocation: revocable({ store: memoryRevocations({ clock: () => clock.now }) }),
    }),
  )
}

describe('a stateless session with revocation', () => {
  it('is bound, refused without its bound cookie, and refreshed', async () => {
    const { browser, heard, clock } = createSite()
    const visitor = browser(device)
    await visitor.bind()
    expect(await visitor.json('/who')).toMatchObject({ info: { bound: true } })
    visitor.cookies.delete(bound)
    expect((await visitor.fetch('/private')).status).toBe(401)
    clock.now += 10 * minutes
    expect((await visitor.prove()).status).toBe(200)
    expect((await visitor.fetch('/private')).status).toBe(200)
    expect(heard()).toEqual([
      'session-key-offered: ES256',
      'session-bound: ES256',
      'session-rejected: not-bound',
    ])
  })

  it('ends every copy of the cookie from before it was bound', async () => {
    const { app, browser } = createSite()
    const visitor = browser(device)
    const challenge = await visitor.login()
    const early = visitor.copy(app, thiefs)
    await visitor.register(await device.offer(challenge))
    const pending = visitor.copy(app, thiefs)
    expect((await early.fetch('/private')).status).toBe(200)
    await visitor.prove()
    expect((await visitor.fetch('/private')).status).toBe(200)
    expect((await early.fetch('/private')).status).toBe(401)
    expect((await pending.fetch('/private')).status).toBe(401)
    expect((await early.register(await thiefs.offer(challenge))).status).toBe(401)
  })

  it('registers again where the answer of a parallel request brought back the cookie of before', async () => {
    const { browser } = createSite()
    const visitor = browser(device)
    const challenge = await visitor.login()
    const before = visitor.cookies.get('__Host-session') ?? ''
    await visitor.register(await device.offer(challenge))
    visitor.cookies.set('__Host-session', before)
    const answer = await visitor.refresh()
    expect(await answer.clone().json()).toMatchObject({ continue: false })
    await visitor.register(await device.offer(readOffer(answer)))
    expect((await visitor.prove()).status).toBe(200)
    expect(await visitor.json('/who')).toMatchObject({ info: { bound: true } })
  })

  it('does not when the login is older than five minutes, nor for a session with a key', async () => {
    const { browser, clock } = createSite()
    const visitor = browser(device)
    await visitor.login()
    clock.now += 5 * minutes + 1000
    const late = await visitor.refresh(undefined, 'x')
    expect([late.status, late.headers.has('secure-session-registration')]).toEqual([200, false])
    await visitor.bind()
    const other = await visitor.refresh(undefined, 'x')
    expect(other.headers.has('secure-session-registration')).toBe(false)
  })

  it('writes no cookie of the session with a refresh: it could undo what a parallel request wrote', async () => {
    const { browser } = createSite()
    const visitor = browser(device)
    await visitor.bind()
    const refreshed = await visitor.prove()
    expect(refreshed.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Host-session-bound=/),
    ])
  })

  it('proves itself for one request also when its cookie is due to be written again', async () => {
    const { browser, clock } = createSite()
    const visitor = browser(device)
    await visitor.bind()
    clock.now += 9 * minutes
    const asked = await visitor.fetch('/proof', { method: 'POST' })
    expect([asked.status, visitor.cookies.has(bound)]).toEqual([307, false])
    await visitor.prove()
    expect((await visitor.fetch('/proof', { method: 'POST' })).status).toBe(200)
  })

  it('signs out without its bound cookie, for every copy', async () => {
    const { app, browser } = createSite()
    const visitor = browser(device)
    await visitor.bind()
    const copy = visitor.copy(app, device)
    visitor.cookies.delete(bound)
    await visitor.fetch('/logout', { method: 'POST' })
    expect((await copy.fetch('/private')).status).toBe(401)
  })

  it('binds an RSA key, within a cookie that browsers keep', async () => {
    const { browser } = createSite()
    const visitor = browser(new Device('RS256'))
    await visitor.bind()
    expect((await visitor.fetch('/private')).status).toBe(200)
  })

  // Named in docs/device-bound-sessions.md: no store remembers which proofs counted.
  it('does not protect from a proof that is replayed within a minute', async () => {
    const { app, browser, clock } = createSite()
    const visitor = browser(device)
    await visitor.bind()
    const thief = visitor.copy(app, thiefs, ['__Host-session'])
    const token = await device.prove(readChallenge(await visitor.refresh()))
    await visitor.refresh(token)
    expect((await thief.refresh(token)).status).toBe(200)
    clock.now += minutes + 2000
    expect((await thief.refresh(token)).status).toBe(403)
  })
})
