/**
 * A refresh without a proof, which browsers send first. It is answered by the cookie alone: no call
 * of the store, whatever the request says. What the store knows is learnt with the proof.
 */
import { beforeEach, describe, expect, it } from 'vitest'
import { deviceBound, revocable, statelessSessions } from '../../../src/session/index.ts'
import {
  type AtomicStore,
  memoryRevocations,
  memoryStore,
  type RevocationStore,
} from '../../../src/store/index.ts'
import { type Data, noon, secret } from '../support.ts'
import { type BoundSite, Device, readChallenge, readOffer, siteOver, siteWith } from './support.ts'

const [device, thiefs] = [new Device(), new Device()]
let calls: string[] = []
beforeEach(() => {
  calls = []
})

/** Notes the name of each verb that is called. */
function noteCalls<Store extends object>(store: Store): Store {
  const verbs = Object.entries(store).map(([name, verb]) => [
    name,
    typeof verb === 'function'
      ? (...args: unknown[]) => {
          calls.push(name)
          return verb(...args)
        }
      : verb,
  ])
  return Object.fromEntries(verbs)
}

function createSite(options: object = {}): BoundSite {
  return siteOver({}, { clock: Date.now, store: noteCalls<AtomicStore>(memoryStore()), ...options })
}

async function describeAnswer(response: Response): Promise<string> {
  const { status, headers } = response
  if (headers.has('secure-session-challenge')) return `${status}, asks`
  if (status !== 200) return `${status}`
  const body = (await response.json()) as { continue?: boolean }
  return body.continue === false ? 'forget' : 'proved'
}

describe('a refresh without a proof asks the store for nothing', () => {
  it('of a bound session, and is asked for a proof', async () => {
    const visitor = createSite().browser(device)
    await visitor.bind()
    calls = []
    expect(await describeAnswer(await visitor.refresh())).toBe('403, asks')
    expect(calls).toEqual([])
    expect(await describeAnswer(await visitor.prove())).toBe('proved')
    expect(calls).toEqual(['read', 'replace'])
  })

  it('of a session whose key was only offered, and is asked for a proof', async () => {
    const visitor = createSite().browser(device)
    await visitor.register(await device.offer(await visitor.login()))
    calls = []
    expect(await describeAnswer(await visitor.refresh())).toBe('403, asks')
    expect(calls).toEqual([])
    expect(await describeAnswer(await visitor.prove())).toBe('proved')
  })

  it('of a session that no browser has registered, and is forgotten under any name', async () => {
    const site = createSite()
    const [visitor, other] = [site.browser(device), site.browser(thiefs)]
    await visitor.login()
    await other.bind()
    calls = []
    const names = ['x', '', 'AAAAAAAAAAAAAAAA', other.instructions?.session_identifier ?? '']
    for (const name of names.filter(Boolean))
      expect([name, await describeAnswer(await visitor.refresh(undefined, name))]).toEqual([
        name,
        'forget',
      ])
    expect(calls).toEqual([])
  })

  // curl -X POST -H 'Cookie: __Host-session=<anything>' -H 'Sec-Secure-Session-Id: <anything>' ...
  it('of a cookie that nobody sealed, and is forgotten', async () => {
    const site = createSite()
    const visitor = site.browser(device)
    await visitor.bind()
    const sealed = visitor.cookies.get('__Host-session') ?? ''
    const values = ['x', `${sealed}x`, sealed.slice(0, -4), `${sealed.slice(0, -4)}AAAA`]
    calls = []
    for (const value of values) {
      visitor.cookies.set('__Host-session', value)
      expect([value, await describeAnswer(await visitor.refresh())]).toEqual([value, 'forget'])
    }
    expect(calls).toEqual([])
  })

  it('of a bound session under a name that is not its own, and is forgotten', async () => {
    const site = createSite()
    const [visitor, other] = [site.browser(device), site.browser(thiefs)]
    await visitor.bind()
    await other.bind()
    const sid = visitor.instructions?.session_identifier ?? ''
    const wrong = [
      other.instructions?.session_identifier ?? '',
      sid.toLowerCase(),
      sid.slice(1),
      `${sid}A`,
      `${sid.slice(0, 15)}${sid.endsWith('A') ? 'B' : 'A'}`,
      'x";id="y',
    ]
    calls = []
    for (const name of wrong)
      expect([name, await describeAnswer(await visitor.refresh(undefined, name))]).toEqual([
        name,
        'forget',
      ])
    expect(calls).toEqual([])
    expect(await describeAnswer(await visitor.prove())).toBe('proved')
  })

  it('of a session that ended elsewhere, which is learnt with the proof', async () => {
    const site = createSite()
    const visitor = site.browser(device)
    await visitor.bind()
    const copy = visitor.copy(site.app, device)
    await visitor.fetch('/logout', { method: 'POST' })
    site.heard()
    calls = []
    const asked = await copy.refresh()
    expect(await describeAnswer(asked.clone())).toBe('403, asks')
    expect(calls).toEqual([])
    const token = await device.prove(readChallenge(asked))
    expect(await describeAnswer(await copy.refresh(token))).toBe('forget')
    expect(calls).toEqual(['read'])
    expect(site.heard()).toEqual(['session-rejected: ended'])
  })

  it('and its challenge counts for no other session', async () => {
    const site = createSite()
    const [visitor, other] = [site.browser(device), site.browser(device)]
    await visitor.bind()
    await other.bind()
    const token = await device.prove(readChallenge(await visitor.refresh()))
    site.heard()
    expect(await describeAnswer(await other.refresh(token))).toBe('403, asks')
    expect(site.heard()).toEqual(['session-refresh-refused: foreign'])
    expect(await describeAnswer(await visitor.refresh(token))).toBe('proved')
  })

  it('in an outage, which is learnt with the proof and ends nothing', async () => {
    const memory = memoryStore()
    const state = { down: false }
    const read: AtomicStore['read'] = (...args) =>
      state.down ? Promise.reject(new Error('down')) : memory.read(...args)
    const site = createSite({ store: noteCalls<AtomicStore>({ ...memory, read }) })
    const visitor = site.browser(device)
    await visitor.bind()
    state.down = true
    const token = await device.prove(readChallenge(await visitor.refresh()))
    calls = []
    const answer = await visitor.refresh(token)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
    expect(calls).toEqual(['read'])
    // No browser signs once more before the store has answered.
    expect((await visitor.refresh()).status).toBe(503)
    expect(calls).toEqual(['read', 'read'])
    state.down = false
    expect(await describeAnswer(await visitor.refresh())).toBe('403, asks')
    expect(calls).toEqual(['read', 'read', 'read'])
    // The same proof counts afterwards: Chromium keeps it, and signs nothing again.
    expect(await describeAnswer(await visitor.refresh(token))).toBe('proved')
    calls = []
    expect(await describeAnswer(await visitor.prove())).toBe('proved')
    expect(calls).toEqual(['read', 'replace'])
  })
})

