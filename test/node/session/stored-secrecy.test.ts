import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { redis } from '../../../src/redis/index.ts'
import { upstashStore } from '../../../src/store/upstash.ts'
import type { SecurityEvent } from '../../../src/types.ts'
import { siteWith, type Visitor } from '../../session/stored-support.ts'
import { minutes, noon, otherSecret, secret } from '../../session/support.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'
import { rowsIn, siteOn, warm } from './support.ts'

const email = 'ada.lovelace@example.org'

describe.skipIf(noRedis)('whoever reads or writes Redis', () => {
  let server: TestRedis
  beforeAll(async () => {
    server = await startRedis()
    await warm(server)
  })
  afterAll(() => server.stop())
  beforeEach(() => server.flush({ keepScripts: true }))

  /** Everything a user may do, so that everything is there that may be. */
  async function busy(
    site: ReturnType<typeof siteOn>,
  ): Promise<{ browser: Visitor; shown: string[] }> {
    const browser = site.visitor()
    const shown: string[] = []
    const note = async (): Promise<void> => {
      const { body } = await browser.visit((s) => s.info())
      if (body !== null) shown.push(body.id)
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
    return { browser, shown }
  }

  it('finds no id, no user, no e-mail, no cookie, no word of the data', async () => {
    const { shown } = await busy(siteOn(server))
    const dump = await server.raw.text()
    expect(dump).toContain('portcullis:s:')
    expect(dump).toContain('portcullis:u:')
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
    for (const word of [...plain, ...shown, secret]) expect(dump).not.toContain(word)
    // Nor a digest of the user that anybody could work out.
    for (const hash of ['sha256', 'sha1', 'md5']) {
      for (const encoding of ['hex', 'base64', 'base64url'] as const) {
        expect(dump).not.toContain(createHash(hash).update(email).digest(encoding).slice(0, 20))
      }
    }
  })

  it('nor do the requests, and events name nothing that Redis has', async () => {
    const events: SecurityEvent[] = []
    const client = redis({
      url: server.url,
      token: server.token,
      timeoutMs: 10_000,
      onEvent: (event) => events.push(event),
    })
    const site = siteWith(upstashStore({ redis: client }), {
      onEvent: (event) => events.push(event),
    })
    const { browser, shown } = await busy(site as ReturnType<typeof siteOn>)
    server.control.fault({ kind: 'refuse', error: `WRONGTYPE of ${email}` }, { times: 3 })
    await browser.get()
    await browser.logout()
    const sent = JSON.stringify(server.control.heard.map(({ commands }) => commands))
    for (const word of [email, 'lovelace', 'secret book', ...shown])
      expect(sent).not.toContain(word)
    const logged = JSON.stringify(events)
    expect(events.length).toBeGreaterThan(6)
    expect(events.some(({ session }) => session !== undefined)).toBe(true)
    const dump = await server.raw.dump()
    const names = Object.keys(dump).map((key) => key.slice('portcullis:s:'.length))
    expect(names.length).toBeGreaterThan(3)
    for (const word of [email, ...names, ...shown.filter((text) => text.length > 100)]) {
      expect(logged).not.toContain(word)
    }
    for (const { session } of events) if (session !== undefined) expect(sent).not.toContain(session)
  })

  it('can do nothing with a key: it is no cookie', async () => {
    const site = siteOn(server)
    await busy(site)
    for (const [key, row] of await rowsIn(server)) {
      for (const value of [key, key.slice('portcullis:s:'.length), row.d ?? '']) {
        const thief = site.visitor()
        thief.cookies.set('__Host-session', value)
        expect(await thief.get()).toBe(null)
      }
    }
  })

  async function two() {
    const site = siteOn(server)
    const [admin, eve] = [site.visitor(), site.visitor()]
    await admin.login('admin')
    const [[adminKey = ''] = []] = await rowsIn(server)
    await eve.login('eve')
    const rows = Object.fromEntries(await rowsIn(server))
    const eveKey = Object.keys(rows).find((key) => key !== adminKey) ?? ''
    return { site, admin, eve, adminKey, eveKey, rows }
  }

  it('opens nothing by swapping the records of two sessions, nor by copying one over the other', async () => {
    const { site, admin, eve, adminKey, eveKey, rows } = await two()
    await server.raw.call('HSET', eveKey, 'd', rows[adminKey]?.d ?? '')
    expect(await eve.get()).toBe(null)
    await server.raw.call('HSET', adminKey, 'd', rows[eveKey]?.d ?? '')
    expect([await admin.get(), await eve.get()]).toEqual([null, null])
    expect(site.heard().slice(-3)).toEqual(Array(3).fill('session-rejected: invalid-data'))
    // And what is not understood is not written over: the cookie stays, the write fails.
    const { status, cookies } = await eve.visit((s) => s.update(() => ({ theme: 'x' })))
    expect([status, cookies]).toEqual([503, []])
  })

  it('opens nothing by renaming a row, nor by listing it under another user', async () => {
    const { site, eve, adminKey, eveKey } = await two()
    const lists = (await server.raw.call('KEYS', 'portcullis:u:*')) as string[]
    for (const list of lists) {
      for (const key of [adminKey, eveKey])
        await server.raw.call('ZADD', list, noon * 2, key.slice(13))
    }
    expect((await eve.visit((s) => s.list())).body).toHaveLength(1)
    expect(await site.sessions.list({ user: 'admin' })).toHaveLength(1)
    await server.raw.call('RENAME', adminKey, eveKey)
    expect(await eve.get()).toBe(null)
  })

  it('opens nothing by restoring an older record under a newer version', async () => {
    const site = siteOn(server)
    const browser = site.visitor()
    await browser.visit((s) => s.start({ userId: 'ada', cart: ['paid'] }))
    const [[key = '', row] = []] = await rowsIn(server)
    await browser.visit((s) => s.set('cart', []))
    await server.raw.call('HSET', key, 'd', row?.d ?? '')
    expect(await browser.get()).toBe(null)
    expect(site.heard().at(-1)).toBe('session-rejected: invalid-data')
    // The whole older row is a rollback within the session's own life: not prevented, and said in the docs.
    await server.raw.call('HSET', key, ...Object.entries(row ?? {}).flat())
    expect(await browser.get()).toEqual({ userId: 'ada', cart: ['paid'] })
  })

  it('opens nothing with yesterday’s secret, and cannot seal with a guess', async () => {
    const old = siteOn(server, { session: { secret: otherSecret } })
    const browser = old.visitor()
    await browser.login()
    const today = siteOn(server)
    const here = today.visitor()
    here.cookies.set('__Host-session', browser.cookies.get('__Host-session') ?? '')
    expect(await here.get()).toBe(null)
    expect(today.heard()).toEqual(['session-rejected: unknown-key'])
    // Our own cookie, and in its row a record that somebody else sealed.
    const [[foreign = '', row] = []] = await rowsIn(server)
    await server.raw.call('DEL', foreign)
    await here.login()
    const [[own = ''] = []] = await rowsIn(server)
    await server.raw.call('HSET', own, 'd', row?.d ?? '')
    expect(await here.get()).toBe(null)
  })

  it('can end a session, and that is a logout like any other', async () => {
    const { eve, eveKey, admin } = await two()
    await server.raw.call('DEL', eveKey)
    const { status, body, cookies } = await eve.visit((s) => s.get())
    expect([status, body, cookies]).toEqual([200, null, []])
    expect(await admin.get()).toEqual({ userId: 'admin' })
  })

  it('after a rotation of the secret both secrets’ sessions live, and the new one’s records are unreadable to the old', async () => {
    const clock = { now: noon }
    const old = siteOn(server, {}, clock)
    const both = siteOn(server, { session: { secret: [otherSecret, secret] } }, clock)
    const browser = old.visitor()
    await browser.login(email)
    const here = both.visitor()
    here.cookies.set('__Host-session', browser.cookies.get('__Host-session') ?? '')
    await here.visit((s) => s.set('theme', 'dark'))
    expect(await here.get()).toEqual({ userId: email, theme: 'dark' })
    clock.now += minutes
    await both.visitor().login(email)
    expect(await both.sessions.list({ user: email })).toHaveLength(2)
    expect(await both.sessions.endAll({ user: email })).toBe(2)
    expect([await here.get(), await browser.get()]).toEqual([null, null])
  })
})
