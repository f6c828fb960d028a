/**
 * A login, or a change of role that begins another session, while a browser refreshes the one
 * before it: the session rotates. Nothing of the old device may reach the new session, and nothing
 * of the new session may be lost.
 */
import { describe, expect, it } from 'vitest'
import { deviceBound, revocable, statelessSessions } from '../../../src/session/index.ts'
import { type AtomicStore, memoryRevocations, memoryStore } from '../../../src/store/index.ts'
import { type Data, noon, secret } from '../support.ts'
import {
  type BoundBrowser,
  type BoundSite,
  bound,
  Device,
  readChallenge,
  readOffer,
  siteOver,
  siteWith,
} from './support.ts'

const [device, newDevice] = [new Device(), new Device()]
const signedIn = { data: { userId: 'ada' } }
const forgotten = { continue: false }

/** A store that does something else in the middle of one of its verbs. */
interface Interrupted {
  readonly site: BoundSite
  /** Runs once, after the next read or before the next replace. */
  act: (() => Promise<unknown>) | undefined
  verb: 'read' | 'replace'
}

function createInterrupted(): Interrupted {
  const memory = memoryStore()
  async function interrupt(verb: Interrupted['verb']): Promise<void> {
    const { act } = interrupted
    if (act === undefined || interrupted.verb !== verb) return
    interrupted.act = undefined
    await act()
  }
  const store: AtomicStore = {
    ...memory,
    async read(...args) {
      const found = await memory.read(...args)
      await interrupt('read')
      return found
    },
    async replace(...args) {
      await interrupt('replace')
      return memory.replace(...args)
    },
  }
  const site = siteOver({}, { clock: Date.now, store })
  const interrupted: Interrupted = { site, act: undefined, verb: 'read' }
  return interrupted
}

async function createProof(browser: BoundBrowser): Promise<string> {
  return browser.device.prove(readChallenge(await browser.refresh()))
}

/** Registers and proves a key for the session that a login has just begun. */
async function bindAgain(browser: BoundBrowser, offer: string, key: Device): Promise<void> {
  expect((await browser.register(await key.offer(offer))).status).toBe(200)
  expect((await browser.prove(key)).status).toBe(200)
  expect(await browser.json('/who')).toMatchObject({ ...signedIn, info: { bound: true } })
}

describe('a login between a challenge and its proof', () => {
  it('ends the refresh of the old session, and the new one is bound on its own', async () => {
    const { browser, app, heard } = siteOver()
    const visitor = browser(device)
    await visitor.bind()
    const [before, oldSid] = [visitor.copy(app, device), visitor.instructions?.session_identifier]
    const token = await createProof(visitor)
    const offer = await visitor.login()
    heard()

    const late = await visitor.refresh(token, oldSid)
    expect([late.status, late.headers.getSetCookie()]).toEqual([200, []])
    expect(await late.json()).toEqual({ session_identifier: oldSid, ...forgotten })
    expect(await visitor.json('/who')).toMatchObject({ ...signedIn, info: { bound: false } })
    expect(heard()).toEqual([])

    await bindAgain(visitor, offer, newDevice)
    // The old cookies open nothing, and the old key proves nothing of the new session.
    expect((await before.fetch('/private')).status).toBe(401)
    expect(await (await before.prove()).json()).toMatchObject(forgotten)
    expect((await visitor.prove(device)).status).toBe(401)
  })

  it('makes the proof of the old session worthless for the new one, under any name', async () => {
    const { browser } = siteOver()
    const visitor = browser(device)
    await visitor.bind()
    const token = await createProof(visitor)
    const offer = await visitor.login()
    await visitor.register(await newDevice.offer(offer))
    const sid = visitor.instructions?.session_identifier
    for (const name of [sid, undefined]) {
      const answer = await visitor.refresh(token, name)
      expect([name, answer.status, answer.headers.getSetCookie()]).toEqual([name, 403, []])
    }
    expect(await visitor.json('/who')).toMatchObject({ info: { bound: false } })
  })

  it('is not undone by a bound cookie that arrives after it', async () => {
    const { browser } = siteOver()
    const visitor = browser(device)
    await visitor.bind()
    const late = visitor.cookies.get(bound) ?? ''
    const offer = await visitor.login()
    visitor.cookies.set(bound, late)
    expect(await visitor.json('/who')).toMatchObject({ ...signedIn, info: { bound: false } })
    await bindAgain(visitor, offer, newDevice)
    visitor.cookies.set(bound, late)
    expect((await visitor.fetch('/private')).status).toBe(401)
  })
})

