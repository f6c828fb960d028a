/** Barriers on the pages of the demo, the gateway and the console, as axe-core finds them, on a phone and a desk, light and dark. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { htmlPage } from '../../src/page/html.ts'
import {
  findStatusText,
  french,
  german,
  japanese,
  pages as sitePages,
  spanish,
} from '../../src/page/index.ts'
import { type Dev, freePorts, startDev } from '../../tools/dev/start-dev.ts'
import { launchBrowser } from '../support/browser.ts'

interface Barrier {
  readonly id: string
  readonly impact: string | null
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[]
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
/** A page of the demo, and who looks at it. */
interface DemoPage {
  readonly path: string
  readonly as?: string
  /** The user whose sessions the console is asked for. */
  readonly find?: string
}

const pages: readonly DemoPage[] = [
  { path: '/' },
  { path: '/', as: 'alice' },
  { path: '/login' },
  { path: '/account', as: 'alice' },
  { path: '/devices', as: 'alice' },
  { path: '/device', as: 'alice' },
  { path: '/live' },
  { path: '/admin', as: 'alice' },
  { path: '/other-site', as: 'alice' },
  { path: '/.portcullis/console', as: 'alice' },
  { path: '/.portcullis/console', as: 'alice', find: 'alice' },
  // Pages of the gateway itself: 403, 404 of the origin, 502.
  { path: '/office' },
  { path: '/nothing-here' },
  { path: '/nowhere' },
]
const views = [390, 1280].flatMap((width) =>
  (['light', 'dark'] as const).map((scheme) => ({ width, scheme })),
)

describe('axe-core', () => {
  let browser: Browser
  let dev: Dev
  beforeAll(async () => {
    dev = await startDev(await freePorts())
    browser = await launchBrowser()
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await dev?.stop()
  }, 60_000)

  it.each(views)(
    'finds nothing at $width pixels in $scheme',
    async ({ width, scheme }) => {
      const barriers: string[] = []
      for (const { path, as, find } of pages) {
        const context = await browser.newContext({
          baseURL: dev.url,
          viewport: { width, height: 900 },
          colorScheme: scheme,
          // axe is put into the page, which our policy would refuse as it refuses every script of strangers.
          bypassCSP: true,
        })
        const page = await context.newPage()
        if (as !== undefined) await signIn(page, as)
        await page.goto(path)
        if (find !== undefined) {
          await page.fill('input[name=user]', find)
          await Promise.all([page.waitForEvent('load'), page.click('button[value=find]')])
        }
        for (const { id, nodes } of await findBarriers(page))
          barriers.push(`${path} (${as ?? 'stranger'}): ${id}: ${nodes[0]?.html.slice(0, 120)}`)
        await context.close()
      }
      expect(barriers).toEqual([])
    },
    240_000,
  )

  it.each(views)(
    'finds nothing on the pages of the package at $width pixels in $scheme',
    async ({ width, scheme }) => {
      const context = await browser.newContext({
        viewport: { width, height: 900 },
        colorScheme: scheme,
      })
      const page = await context.newPage()
      const barriers: string[] = []
      for (const [name, html] of renderPackagePages()) {
        await page.setContent(html)
        for (const { id, nodes } of await findBarriers(page))
          barriers.push(`${name}: ${id}: ${nodes[0]?.html.slice(0, 120)}`)
      }
      expect(barriers).toEqual([])
      await context.close()
    },
    240_000,
  )
})

/** Every kind of page that the package renders: plain and in a site's look, each status, each language, choices and buttons. */
function renderPackagePages(): ReadonlyArray<readonly [name: string, html: string]> {
  const site = sitePages({
    name: 'Shop',
    languages: [german, french, spanish, japanese],
    links: [{ text: 'Status', href: '/status' }],
  })
  const render = (status: number, language: string): string =>
    site.render(
      findStatusText(status),
      {
        headers: new Headers({ 'accept-language': language }),
        requestId: 'UYPD7bjffvZUMiULp0WvdM',
        signIn: status === 401 ? '/login' : undefined,
      },
      status === 429 || status === 503 ? 90 : undefined,
    ).html
  const statuses = [400, 401, 403, 404, 405, 408, 413, 414, 415, 421, 429, 431, 500, 502, 503, 504]
  const content = { title: 'Sign in', text: 'Choose how to sign in.' }
  const renderContent = (more: object): string =>
    site.renderContent(
      { status: 200, content: { ...content, ...more }, retryAfter: undefined },
      new Headers(),
    ).html
  return [
    ...statuses.map((status) => [`${status} in English`, render(status, 'en')] as const),
    ...['de', 'fr', 'es', 'ja'].flatMap((tag) =>
      [401, 429, 503].map((status) => [`${status} in ${tag}`, render(status, tag)] as const),
    ),
    ...[401, 404, 503].map((status) => [`${status}, plain`, renderPlain(status)] as const),
    ['a choice', renderContent({ links: [{ text: 'Google', href: '/.portcullis/login/google' }] })],
    ['a button', renderContent({ button: { action: '/.portcullis/logout', text: 'Sign out' } })],
  ]
}

/** The plain page has the colours of the browser's scheme. axe takes its background for white unless a style names it. */
function renderPlain(status: number): string {
  const html = htmlPage(findStatusText(status), 'UYPD7bjffvZUMiULp0WvdM', '/login')
  return html.replace('<style>', '<style>html{background:Canvas}')
}

async function signIn(page: Page, user: string): Promise<void> {
  await page.goto('/login')
  await page.fill('input[name=user]', user)
  await page.fill('input[name=password]', 'wonderland')
  await Promise.all([
    page.waitForURL((url) => url.pathname !== '/login'),
    page.press('input[name=password]', 'Enter'),
  ])
}

/** What WCAG 2.2 AA and its tools' best practices do not allow. */
async function findBarriers(page: Page): Promise<readonly Barrier[]> {
  await page.evaluate(axe)
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: Barrier[] }> }
    }
    return (await axe.run()).violations
  })
}
