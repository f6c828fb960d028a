import { describe, expect, it } from 'vitest'
import {
  openSession,
  revocable,
  type SessionStrategy,
  sessionsBy,
  statelessSessions,
  storedSessions,
} from '../../src/session/index.ts'
import { type AtomicStore, memoryRevocations, memoryStore } from '../../src/store/index.ts'
import { hours, noon, otherSecret, secret } from './support.ts'

interface Data {
  readonly userId: string
  readonly sid?: string
  readonly cart?: number
}

interface Marked extends SessionStrategy<Data> {
  endMarked?(args: {
    mark: string
    once?: { id: string; life: number }
    env?: unknown
  }): Promise<boolean>
}

const clock = { now: noon }
const shared = {
  user: (data: Data) => data.userId,
  mark: (data: Data) => data.sid,
  clock: () => clock.now,
}

function stored(
  secrets: string | string[] = secret,
  store = memoryStore({ clock: shared.clock }),
): Marked {
  return storedSessions<Data>({ ...shared, secret: secrets, store })
}

function revocableSessions(
  secrets: string | string[] = secret,
  store = memoryRevocations({ clock: shared.clock }),
): Marked {
  return statelessSessions<Data>({ ...shared, secret: secrets, revocation: revocable({ store }) })
}

/** Signs in and returns the Cookie header of the browser afterwards. */
async function signIn(
  strategy: Marked,
  data: Data,
  cookie = '',
  authenticatedAt?: number,
): Promise<string> {
  const headers = new Headers()
  const context = { request: new Request('https://a.example/', { headers: { cookie } }), headers }
  await openSession(strategy, context).start(
    data,
    authenticatedAt === undefined ? {} : { authenticatedAt },
  )
  return headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ')
}

const read = (strategy: Marked, cookie: string): Promise<Data | undefined> =>
  strategy.get({ context: { request: new Request('https://a.example/', { headers: { cookie } }) } })

describe.each([
  ['stored sessions', stored],
  ['stateless sessions with a revocation', revocableSessions],
])('endMarked of %s', (_, make) => {
  it('ends every session that depends on the mark, at the next request, and no other one', async () => {
    const strategy = make()
    const phone = await signIn(strategy, { userId: 'ada', sid: 's1' })
    const laptop = await signIn(strategy, { userId: 'ada', sid: 's1' })
    const other = await signIn(strategy, { userId: 'ada', sid: 's2' })
    const none = await signIn(strategy, { userId: 'ada' })

    expect(await strategy.endMarked?.({ mark: 's1' })).toBe(true)
    expect(await read(strategy, phone)).toBeUndefined()
    expect(await read(strategy, laptop)).toBeUndefined()
    expect(await read(strategy, other)).toEqual({ userId: 'ada', sid: 's2' })
    expect(await read(strategy, none)).toEqual({ userId: 'ada' })
  })

  it('ends a login that finishes after its own logout', async () => {
    const strategy = make()
    await strategy.endMarked?.({ mark: 's1' })
    expect(
      await read(strategy, await signIn(strategy, { userId: 'ada', sid: 's1' })),
    ).toBeUndefined()
  })

  it('takes a message once: a replay ends no later login', async () => {
    const strategy = make()
    const once = { id: 'jti-1', life: hours }
    expect(await strategy.endMarked?.({ mark: 's1', once })).toBe(true)
    expect(await strategy.endMarked?.({ mark: 's2', once })).toBe(false)
    const later = await signIn(strategy, { userId: 'ada', sid: 's2' })
    expect(await read(strategy, later)).toEqual({ userId: 'ada', sid: 's2' })
  })

  it('ends sessions from before a rotation of secrets', async () => {
    const store = memoryStore({ clock: shared.clock })
    const revocations = memoryRevocations({ clock: shared.clock })
    const of = (secrets: string[]): Marked =>
      make === stored ? stored(secrets, store) : revocableSessions(secrets, revocations)
    const cookie = await signIn(of([secret]), { userId: 'ada', sid: 's1' })
    const rotated = of([otherSecret, secret])
    expect(await read(rotated, cookie)).toEqual({ userId: 'ada', sid: 's1' })

    await rotated.endMarked?.({ mark: 's1' })
    expect(await read(rotated, cookie)).toBeUndefined()
  })

  it('writes nothing to a session whose mark ended meanwhile', async () => {
    const strategy = make()
    const cookie = await signIn(strategy, { userId: 'ada', sid: 's1' })
    const headers = new Headers()
    const request = new Request('https://a.example/', { headers: { cookie } })
    const session = openSession(strategy, { request, headers })
    expect((await session.get())?.userId).toBe('ada')

    await strategy.endMarked?.({ mark: 's1' })
    if (strategy.kind === 'stored') {
      const write = session.update((data) => ({ ...(data as Data), cart: 1 }))
      await expect(write).rejects.toMatchObject({ code: 'ERR_SESSION_ENDED' })
      expect(headers.getSetCookie()).toEqual([])
    }
    expect(await read(strategy, cookie)).toBeUndefined()
  })
})

