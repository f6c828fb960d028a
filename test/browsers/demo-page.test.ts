/** The demo's home page in a real browser: every link, button and form of it answers what the page says. */
import type { Browser, BrowserContext, Page, Response } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Dev, freePorts, startDev } from '../../tools/dev/start-dev.ts'
import { launchBrowser, noBrowser } from '../support/browser.ts'

if (noBrowser)
  console.warn(
    'NO BROWSER: the tests in test/browsers/demo-page.test.ts are skipped. Install Chromium.',
  )

/** What a browser itself writes for an answer of 400 and more. */
const failed = /^Failed to load resource: the server responded with a status of (\d{3})/

describe.skipIf(noBrowser)('the demo page', () => {
  let browser: Browser
  let dev: Dev

  beforeAll(async () => {
    dev = await startDev(await freePorts())
    browser = await launchBrowser()
  }, 90_000)
  afterAll(async () => {
    await browser?.close()
    await dev?.stop()
  }, 30_000)

  it.each([
    ['a stranger', undefined],
    ['Alice', ['alice', 'wonderland']],
    ['Bob', ['bob', 'builder']],
  ])(
    'has links that answer to %s what it says',
    async (_who, account) => {
      const { context, page, complaints } = await open(account)
      // What differs for who is signed in stands in the first three sections.
      const which = account
        ? 'main section:nth-of-type(-n+3) a[data-answers]'
        : 'main a[data-answers]'
      const links = await page.$$eval(which, (all) => all.map((a) => a.getAttribute('href') ?? ''))
      expect(links.length).toBeGreaterThan(account ? 9 : 30)
      const [told, held]: [string[], unknown[]] = [[], []]
      for (const href of links) {
        await page.goto('/')
        complaints.length = 0
        const link = page.locator(`main a[href="${href}"][data-answers]`)
        const answers = await link.getAttribute('data-answers')
        if (href === '/redirect/elsewhere') {
          const response = await context.request.get(href, { maxRedirects: 0 })
          told.push(`${href} ${response.status()} ${response.headers().location}`)
          held.push(`${href} ${answers} http://example.test/`)
          continue
        }
        const [response] = await Promise.all([page.waitForResponse(isVisit), link.click()])
        await page.waitForLoadState()
        const unexpected = complaints.filter((text) => failed.exec(text)?.[1] !== answers)
        told.push(`${href} ${response.status()} ${unexpected.join(' | ')}`.trim())
        const policy =
          /^\/inline 200 Executing inline script violates the following Content Security Policy/
        held.push(href === '/inline' ? expect.stringMatching(policy) : `${href} ${answers}`)
      }
      expect(told).toEqual(held)
      await context.close()
    },
    120_000,
  )

  it.each([
    [
      'Six wrong passwords for carol',
      /^(401\n {4}retry-after: none\n){5}429\n {4}retry-after: 1\n {4}Too Many Requests\. .+\n$/,
    ],
    [
      'Ask six times',
      /^200\n {4}ratelimit: "demo";r=\d;t=20\n {4}Made at (.|\n)+\n429\n {4}ratelimit: "demo";r=0;t=\d+\n {4}Too Many/,
    ],
    [
      'Ask three times without a cookie',
      /\n {4}(Made at \S+)\n200\n {4}cache-status: portcullis; hit.*\n {4}\1\n$/,
    ],
    ['Ask a page that fails every second time', /^(200\n.*\n {4}Made at \S+\n){4}$/],
    [
      'Ask an origin that always breaks, four times',
      /^(502\n {4}retry-after: none\n {4}Bad Gateway.+\n){3}503\n {4}retry-after: \d+\n {4}Service Un/,
    ],
    [
      'A query',
      /^200\n {4}\{"data":\{"articles":\[\{"title":"On looking-glasses","author":\{"name":"Alice"\}\}/,
    ],
    ['Six levels deep', /^400\n.*"GRAPHQL_TOO_DEEP"/],
    ['take: -1', /^400\n.*"GRAPHQL_PAGE_SIZE"/],
    ['The schema', /^403\n.*"GRAPHQL_INTROSPECTION"/],
    [
      'The headers of an answer',
      /^200\n {4}content-security-policy: .+\n(.|\n)+x-powered-by: none\n {4}server: none\n$/,
    ],
    ['How long it took', /^200\n {4}server-timing: .*origin;dur=\d+.*\n {4}x-request-id: \S+\n/],
  ])(
    'shows what becomes of the button “%s”',
    async (text, shown) => {
      const { context, page, complaints } = await open()
      const button = page.locator('main button[data-path]', { hasText: new RegExp(`^${text}$`) })
      await button.click()
      await page.waitForFunction(
        (name) =>
          [...document.querySelectorAll('button')].some(
            (each) => each.textContent === name && !each.disabled,
          ),
        text,
      )
      expect(await button.locator('xpath=../pre').textContent()).toMatch(shown)
      expect(complaints.filter((each) => !failed.test(each))).toEqual([])
      await context.close()
    },
    30_000,
  )

  it.each([
    ['Send ten bytes', 200, 'This origin got 15 bytes.'],
    ['Send 2,000 bytes', 413, ''],
    ['Send plain text', 415, ''],
    ['A form of this site', 200, 'This origin got 8 bytes.'],
  ])(
    'has a form “%s” that is answered %i',
    async (text, status, shown) => {
      const { context, page } = await open()
      const [response] = await Promise.all([
        posted(page),
        page.click(`main form button:text-is("${text}")`),
      ])
      await page.waitForLoadState()
      expect(response.status(), dev.said().slice(-2000)).toBe(status)
      expect(await page.textContent('body')).toContain(shown)
      await context.close()
    },
    30_000,
  )

  it('turns every attack green, and shows them in the console beside', async () => {
    const { context, page } = await open(['alice', 'wonderland'])
    await page.click('#attack-all')
    await page.waitForFunction(() => document.querySelector('#attack-sum')?.textContent !== '')
    const rows = await page
      .locator('.attacks li')
      .evaluateAll((all) => all.map((li) => li.className))
    expect(rows).toEqual(rows.map(() => 'refused'))
    const frame = page.frameLocator('iframe')
    await frame.locator('code:text-is("graphql-too-deep")').first().waitFor()
    expect(await frame.locator('#live').textContent()).toBe('Live')
    await context.close()
  }, 30_000)

  it('compares headers that were measured: nothing without the gateway, everything with it', async () => {
    const { context, page } = await open()
    const scores = await page.locator('.score strong').allTextContents()
    expect(scores).toEqual(['0/10', '10/10'])
    await context.close()
  })

  it('leads to another site whose form is refused', async () => {
    const { context, page } = await open(['bob', 'builder'])
    await page.click('main a:text-is("Another site")')
    await page.waitForURL('**/other-site')
    const [response] = await Promise.all([posted(page), page.click('text=Log out there')])
    expect(response.status()).toBe(403)
    await page.waitForURL('**/logout')
    await page.goto('/account')
    expect(await page.textContent('header')).toContain('Signed in as Bob')
    await context.close()
  }, 30_000)

  it('lets no script run that has no nonce', async () => {
    const { context, page } = await open()
    await page.goto('/inline')
    expect(await page.textContent('#inline')).toBe('not run')
    await context.close()
  }, 30_000)

  it('O10: says what the deployable configuration answers when it runs with --worker', async () => {
    const worker = await startDev(await freePorts(), ['--worker'])
    try {
      const context = await browser.newContext({ baseURL: worker.url })
      const page = await context.newPage()
      await page.goto('/')
      const links = await page.$$eval('main a[data-answers]', (all) =>
        all.map((a) => [a.getAttribute('href') ?? '', a.getAttribute('data-answers') ?? '']),
      )
      const found: string[] = []
      for (const [href = ''] of links) {
        const headers = { accept: 'text/html', 'sec-fetch-mode': 'navigate' }
        const response = await context.request.get(href, { maxRedirects: 0, headers })
        found.push(`${href} ${response.status()}`)
      }
      expect(found).toEqual(links.map(([href, answers]) => `${href} ${answers}`))
      for (const button of await page.locator('main button[data-path]').all()) {
        const answers = (await button.getAttribute('data-answers')) ?? ''
        await button.click()
        const shown = button.locator('xpath=../pre')
        await page.waitForFunction(() => document.querySelector('button:disabled') === null)
        const statuses = [...((await shown.textContent()) ?? '').matchAll(/^\d{3}/gm)].map(String)
        const title = `${await button.textContent()}: `
        expect(title + [...new Set(statuses)].join()).toBe(
          title + (answers.match(/\d{3}/g) ?? []).join(),
        )
      }
      expect(await page.locator('#console').textContent()).toContain('which has no console')
      await context.close()
    } finally {
      await worker.stop()
    }
  }, 120_000)

  async function open(
    account?: readonly string[],
  ): Promise<{ context: BrowserContext; page: Page; complaints: string[] }> {
    const context = await browser.newContext({ baseURL: dev.url })
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    const [user, password] = account ?? []
    if (user !== undefined && password !== undefined) {
      await page.goto('/login')
      await page.fill('input[name=user]', user)
      await page.fill('input[name=password]', password)
      await Promise.all([page.waitForEvent('framenavigated'), page.click('main button')])
      await page.waitForLoadState()
    }
    await page.goto('/')
    return { context, page, complaints }
  }

  /** The first request of a navigation: a redirect counts, not where it leads, and not the console in its frame. */
  function isVisit(response: Response): boolean {
    const request = response.request()
    return (
      request.isNavigationRequest() &&
      request.redirectedFrom() === null &&
      request.frame().parentFrame() === null
    )
  }

  function posted(page: Page): Promise<Response> {
    return page.waitForResponse((each) => each.request().method() === 'POST')
  }
})