describe('a refresh without a proof and without a name', () => {
  // Chromium names the session each time. A client that does not is served by the record.
  it('reads the store for the name', async () => {
    const visitor = createSite().browser(device)
    await visitor.bind()
    const sid = visitor.instructions?.session_identifier
    for (const headers of [{}, { 'sec-secure-session-id': '"no string' }]) {
      calls = []
      const init = { method: 'POST', headers }
      const answer = await visitor.fetch('/.portcullis/dbsc/refresh', init)
      expect(answer.headers.get('secure-session-challenge')).toContain(`;id="${sid}"`)
      expect(calls).toEqual(['read'])
    }
  })
})

describe('cookies of a domain', () => {
  // A sibling host plants a session of its own beside that of its victim.
  it('of which one does not open here keep the session of the browser', async () => {
    const state = { secret: 'aQ7-eR2_tY9.uI4mN8bV1cX6zL3kJ5hG' }
    const name = '__Secure-session'
    const site = createSite({ domain: 'example.test', secret: () => state.secret })
    const [visitor, sibling] = [site.browser(device), site.browser(thiefs)]
    await visitor.bind()
    state.secret = secret
    await sibling.login()
    const cookie = `${name}=${visitor.cookies.get(name)}; ${name}=${sibling.cookies.get(name)}`
    const answer = await site.app.request('https://app.example.test/.portcullis/dbsc/refresh', {
      method: 'POST',
      headers: {
        cookie,
        'sec-secure-session-id': visitor.instructions?.session_identifier ?? '',
      },
    })
    expect(answer.status).toBe(503)
  })
})

describe('a refresh without a proof of a session in its cookie', () => {
  function createStateless(): BoundSite {
    const clock = { now: noon }
    const store = noteCalls<RevocationStore>(memoryRevocations({ clock: () => clock.now }))
    return siteWith(clock, (onEvent) =>
      statelessSessions<Data>({
        secret,
        user: (data) => data.userId,
        clock: () => clock.now,
        onEvent,
        device: deviceBound(),
        revocation: revocable({ store }),
      }),
    )
  }

  it('asks no revocation, which the proof does', async () => {
    const { app, browser } = createStateless()
    const visitor = browser(device)
    await visitor.bind()
    const copy = visitor.copy(app, device)
    calls = []
    expect(await describeAnswer(await visitor.refresh())).toBe('403, asks')
    expect(calls).toEqual([])
    expect(await describeAnswer(await visitor.prove())).toBe('proved')
    expect(calls).toEqual(['check'])

    await visitor.fetch('/logout', { method: 'POST' })
    expect(await describeAnswer(await copy.prove())).toBe('forget')
  })

  it('offers no key again to a session that was revoked', async () => {
    const { app, browser } = createStateless()
    const visitor = browser(device)
    const early = visitor.copy(app, device)
    const challenge = readOffer(await early.fetch('/login', { method: 'POST' }))
    for (const [name, value] of early.cookies) visitor.cookies.set(name, value)
    await visitor.register(await device.offer(challenge))
    await visitor.prove()
    early.instructions = visitor.instructions
    const answer = await early.refresh()
    expect(answer.headers.has('secure-session-registration')).toBe(false)
    expect(await describeAnswer(answer)).toBe('forget')
  })
})
