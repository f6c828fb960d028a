/** What a dump of any store may hold, and what nobody may do with it: one set of tests for all of them. */
import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import type { AtomicStore } from '../../../src/store/index.ts'
import { siteWith } from '../../session/stored-support.ts'
import { secret } from '../../session/support.ts'

const email = 'ada.lovelace@example.org'
const plain = [
  email,
  'ada',
  'lovelace',
  'example.org',
  'secret',
  'book',
  'midnight',
  'Welcome',
  'userId',
  'theme',
]

/** Declares the tests. `dump` is all that is kept, as one text. */
export function secrecyPromises(
  make: (clock: { now: number }) => AtomicStore | Promise<AtomicStore>,
  dump: () => Promise<string>,
): void {
  it('a dump holds no id, no user, no e-mail, no cookie, no word of the data', async () => {
    const clock = { now: Date.UTC(2026, 10, 20, 12) }
    const site = siteWith(await make(clock), {}, clock)
    const browser = site.visitor()
    const shown: string[] = []
    const note = async (): Promise<void> => {
      shown.push((await browser.visit((s) => s.info())).body.id)
      shown.push(browser.cookies.get('__Host-session') ?? '')
    }

    await browser.visit((s) => s.update(() => ({ cart: ['a very secret book'] })))
    await note()
    await browser.visit((s) => s.start({ userId: email }, { keep: ['cart'] }))
    await note()
    await browser.visit((s) => s.flash('notice', `Welcome, ${email}`))
    await browser.visit((s) => s.set('theme', 'midnight blue'))
    const other = site.visitor()
    await other.login(email)
    await other.logout()

    const text = await dump()
    expect(text.length).toBeGreaterThan(500)
    for (const word of [...plain, ...shown, secret]) expect(text).not.toContain(word)
    // Nor a digest of the user that anybody could work out.
    for (const hash of ['sha256', 'sha1', 'md5'])
      for (const encoding of ['hex', 'base64', 'base64url'] as const)
        expect(text).not.toContain(createHash(hash).update(email).digest(encoding).slice(0, 20))

    // And nothing in it is a cookie.
    for (const value of text.match(/[\w.-]{20,}/g) ?? []) {
      const thief = site.visitor()
      thief.cookies.set('__Host-session', value)
      expect(await thief.get()).toBe(null)
    }
  })
}
