import { describe, expect, it } from 'vitest'
import {
  openSession,
  type SessionContext,
  statelessSessions,
  storedSessions,
} from '../../src/session/index.ts'
import { memoryStore } from '../../src/store/index.ts'
import { secret } from './support.ts'

interface Data {
  user?: string
  text?: string
}

const stored = () =>
  storedSessions<Data>({ secret, store: memoryStore(), user: (data) => data.user })

/** The context of another request of the same browser. */
function request(cookie = ''): SessionContext & { headers: Headers } {
  return {
    request: new Request('https://app.example.test/', { headers: { cookie } }),
    headers: new Headers(),
  }
}

async function signedIn(sessions: ReturnType<typeof stored>): Promise<string> {
  const context = request()
  await openSession(sessions, context).start({ user: 'ada', text: 'old' })
  return context.headers.getSetCookie()[0]?.split(';', 1)[0] ?? ''
}

describe('the version of a stored session', () => {
  it('info returns a version that changes with a write and not with a read', async () => {
    const sessions = stored()
    const cookie = await signedIn(sessions)
    const one = openSession(sessions, request(cookie))
    expect((await one.info())?.version).toMatch(/^1-[\w-]{12}$/)
    await one.update((data) => ({ ...data, text: 'new' }))
    const second = (await one.info())?.version
    expect(second).toMatch(/^2-[\w-]{12}$/)
    expect((await openSession(sessions, request(cookie)).info())?.version).toBe(second)
  })

  it('update with the current version writes', async () => {
    const sessions = stored()
    const cookie = await signedIn(sessions)
    const handle = openSession(sessions, request(cookie))
    const ifVersion = (await handle.info())?.version ?? ''
    expect(await handle.update((data) => ({ ...data, text: 'new' }), { ifVersion })).toMatchObject({
      text: 'new',
    })
  })

  // Two tabs show the same form; the second one sent must not silently undo the first.
  it.each([
    ['before this request read it', true],
    ['after this request read it', false],
  ])(
    'that no longer holds, since another request wrote %s, stores nothing',
    async (_when, before) => {
      const sessions = stored()
      const cookie = await signedIn(sessions)
      const ifVersion = (await openSession(sessions, request(cookie)).info())?.version ?? ''
      const slow = openSession(sessions, request(cookie))
      if (!before) await slow.get()
      await openSession(sessions, request(cookie)).update((data) => ({ ...data, text: 'first' }))
      let runs = 0
      const second = slow.update(
        (data) => {
          runs += 1
          return { ...data, text: 'second' }
        },
        { ifVersion },
      )
      await expect(second).rejects.toMatchObject({ code: 'ERR_SESSION_CONFLICT' })
      expect(runs).toBeLessThan(2)
      expect(await openSession(sessions, request(cookie)).get()).toMatchObject({ text: 'first' })
    },
  )

  it('a missing or ended session has no version', async () => {
    const sessions = stored()
    const change = (cookie: string) =>
      openSession(sessions, request(cookie)).update((data) => ({ ...data }), { ifVersion: '1' })
    await expect(change('')).rejects.toMatchObject({ code: 'ERR_SESSION_CONFLICT' })
    const cookie = await signedIn(sessions)
    await openSession(sessions, request(cookie)).end()
    await expect(change(cookie)).rejects.toMatchObject({ code: 'ERR_SESSION_ENDED' })
  })
})

it('a stateless session has no version and update with ifVersion throws', async () => {
  const sessions = statelessSessions<Data>({ secret })
  const handle = openSession(sessions, request())
  await handle.start({ user: 'ada' })
  expect(await handle.info()).not.toHaveProperty('version')
  await expect(handle.update((data) => ({ ...data }), { ifVersion: '1' })).rejects.toMatchObject({
    code: 'ERR_CONFIG',
  })
})
