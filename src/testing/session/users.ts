/**
 * Declares the tests of several sessions of one user, and of parallel requests in one: sessions are
 * separate, and can be listed and ended where the store has lists. `sessionContract()` calls it. A
 * store that breaks a promise fails the test of that name; a store without lists must reject with
 * `ERR_CONFIG` instead.
 */
import { isPortcullisError } from '../../errors.ts'
import type { SessionBrowser, SessionCheck, TestSite } from './contract.ts'

/** Declares the tests of several sessions. */
export function sessionUserPromises(check: SessionCheck): void {
  declareSeveralSessions(check)
  declareParallelRequests(check)
}

/** Declares that sessions are separate, and are listed and ended where the store has lists. */
function declareSeveralSessions({ that, expect }: SessionCheck): void {
  that('two browsers have two sessions', async (site) => {
    const [one, two] = [await signedIn(site, site.user()), await signedIn(site, site.user())]
    await one.visit((s) => s.set('note', 'of one'))
    await two.visit((s) => s.set('note', 'of two'))
    expect((await one.visit((s) => s.get()))?.note).toEqual('of one')
    await one.visit((s) => s.end())
    expect((await two.visit((s) => s.get()))?.note).toEqual('of two')
  })

  that(
    'the devices of a user are listed and ended one by one, or the store says that it has no lists',
    async (site) => {
      const user = site.user()
      const [here, there] = [await signedIn(site, user), await signedIn(site, user)]
      await signedIn(site, site.user())

      if (!site.atomic) {
        expect(await findRejection(here.visit((s) => s.list()))).toEqual('ERR_CONFIG')
        expect(await findRejection(site.sessions.list({ user, env: site.env }))).toEqual(
          'ERR_CONFIG',
        )
        return
      }

      const devices = await here.visit((s) => s.list())
      expect(devices.map(({ current }) => current).sort()).toEqual([false, true])
      expect((await site.sessions.list({ user, env: site.env })).length).toEqual(2)

      const other = devices.find(({ current }) => !current)
      expect(await here.visit((s) => s.endOne(other?.id ?? ''))).toEqual(true)
      expect(await there.visit((s) => s.get())).toEqual(undefined)
      expect(await here.visit((s) => s.get())).toEqual({ user })
    },
  )

  that(
    'all sessions of a user end together, or the store says that it cannot end them',
    async (site) => {
      const user = site.user()
      const [here, there] = [await signedIn(site, user), await signedIn(site, user)]
      const stranger = await signedIn(site, site.user())

      if (!site.atomic) {
        expect(await findRejection(site.sessions.endAll({ user, env: site.env }))).toEqual(
          'ERR_CONFIG',
        )
        return
      }

      await here.visit((s) => s.endAll({ exceptCurrent: true }))
      expect(await there.visit((s) => s.get())).toEqual(undefined)
      expect(await here.visit((s) => s.get())).toEqual({ user })

      expect(await site.sessions.endAll({ user, env: site.env })).toEqual(1)
      expect(await here.visit((s) => s.get())).toEqual(undefined)
      expect((await stranger.visit((s) => s.get())) !== undefined).toEqual(true)
    },
  )
}

/**
 * Declares the results of two requests of one browser that arrive at the same time, or of which one
 * is late.
 */
function declareParallelRequests({ that, expect }: SessionCheck): void {
  that(
    'a message that two requests take at the same time is shown by one of them',
    async (site) => {
      const browser = await signedIn(site, site.user())
      await browser.visit((s) => s.flash('notice', 'Saved'))

      const tabs = [browser.copy(), browser.copy(), browser.copy()]
      const shown = await Promise.all(tabs.map((tab) => tab.visit((s) => s.takeFlash('notice'))))
      const count = shown.filter((message) => message === 'Saved').length

      expect(site.atomic ? count : count >= 1).toEqual(site.atomic ? 1 : true)
    },
  )

  that(
    'a login form that was sent twice keeps what it was told to keep, whichever answer comes last',
    async (site) => {
      const [browser, user] = [site.browser(), site.user()]
      await browser.visit((s) => s.update(() => ({ note: 'cart' })))

      const tabs = [browser.copy(), browser.copy()]
      await Promise.all(tabs.map((tab) => tab.visit((s) => s.start({ user }, { keep: ['note'] }))))

      for (const tab of tabs) {
        const data = await tab.visit((s) => s.get())
        expect(site.remembers ? data : data?.user).toEqual(
          site.remembers ? { user, note: 'cart' } : user,
        )
      }
    },
  )

  that(
    'a login form whose second copy arrives after the answer to the first keeps it too',
    async (site) => {
      const [browser, user] = [site.browser(), site.user()]
      await browser.visit((s) => s.update(() => ({ note: 'cart' })))

      const late = browser.copy()
      await browser.visit((s) => s.start({ user }, { keep: ['note'] }))
      await late.visit((s) => s.start({ user }, { keep: ['note'] }))
      expect((await late.visit((s) => s.get()))?.note).toEqual(site.remembers ? 'cart' : undefined)
    },
  )

  that(
    'what a login took along is not handed to another user, nor what somebody signed out of',
    async (site) => {
      for (const first of ['login', 'logout'] as const) {
        const browser = site.browser()
        await browser.visit((s) => s.update(() => ({ note: 'cart' })))

        const late = browser.copy()
        await browser.visit((s) =>
          first === 'login' ? s.start({ user: site.user() }, { keep: ['note'] }) : s.end(),
        )
        await late.visit((s) => s.start({ user: site.user() }, { keep: ['note'] }))
        expect((await late.visit((s) => s.get()))?.note).toEqual(undefined)
      }
    },
  )
}

async function signedIn(site: TestSite, user: string): Promise<SessionBrowser> {
  const browser = site.browser()
  await browser.visit((s) => s.start({ user }))
  return browser
}

async function findRejection(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work
    return undefined
  } catch (error) {
    return isPortcullisError(error, 'ERR_CONFIG') ? 'ERR_CONFIG' : 'another error'
  }
}
