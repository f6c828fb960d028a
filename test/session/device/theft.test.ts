/**
 * The thief has copied cookies with malware, or read a header on the wire, and sends them from
 * another machine. Each row says what the thief has, what the thief does, and what comes of it.
 */
import { describe, expect, it } from 'vitest'
import { minutes } from '../support.ts'
import {
  type BoundBrowser,
  type BoundSite,
  bound,
  Device,
  readChallenge,
  siteOver,
} from './support.ts'

const [device, thiefs] = [new Device(), new Device()]

/** A victim with a bound session, and a thief with some of the cookies. */
interface Theft {
  readonly site: BoundSite
  readonly victim: BoundBrowser
  readonly thief: BoundBrowser
}

async function steal(names?: string[]): Promise<Theft> {
  const site = siteOver()
  const victim = site.browser(device)
  await victim.bind()
  site.heard()
  return { site, victim, thief: victim.copy(site.app, thiefs, names) }
}

const sessionOnly = ['__Host-session']

describe('a thief', () => {
  // curl -H 'Cookie: __Host-session=<copied>' https://app.example.test/private
  it('with the session cookie alone is refused at once', async () => {
    const { site, thief } = await steal(sessionOnly)
    expect((await thief.fetch('/private')).status).toBe(401)
    expect(await thief.json('/who')).toEqual({ data: null, info: null })
    expect(site.heard()).toEqual(['session-rejected: not-bound', 'session-rejected: not-bound'])
  })

  it('with both cookies is refused when the bound one ends; the victim goes on', async () => {
    const { site, victim, thief } = await steal()
    expect((await thief.fetch('/private')).status).toBe(200)
    site.clock.now += 11 * minutes + 1
    victim.cookies.delete(bound)
    await victim.prove()
    expect((await thief.fetch('/private')).status).toBe(401)
    expect((await victim.fetch('/private')).status).toBe(200)
  })

  it('cannot refresh with a key of his own, with his key in the header neither', async () => {
    const { site, thief } = await steal(sessionOnly)
    const challenge = readChallenge(await thief.refresh())
    const tokens = [await thiefs.prove(challenge), await thiefs.offer(challenge)]
    for (const token of tokens) {
      const response = await thief.refresh(token)
      expect([response.status, response.headers.getSetCookie()]).toEqual([401, []])
    }
    expect(site.heard()).toEqual([
      'session-refresh-refused: signature',
      'session-refresh-refused: signature',
    ])
  })

  it('cannot register a key of his own for a bound session', async () => {
    const { site, thief } = await steal()
    const challenge = readChallenge(await thief.refresh())
    expect((await thief.register(await thiefs.offer(challenge))).status).toBe(409)
    expect(site.heard()).toEqual(['session-bind-refused: bound-already'])
  })

  it('cannot use the registration challenge that he read a second time', async () => {
    const site = siteOver()
    const victim = site.browser(device)
    const challenge = await victim.login()
    await victim.register(await device.offer(challenge))
    const thief = victim.copy(site.app, thiefs)
    expect((await thief.register(await thiefs.offer(challenge))).status).toBe(409)
    await victim.prove()
    expect((await thief.register(await thiefs.offer(challenge))).status).toBe(409)
  })

  it('who registers at the same moment wins or loses, never both', async () => {
    const site = siteOver()
    const victim = site.browser(device)
    const challenge = await victim.login()
    const thief = victim.copy(site.app, thiefs)
    const answers = await Promise.all([
      victim.register(await device.offer(challenge)),
      thief.register(await thiefs.offer(challenge)),
    ])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
  })

  it('cannot register with a challenge of a session of his own', async () => {
    const site = siteOver()
    const [victim, thief] = [site.browser(device), site.browser(thiefs)]
    const challenge = await thief.login()
    await victim.login()
    thief.cookies.set('__Host-session', victim.cookies.get('__Host-session') ?? '')
    expect((await thief.register(await thiefs.offer(challenge))).status).toBe(401)
    expect(site.heard()).toEqual(['session-bind-refused: foreign'])
  })

  it('cannot register when the login is older than five minutes', async () => {
    const site = siteOver()
    const victim = site.browser(device)
    const challenge = await victim.login()
    site.clock.now += 5 * minutes + 1
    expect((await victim.register(await device.offer(challenge))).status).toBe(401)
    expect(site.heard()).toEqual(['session-bind-refused: stale'])
  })

  it('cannot replay a proof that he read on the wire', async () => {
    const { site, victim, thief } = await steal(sessionOnly)
    const token = await device.prove(readChallenge(await victim.refresh()))
    expect((await victim.refresh(token)).status).toBe(200)
    const replayed = await thief.refresh(token)
    expect([replayed.status, replayed.headers.getSetCookie()]).toEqual([403, []])
    expect(site.heard()).toEqual(['session-refresh-refused: spent'])
  })

  it('and the victim with one proof at the same moment: it counts once', async () => {
    const { victim, thief } = await steal(sessionOnly)
    const token = await device.prove(readChallenge(await victim.refresh()))
    const answers = await Promise.all([victim.refresh(token), thief.refresh(token)])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 403])
  })

  it('cannot keep a proof for later', async () => {
    const { site, victim, thief } = await steal(sessionOnly)
    const token = await device.prove(readChallenge(await victim.refresh()))
    site.clock.now += minutes + 2000
    expect((await thief.refresh(token)).status).toBe(403)
    expect(site.heard()).toEqual(['session-refresh-refused: stale'])
  })

  it('cannot use the registration as a proof', async () => {
    const site = siteOver()
    const victim = site.browser(device)
    const challenge = await victim.login()
    const token = await device.offer(challenge)
    await victim.register(token)
    expect((await victim.refresh(token)).status).toBe(403)
    expect(site.heard()).toEqual(['session-key-offered: ES256', 'session-refresh-refused: foreign'])
  })

  it('cannot spoil the challenge of the victim by asking for others', async () => {
    const { victim, thief } = await steal(sessionOnly)
    const token = await device.prove(readChallenge(await victim.refresh()))
    for (let i = 0; i < 5; i++) await thief.refresh()
    expect((await victim.refresh(token)).status).toBe(200)
  })

  it('cannot use the bound cookie of a session of his own', async () => {
    const { site, thief } = await steal(sessionOnly)
    const own = site.browser(thiefs)
    await own.bind()
    thief.cookies.set(bound, own.cookies.get(bound) ?? '')
    expect((await thief.fetch('/private')).status).toBe(401)
  })

  it.each(['', 'x', '0.AAAAAAAAAAAAAAAAAAAAAA', 'zzzzzzzzzz.AAAAAAAAAAAAAAAAAAAAAA'])(
    'cannot make up a bound cookie: %s',
    async (value) => {
      const { thief } = await steal(sessionOnly)
      thief.cookies.set(bound, value)
      expect((await thief.fetch('/private')).status).toBe(401)
    },
  )

  it('who moves the time in the bound cookie is refused', async () => {
    const { site, thief } = await steal()
    const [, mac] = (thief.cookies.get(bound) ?? '').split('.')
    thief.cookies.set(bound, `${(site.clock.now + 1).toString(36)}.${mac}`)
    expect((await thief.fetch('/private')).status).toBe(401)
  })

  it('gains nothing by saying that his browser could not refresh', async () => {
    const { site, thief } = await steal(sessionOnly)
    const id = thief.instructions?.session_identifier
    const headers = { 'secure-session-skipped': `server_error;session_identifier="${id}"` }
    const response = await thief.fetch('/private', { headers })
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '10'])
    expect(await thief.json('/who', { headers })).toMatchObject({ data: null })
    expect(site.heard()[0]).toBe('session-rejected: not-bound: server_error')
  })

  it('with a stolen pair is refused at the next request that asks for a proof of this minute', async () => {
    const { site, thief } = await steal()
    site.clock.now += minutes + 2000
    const asked = await thief.fetch('/proof', { method: 'POST' })
    expect([asked.status, await asked.text()]).toEqual([307, ''])
    expect((await thief.fetch('/proof', { method: 'POST' })).status).toBe(401)
  })

  it('who ignores that answer is asked again and again, and never let in', async () => {
    const { site, thief } = await steal()
    const pair = new Map(thief.cookies)
    site.clock.now += minutes + 2000
    for (let i = 0; i < 5; i++) {
      for (const [name, value] of pair) thief.cookies.set(name, value)
      expect((await thief.fetch('/proof')).status).toBe(307)
    }
  })

  it('is asked for a proof although the victim has just given one', async () => {
    const { site, victim, thief } = await steal()
    site.clock.now += minutes + 2000
    await victim.prove()
    expect((await victim.fetch('/proof')).status).toBe(200)
    expect((await thief.fetch('/proof')).status).toBe(307)
  })

  // Between login and the first refresh, which is under a second in Chromium.
  it('who copied the cookie before it was bound is refused once it is', async () => {
    const site = siteOver()
    const victim = site.browser(device)
    const challenge = await victim.login()
    const thief = victim.copy(site.app, thiefs)
    expect((await thief.fetch('/private')).status).toBe(200)
    await victim.register(await device.offer(challenge))
    await victim.prove()
    expect((await thief.fetch('/private')).status).toBe(401)
  })
})