describe('what a mark needs', () => {
  it('is the option mark, and a store that has endMarked', async () => {
    const without = storedSessions<Data>({ secret, store: memoryStore() })
    await expect(without.endMarked({ mark: 's1' })).rejects.toThrow('session.mark is needed')

    const plain = storedSessions<Data>({
      secret,
      mark: shared.mark,
      store: new Map<string, string>(),
    })
    await expect(plain.endMarked({ mark: 's1' })).rejects.toThrow(
      'session.store has no endMarked(), so it cannot end sessions by a mark',
    )

    const less: AtomicStore = { ...memoryStore() }
    delete less.endMarked
    const older = storedSessions<Data>({ secret, mark: shared.mark, store: less })
    await expect(older.endMarked({ mark: 's1' })).rejects.toThrow(
      'session.store has no endMarked(), so it cannot end sessions by a mark',
    )
    expect(await read(older, await signIn(older, { userId: 'ada', sid: 's1' }))).toEqual({
      userId: 'ada',
      sid: 's1',
    })
  })

  it('is not there for stateless sessions without a revocation, nor through sessionsBy', async () => {
    const plain = statelessSessions<Data>({ secret, mark: shared.mark })
    expect(plain.endMarked).toBeUndefined()
    const chosen = sessionsBy<Data>('cookie', { cookie: plain })
    await expect(chosen.endMarked({ mark: 's1' })).rejects.toMatchObject({ code: 'ERR_CONFIG' })
    const both = sessionsBy<Data>('store', { cookie: plain, store: stored() })
    expect(await both.endMarked({ mark: 's1' })).toBe(true)
  })
})

describe.each([
  ['stored sessions', stored],
  ['stateless sessions', () => statelessSessions<Data>({ ...shared, secret }) as Marked],
])('authenticatedAt of %s', (_, make) => {
  async function authenticated(at: number): Promise<number | undefined> {
    const strategy = make()
    const cookie = await signIn(strategy, { userId: 'ada' }, '', at)
    const request = new Request('https://a.example/', { headers: { cookie } })
    return (await openSession(strategy, { request }).info())?.authenticatedAt
  }

  it('is what the identity provider said', async () => {
    expect(await authenticated(noon - hours)).toBe(noon - hours)
  })

  it('is never later than now, and unknown where nobody knows', async () => {
    expect(await authenticated(noon + hours)).toBe(noon)
    for (const at of [0, -5, Number.NaN, Number.NEGATIVE_INFINITY]) {
      expect(await authenticated(at)).toBeUndefined()
    }
  })

  it('does not shorten the life of the session', async () => {
    const strategy = make()
    const cookie = await signIn(strategy, { userId: 'ada' }, '', noon - 1000 * hours)
    expect(await read(strategy, cookie)).toEqual({ userId: 'ada' })
  })
})
