/** People who sign in and out with three engines, through a gateway in front of a Next project without a guard. */
import assert from 'node:assert/strict'
import { type LoginSite, loginBrowsers, startLoginSite } from '../../test/browsers/login-site.ts'
import { createTls } from '../../test/browsers/support.ts'
import type { DrivenBrowser } from '../../test/browsers/webdriver.ts'

/** Milliseconds until a page must have come; a browser on a busy machine is slow. */
const patienceMs = 60_000

/** One engine, and what must hold of it. */
export type LoginCheck = readonly [engine: string, run: () => Promise<string>]

/** The checks, one for each engine, over a project that listens at `url`. */
export function listLoginChecks(url: string): readonly LoginCheck[] {
  return loginBrowsers.map(([engine, start]) => [
    engine,
    async () => {
      const tls = createTls()
      const site = await startLoginSite(tls, { url, aliases: 'next' })
      try {
        const browser = await start(tls)
        try {
          return await signInAndOut(site, browser)
        } finally {
          await browser.close()
        }
      } finally {
        await site.stop()
      }
    },
  ])
}

async function signInAndOut({ origin }: LoginSite, browser: DrivenBrowser): Promise<string> {
  /** A page that goes on destroys the one in which a script ran. */
  const read = (script: string): Promise<string> => browser.run(script).catch(() => '')
  const readHeading = (): Promise<string> => read("document.querySelector('h1')?.textContent ?? ''")
  const click = (selector: string): Promise<string> =>
    read(`setTimeout(() => document.querySelector('${selector}').click()) && ''`)

  async function waitFor(heading: string): Promise<void> {
    const end = Date.now() + patienceMs
    let found = ''
    while (Date.now() < end) {
      found = await readHeading()
      if (found === heading) return
      await new Promise((done) => setTimeout(done, 100))
    }
    assert.equal(found, heading)
  }

  await browser.open(`${origin}/.portcullis/login?provider=dev&return_to=/admin`)
  await waitFor('Who are you?')
  await click('button[value=alice]')
  await waitFor('guarded content')

  // Next runs in the page: its button counts.
  await browser.open(`${origin}/`)
  await waitFor('Home')
  const end = Date.now() + patienceMs
  let text = ''
  while (!/Clicked [1-9]/.test(text) && Date.now() < end) {
    await click('main button')
    await new Promise((done) => setTimeout(done, 200))
    text = await read("document.querySelector('main button')?.textContent ?? ''")
  }
  assert.match(text, /Clicked [1-9]/)

  await browser.open(`${origin}/.portcullis/logout`)
  await waitFor('Sign out')
  await click('button')
  await waitFor('You are signed out')
  await browser.open(`${origin}/admin`)
  await waitFor('Sign in')

  await browser.open(`${origin}/.portcullis/login?provider=dev&return_to=/admin`)
  await waitFor('Who are you?')
  await click('button[value=bob]')
  await waitFor('Access denied')
  return 'signed in, Next ran, signed out, and 403 without the role'
}
