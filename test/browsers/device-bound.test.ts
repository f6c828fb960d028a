/**
 * Device-bound sessions in a real Chromium, through `portcullis/node` and through bare workerd,
 * over TLS.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Entry } from './gateway.fixture.ts'
import {
  type Chromium,
  createTls,
  deviceFlags,
  runtimes,
  type Site,
  startChromium,
  startSite,
} from './support.ts'

const bound = '__Host-session-bound'
const tls = createTls()

/**
 * Requests and events in a line each; what the browser asks by itself, such as an icon, is left
 * out.
 */
function describeLog(entries: readonly Entry[]): string[] {
  return entries
    .filter(({ path, event }) => path !== '/favicon.ico' && event !== 'session-created')
    .map(({ event, reason, method, path, status }) =>
      event === undefined
        ? `${method} ${path} ${status}`
        : [event, reason].filter(Boolean).join(': '),
    )
}

describe.each(runtimes)('Chromium with device-bound sessions, on %s', (runtime) => {
  let site: Site
  let chromium: Chromium

  beforeAll(async () => {
    site = await startSite(runtime, tls)
  })
  afterAll(() => site?.stop())
  beforeEach(async () => {
    await site.set({})
    await site.log()
    chromium = await startChromium(tls)
  })
  afterEach(() => chromium?.close())

  const heard: Entry[] = []
  /** Waits until something is in the log. */
  async function waitFor(wanted: (entry: Entry) => boolean): Promise<void> {
    await expect
      .poll(async () => {
        heard.push(...(await site.log()))
        return heard.some(wanted)
      })
      .toBe(true)
  }

  /** Signs in by the form, and waits until the browser has bound the session. */
  async function signIn(): Promise<void> {
    heard.length = 0
    const { page } = chromium
    await page.goto(`${site.origin}/login`)
    await page.click('button')
    // The first request after the registration binds it: whatever it is.
    await expect
      .poll(async () => {
        await fetchStatus('/api/me')
        heard.push(...(await site.log()))
        return heard.some(({ event }) => event === 'session-bound')
      })
      .toBe(true)
    await site.log()
  }

  /** The bound cookie ends; Chromium looks for it before each request. */
  const expire = (): Promise<void> => chromium.context.clearCookies({ name: bound })

  const fetchStatus = (path: string, init?: object): Promise<number> =>
    chromium.page.evaluate(
      ([path, init]) => fetch(path as string, init as object).then(({ status }) => status),
      [path, init] as const,
    )

  it('binds a login with its first request, and hides the cookie from the application', async () => {
    await signIn()
    expect(describeLog(heard)).toEqual(
      expect.arrayContaining([
        'POST /login 303',
        'session-key-offered: ES256',
        'POST /.portcullis/dbsc/register 200',
        'POST /.portcullis/dbsc/refresh 403',
        'session-bound: ES256',
        'POST /.portcullis/dbsc/refresh 200',
      ]),
    )
    expect(chromium.events).toContain('created: Success')
    const cookies = await chromium.context.cookies(site.origin)
    expect(cookies.find(({ name }) => name === bound)).toMatchObject({
      httpOnly: true,
      secure: true,
      sameSite: 'Lax',
      path: '/',
    })
    const told = await chromium.page.evaluate(() => fetch('/api/me').then((r) => r.json()))
    expect(told).toMatchObject({ cookie: '' })
  })

  it('holds twelve parallel requests back, and refreshes once for all', async () => {
    await signIn()
    await expire()
    const statuses = await chromium.page.evaluate(() =>
      Promise.all(Array.from({ length: 12 }, () => fetch('/api/me').then((r) => r.status))),
    )
    expect(statuses).toEqual(Array(12).fill(200))
    const lines = describeLog(await site.log())
    expect(lines.filter((line) => line.includes('/dbsc/'))).toEqual([
      'POST /.portcullis/dbsc/refresh 403',
      'POST /.portcullis/dbsc/refresh 200',
    ])
    expect(lines.filter((line) => line === 'GET /api/me 200')).toHaveLength(12)
  })

  it('holds a POST back with its body, from a script and from a form', async () => {
    await signIn()
    await expire()
    const answer = await chromium.page.evaluate(() =>
      fetch('/api/x', { method: 'POST', body: 'a'.repeat(5000) }).then((r) => r.json()),
    )
    expect(answer).toMatchObject({ method: 'POST', body: 'a'.repeat(5000) })
    await expire()
    await chromium.page.evaluate(() => {
      document.body.innerHTML =
        '<form method="post" action="/form"><input name="a" value="1"></form>'
      document.forms[0]?.submit()
    })
    await expect.poll(() => chromium.page.title()).toBe('POST /form a=1')
  })

  it('holds a WebSocket and an EventSource back', async () => {
    await signIn()
    await expire()
    const socket = await chromium.page.evaluate(
      () =>
        new Promise((done) => {
          const open = new WebSocket(`wss://${location.host}/socket`)
          open.onmessage = ({ data }) => done(data)
          open.onerror = () => done('refused')
        }),
    )
    expect(socket).toBe('hello')
    await expire()
    const event = await chromium.page.evaluate(
      () =>
        new Promise((done) => {
          const source = new EventSource('/events')
          source.onmessage = ({ data }) => {
            source.close()
            done(data)
          }
          source.onerror = () => done('refused')
        }),
    )
    expect(event).toBe('hello')
  })

  it.each(['other.test', 'shop.example.test'])('follows a link from %s', async (from) => {
    await signIn()
    await expire()
    const { page } = chromium
    await page.route(`https://${from}:${site.port}/**`, (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<a href="${site.origin}/page?a=1#part">link</a>`,
      }),
    )
    await page.goto(`https://${from}:${site.port}/`)
    await page.click('a')
    await expect.poll(() => page.title()).toBe('GET /page')
    expect(page.url()).toBe(`${site.origin}/page?a=1#part`)
    const entries = (await site.log()).filter(({ path }) => path === '/page')
    expect(entries.map(({ status, site }) => `${status} ${site}`)).toEqual([
      `200 ${from === 'other.test' ? 'cross-site' : 'same-site'}`,
      '200 same-origin',
    ])
  })

  it('follows a link from another site to a page that asks for a recent proof', async () => {
    await signIn()
    await site.set({ ahead: 11_000 })
    const { page } = chromium
    await page.route(`https://other.test:${site.port}/**`, (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<a href="${site.origin}/proof?a=1">link</a>`,
      }),
    )
    await page.goto(`https://other.test:${site.port}/`)
    await page.click('a')
    await expect.poll(() => page.title()).toBe('GET /proof')
    const answers = (await site.log()).filter(({ path }) => path === '/proof')
    // The bound cookie is taken away, the page begins the navigation again, and then it is held back.
    expect(answers.map(({ status, site }) => `${status} ${site}`)).toEqual([
      '307 cross-site',
      '200 cross-site',
      '200 same-origin',
    ])
  })

  it('heals when its bound cookie is not the one of this session', async () => {
    await signIn()
    const { context } = chromium
    const cookies = await context.cookies(site.origin)
    const cookie = cookies.find(({ name }) => name === bound)
    if (cookie === undefined) throw new Error('no bound cookie')
    await context.addCookies([{ ...cookie, value: 'of-another-session' }])
    expect(await fetchStatus('/api/me')).toBe(401)
    expect(await fetchStatus('/api/me')).toBe(200)
    expect(chromium.events.filter((event) => event.startsWith('ended'))).toEqual([])
  })

  it('forgets the session at sign-out, without a fault', async () => {
    await signIn()
    await chromium.page.goto(`${site.origin}/public`)
    await chromium.page.evaluate(() => fetch('/logout', { method: 'POST' }))
    expect(await fetchStatus('/public')).toBe(200)
    await expect.poll(() => chromium.events.some((event) => event.startsWith('ended'))).toBe(true)
    expect(await fetchStatus('/api/me')).toBe(401)
    expect((await chromium.context.cookies(site.origin)).map(({ name }) => name)).toEqual([])
  })

  it('goes on after a restart of the browser', async () => {
    const profile = mkdtempSync(join(tmpdir(), 'portcullis-restart-'))
    try {
      await chromium.close()
      chromium = await startChromium(tls, { profile })
      await signIn()
      await chromium.close()
      chromium = await startChromium(tls, { profile })
      await expire()
      await chromium.page.goto(`${site.origin}/page`)
      expect(await chromium.page.title()).toBe('GET /page')
      expect(describeLog(await site.log())).toContain('POST /.portcullis/dbsc/refresh 200')
    } finally {
      await chromium.close()
      rmSync(profile, { recursive: true, force: true })
    }
  })

  it('proves itself for one request where the route asks for it, and repeats it with its body', async () => {
    await signIn()
    await site.set({ ahead: 11_000 })
    const title = await chromium.page.evaluate(() =>
      fetch('/proof', { method: 'POST', body: 'pay=1' }).then((r) => r.text()),
    )
    expect(title).toContain('POST /proof pay=1')
    expect(describeLog(await site.log())).toEqual([
      'POST /proof 307',
      'POST /.portcullis/dbsc/refresh 403',
      'POST /.portcullis/dbsc/refresh 200',
      'POST /proof 200',
    ])
  })

  it('is of no use to a thief with its cookies', async () => {
    await signIn()
    const cookies = await chromium.context.cookies(site.origin)
    const session = cookies.filter(({ name }) => name === '__Host-session')
    const thief = await startChromium(tls)
    try {
      await thief.context.addCookies(session)
      await thief.page.goto(`${site.origin}/page`)
      expect(await thief.page.title()).toBe('sign in')
      // Both cookies count until the bound one ends, 660 s after the proof.
      await thief.context.addCookies(cookies)
      await thief.page.goto(`${site.origin}/page`)
      expect(await thief.page.title()).toBe('GET /page')
      // A route that asks for a proof refuses the pair as soon as the last one is too old.
      await site.set({ ahead: 11_000 })
      await thief.page.goto(`${site.origin}/proof`)
      expect(await thief.page.title()).toBe('sign in')
      await thief.context.addCookies(cookies)
      await site.set({ ahead: 661_000 })
      await thief.page.goto(`${site.origin}/page`)
      expect(await thief.page.title()).toBe('sign in')
      await expire()
      await chromium.page.goto(`${site.origin}/page`)
      expect(await chromium.page.title()).toBe('GET /page')
      await thief.page.goto(`${site.origin}/page`)
      expect(await thief.page.title()).toBe('sign in')
    } finally {
      await thief.close()
    }
  })

  it('stays within the quota of Chromium with two logins and a refresh', async () => {
    await chromium.close()
    chromium = await startChromium(tls, { flags: [deviceFlags(true)] })
    await signIn()
    await expire()
    expect(await fetchStatus('/api/me')).toBe(200)
    await signIn()
    expect(heard.filter(({ skipped }) => skipped !== undefined)).toEqual([])
    expect(chromium.events.filter((event) => /quota/i.test(event))).toEqual([])
  })

  it('keeps a session whose pages ask for more proofs than the quota allows', async () => {
    await chromium.close()
    chromium = await startChromium(tls, { flags: [deviceFlags(true)] })
    await signIn()
    const statuses: number[] = []
    for (let i = 1; i <= 6; i++) {
      await site.set({ ahead: i * 11_000 })
      statuses.push(await fetchStatus('/proof'))
    }
    // Six signatures in nine minutes; the login took two.
    expect(statuses).toEqual([200, 200, 200, 200, 503, 503])
    expect(await fetchStatus('/api/me')).toBe(503)
    expect(chromium.events.filter((event) => event.startsWith('ended'))).toEqual([])
  })

  it('leaves an outage of the store behind', async () => {
    await signIn()
    await expire()
    await site.set({ down: true })
    expect(await fetchStatus('/api/me')).toBe(503)
    await site.set({})
    await waitUntilBack()
    expect(chromium.events.filter((event) => event.startsWith('ended'))).toEqual([])
  })

  // What the store knows is learnt with the proof, so an outage costs a signature: one, however often
  // Chromium tries, since it sends the proof again that it has.
  it('leaves an outage behind within its quota, however often its pages tried', async () => {
    await chromium.close()
    chromium = await startChromium(tls, { flags: [deviceFlags(true)] })
    await signIn()
    await expire()
    await site.set({ down: true })
    const statuses = new Set<number>()
    for (let i = 0; i < 20; i++) {
      statuses.add(await fetchStatus('/api/me'))
      await chromium.page.waitForTimeout(200)
    }
    expect([...statuses]).toEqual([503])
    const answers = describeLog(await site.log()).filter((line) => line.includes('/dbsc/'))
    expect(answers.filter((line) => line.endsWith('403'))).toHaveLength(1)
    expect(answers.filter((line) => line.endsWith('503')).length).toBeGreaterThan(4)

    // The challenge is too old by now: the next one is signed anew.
    await site.set({ ahead: 120_000 })
    await waitUntilBack()
    expect(chromium.events.filter((event) => /quota|^ended/i.test(event))).toEqual([])
  })

  /** Chromium waits a while after a 5xx. */
  async function waitUntilBack(): Promise<void> {
    await expect.poll(() => fetchStatus('/api/me'), { timeout: 40_000, interval: 500 }).toBe(200)
  }

  it('is registered and held nowhere without its flags: sessions as ever', async () => {
    await chromium.close()
    chromium = await startChromium(tls, { flags: [] })
    const { page } = chromium
    await page.goto(`${site.origin}/login`)
    await page.click('button')
    expect(await fetchStatus('/api/me')).toBe(200)
    expect(await fetchStatus('/proof')).toBe(403)
    expect(describeLog(await site.log()).filter((line) => line.includes('dbsc'))).toEqual([])
    await page.evaluate(() => fetch('/logout', { method: 'POST' }))
    expect(await fetchStatus('/api/me')).toBe(401)
    await waitFor(({ path }) => path === '/api/me')
  })
})
