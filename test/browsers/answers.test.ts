/**
 * Every answer of the refresh endpoint, and what a real Chromium did with its session afterwards.
 * Where the server still holds a session as good, Chromium must keep it: `keeps` means that the
 * browser came back without a new login once the fault was over.
 *
 * The rows at the end are answers that the endpoint never gives; they show why.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Entry, Faults } from './gateway.fixture.ts'
import { type Chromium, createTls, type Site, startChromium, startSite } from './support.ts'

const bound = '__Host-session-bound'
const tls = createTls()

interface Row {
  readonly fault: string
  readonly faults: Faults
  /** Status of the answers of the endpoint while the fault lasts; the last one is repeated. */
  readonly answers: readonly number[]
  readonly chromium: 'keeps' | 'ends'
  readonly ours: boolean
}

const rows: readonly Row[] = [
  { fault: 'none', faults: {}, answers: [403, 200], chromium: 'keeps', ours: true },
  {
    fault: 'store down',
    faults: { down: true },
    answers: [403, 503],
    chromium: 'keeps',
    ours: true,
  },
  {
    fault: 'store always busy',
    faults: { busy: true },
    answers: [403, 503],
    chromium: 'keeps',
    ours: true,
  },
  {
    fault: 'a deployment with another secret',
    faults: { otherSecret: true },
    answers: [503],
    chromium: 'keeps',
    ours: true,
  },
  {
    fault: 'a clock ten minutes behind',
    faults: { ahead: -600_000 },
    answers: [403, 503],
    chromium: 'keeps',
    ours: true,
  },
  {
    fault: 'a clock half a minute behind',
    faults: { ahead: -30_000 },
    // The first challenge is older than the last proof.
    answers: [403, 403, 200],
    chromium: 'keeps',
    ours: true,
  },
  {
    fault: 'maintenance',
    faults: { maintenance: true },
    answers: [403, 200],
    chromium: 'keeps',
    ours: true,
  },
  {
    fault: 'a session that ended',
    faults: { ahead: 9 * 3_600_000 },
    answers: [403, 200],
    chromium: 'ends',
    ours: true,
  },
  ...[500, 502, 504].map(
    (status): Row => ({
      fault: `a ${status} of something in front`,
      faults: { refresh: { status } },
      answers: [status],
      chromium: 'keeps',
      ours: false,
    }),
  ),
  ...[400, 401, 404, 429].map(
    (status): Row => ({
      fault: `a ${status} of something in front`,
      faults: { refresh: { status } },
      answers: [status],
      chromium: 'ends',
      ours: false,
    }),
  ),
  {
    fault: 'a redirect to a sign-in page of something in front',
    faults: { refresh: { status: 302, headers: { location: '/login' } } },
    answers: [302],
    chromium: 'ends',
    ours: false,
  },
  {
    fault: 'a page of something in front',
    faults: { refresh: { status: 200, body: '<p>x', headers: { 'content-type': 'text/html' } } },
    answers: [200],
    chromium: 'ends',
    ours: false,
  },
]

describe('after an answer of the refresh endpoint Chromium', () => {
  let site: Site
  let chromium: Chromium

  beforeAll(async () => {
    site = await startSite('workerd', tls)
  })
  afterAll(() => site?.stop())
  beforeEach(async () => {
    await site.set({})
    await site.log()
    chromium = await startChromium(tls)
    const { page } = chromium
    await page.goto(`${site.origin}/login`)
    await page.click('button')
    const heard: Entry[] = []
    await expect
      .poll(async () => {
        await fetchStatus()
        heard.push(...(await site.log()))
        return heard.some(({ event }) => event === 'session-bound')
      })
      .toBe(true)
  })
  afterEach(() => chromium?.close())

  const fetchStatus = (): Promise<number> =>
    chromium.page.evaluate(() => fetch('/api/me').then(({ status }) => status))

  it.each(rows)('$chromium its session: $fault', async ({ faults, answers, chromium: does }) => {
    await site.log()
    await chromium.context.clearCookies({ name: bound })
    await site.set(faults)
    await fetchStatus()
    const given = (await site.log())
      .filter(({ path }) => path === '/.portcullis/dbsc/refresh')
      .map(({ status }) => status)
    expect(given).toEqual(answers)

    await site.set({})
    await chromium.context.clearCookies({ name: bound })
    if (does === 'ends') {
      expect(chromium.events.some((event) => event.startsWith('ended'))).toBe(true)
      expect(await fetchStatus()).toBe(401)
    } else {
      // It waits a while after a 5xx.
      await expect.poll(fetchStatus, { timeout: 60_000, interval: 1000 }).toBe(200)
      expect(chromium.events.filter((event) => event.startsWith('ended'))).toEqual([])
    }
  })

  it('keeps every session that the server holds as good', () => {
    const wrong = rows.filter(({ ours, chromium: does, fault }) => {
      return ours && does === 'ends' && fault !== 'a session that ended'
    })
    expect(wrong).toEqual([])
  })
})
