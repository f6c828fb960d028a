/** The policy of documents in a real browser: what runs, what does not, and what is reported. */
import { Hono } from 'hono'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type SecureHeadersEnv, secureHeaders } from '../../src/headers/index.ts'
import { launchBrowser, noBrowser } from '../support/browser.ts'

if (noBrowser)
  console.warn(
    'NO BROWSER: the tests in test/node/headers-browser.test.ts are skipped. Install Chromium.',
  )

const token = 'pLx9-Qm2_vR7sTk4Wc0yZb8nHd'
const app = new Hono<SecureHeadersEnv>()
  .use(secureHeaders({ noncePlaceholder: token }))
  .get('/own.js', (c) =>
    c.body("document.title += ' file'", 200, { 'Content-Type': 'text/javascript' }),
  )
  .get('/worker.js', (c) =>
    c.body("importScripts('/imported.js'); postMessage(imported)", 200, {
      'Content-Type': 'text/javascript',
    }),
  )
  .get('/imported.js', (c) => c.body('imported = 1', 200, { 'Content-Type': 'text/javascript' }))
  .get('/nonce', (c) =>
    c.html(`<title>t</title><script nonce="${c.get('secureHeadersNonce')}">document.title += ' inline'
      const script = document.createElement('script')
      script.src = trustedTypes.createPolicy('app', { createScriptURL: (url) => url }).createScriptURL('/own.js')
      document.head.append(script)</script>`),
  )
  .get('/placeholder', (c) =>
    c.html(`<title>t</title><script nonce="${token}">document.title += ' inline'</script>`),
  )
  .get('/injected', (c) =>
    c.html(`<title>t</title><script>document.title += ' injected'</script><script src="/own.js"></script>
      <script nonce="guess">document.title += ' guessed'</script><img src="x" onerror="document.title += ' handler'">
      <base href="https://evil.example/"><a href="/x">x</a>`),
  )
  .get('/sink', (c) =>
    c.html(`<title>t</title><p id="p"></p><script nonce="${c.get('secureHeadersNonce')}">
      try { p.innerHTML = location.hash; document.title = 'written' } catch (error) { document.title = error.name }</script>`),
  )
  .get('/work', (c) =>
    c.html(`<title>t</title><script nonce="${c.get('secureHeadersNonce')}">
      const url = trustedTypes.createPolicy('app', { createScriptURL: (text) => text }).createScriptURL('/worker.js')
      new Worker(url).onmessage = ({ data }) => { document.title = 'worker ' + data }</script>`),
  )

describe.skipIf(noBrowser)('the recommended policy in Chromium', () => {
  let browser: Browser
  let context: BrowserContext
  let page: Page
  let refused: string[]

  beforeAll(async () => {
    browser = await launchBrowser()
  }, 90_000)
  afterAll(async () => {
    await browser?.close()
  }, 30_000)
  beforeEach(async () => {
    context = await browser.newContext()
    // Nothing leaves the machine: every address of the page is answered by the app.
    await context.route('**/*', async (route) => {
      const response = await app.request(route.request().url())
      const headers = Object.fromEntries(response.headers)
      await route.fulfill({
        status: response.status,
        headers,
        body: Buffer.from(await response.arrayBuffer()),
      })
    })
    page = await context.newPage()
    refused = []
    page.on('console', (message) => message.type() === 'error' && refused.push(message.text()))
  })
  afterEach(async () => {
    await context.close()
  })

  it('runs what carries the nonce, and what that loads', async () => {
    await page.goto('https://app.example/nonce')
    await page.waitForFunction(() => document.title === 't inline file')
    expect(refused).toEqual([])
  }, 30_000)

  it('runs what carries the placeholder', async () => {
    await page.goto('https://app.example/placeholder')
    expect(await page.title()).toBe('t inline')
  }, 30_000)

  // A comment of a visitor that reaches the page unescaped: scripts, a file of our own, a guess, a handler, a base.
  it('runs nothing that was injected', async () => {
    await page.goto('https://app.example/injected')
    expect(await page.title()).toBe('t')
    expect(
      refused.filter((text) => text.includes('Content Security Policy')).length,
    ).toBeGreaterThanOrEqual(4)
    expect(await page.evaluate(() => document.querySelector('a')?.href)).toBe(
      'https://app.example/x',
    )
  }, 30_000)

  // https://app.example/sink#<img src onerror=alert(1)>
  it('makes no markup of text', async () => {
    await page.goto('https://app.example/sink#<img src onerror=alert(1)>')
    expect(await page.title()).toBe('TypeError')
  }, 30_000)

  it('lets a worker import', async () => {
    await page.goto('https://app.example/work')
    await page.waitForFunction(() => document.title === 'worker 1')
  }, 30_000)
})