describe.each(['read', 'replace'] as const)('in the middle of the %s of a proof', (verb) => {
  it.each([
    ['a bound session', true],
    ['a session whose key was only offered', false],
  ])('a login ends %s: the browser gets no bound cookie', async (_, isBound) => {
    const interrupted = createInterrupted()
    const { browser, app, heard } = interrupted.site
    const visitor = browser(device)
    if (isBound) await visitor.bind()
    else await visitor.register(await device.offer(await visitor.login()))
    const copy = visitor.copy(app, device)
    const token = await createProof(visitor)
    heard()

    interrupted.verb = verb
    interrupted.act = () => copy.login()
    const late = await visitor.refresh(token)
    expect([late.status, late.headers.getSetCookie()]).toEqual([503, []])
    expect(heard()).toEqual([])

    expect((await visitor.fetch('/private')).status).toBe(401)
    expect(await (await visitor.prove()).json()).toMatchObject(forgotten)
    expect(await copy.json('/who')).toMatchObject({ ...signedIn, info: { bound: false } })
  })

  it('a write of the same session is kept, and the proof counts', async () => {
    const interrupted = createInterrupted()
    const { browser, app } = interrupted.site
    const visitor = browser(device)
    await visitor.bind()
    const tab = visitor.copy(app, device)
    const token = await createProof(visitor)

    interrupted.verb = verb
    interrupted.act = () => tab.fetch('/visit', { method: 'POST' })
    expect((await visitor.refresh(token)).status).toBe(200)
    expect(await visitor.json('/who')).toMatchObject({
      data: { userId: 'ada', visits: 1 },
      info: { bound: true },
    })
    expect((await visitor.refresh(token)).status).toBe(403)
  })
})

describe('a login at the same moment as a proof', () => {
  it('leaves one session, which can be bound', async () => {
    for (let round = 0; round < 5; round++) {
      const { browser, app } = siteOver({}, { clock: Date.now })
      const visitor = browser(device)
      await visitor.bind()
      const old = visitor.copy(app, device)
      const token = await createProof(visitor)
      const [answer, login] = await Promise.all([
        old.refresh(token),
        visitor.fetch('/login', { method: 'POST' }),
      ])
      expect([200, 503]).toContain(answer.status)
      expect((await old.fetch('/private')).status).toBe(401)
      expect(await (await old.prove()).json()).toMatchObject(forgotten)
      await bindAgain(visitor, readOffer(login), newDevice)
      expect(await visitor.json('/list')).toHaveLength(1)
    }
  })
})

describe('a login during the refresh of a session in its cookie', () => {
  it('ends that session and every copy of it', async () => {
    const clock = { now: noon }
    const { browser, app } = siteWith(clock, (onEvent) =>
      statelessSessions<Data>({
        secret,
        user: (data) => data.userId,
        clock: () => clock.now,
        onEvent,
        device: deviceBound(),
        revocation: revocable({ store: memoryRevocations({ clock: () => clock.now }) }),
      }),
    )
    const visitor = browser(device)
    await visitor.bind()
    const [before, oldSid] = [visitor.copy(app, device), visitor.instructions?.session_identifier]
    const token = await createProof(visitor)
    const offer = await visitor.login()
    expect(await (await visitor.refresh(token, oldSid)).json()).toMatchObject(forgotten)
    expect(await (await before.refresh(token)).json()).toMatchObject(forgotten)
    expect((await before.fetch('/private')).status).toBe(401)
    await bindAgain(visitor, offer, newDevice)
  })
})
