/** The test projects of `npm run test:next`, and what must hold of each with its guard. */
import assert from 'node:assert/strict'
import { Agent, request } from 'node:http'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { type AddressSettings, type Attack, listAttacks } from './next-addresses.ts'
import type { TestProject } from './next-project.ts'

const locales = { locales: ['en', 'fr', 'pt-BR'], defaultLocale: 'en' }
const rewrites = [
  { source: '/boss', destination: '/admin' },
  { source: '/boss/:path*', destination: '/admin/:path*' },
]

/** Projects with a guard inside, that Next itself calls. */
export const guardedProjects: readonly TestProject[] = [
  { name: 'basePath', tree: 'app', guard: 'proxy.ts', settings: { basePath: '/shop', rewrites } },
  {
    name: 'i18n',
    tree: 'pages',
    guard: 'middleware.ts',
    settings: {
      i18n: { ...locales, domains: [{ domain: 'fr.localhost', defaultLocale: 'fr' }] },
      rewrites,
    },
  },
  { name: 'pages', tree: 'pages', guard: 'proxy.ts', settings: { trailingSlash: true, rewrites } },
  {
    name: 'skipProxyUrlNormalize',
    tree: 'pages',
    guard: 'proxy.ts',
    settings: { basePath: '/shop', i18n: locales, skipProxyUrlNormalize: true, rewrites },
  },
]

/** Next allows no guard in a static export: it runs in front of the files. */
export const exported: TestProject = {
  name: 'export',
  tree: 'export',
  settings: { output: 'export', images: { unoptimized: true } },
}

/** A project without a guard, for a gateway in front of it. */
export const bare: TestProject = { name: 'bare', tree: 'pages', settings: {} }

/** A project that runs, and a browser in front of it. */
export interface ProjectScene {
  readonly url: string
  /** Where the build is. */
  readonly folder: string
  readonly settings: AddressSettings & { readonly trailingSlash?: boolean }
  readonly browser: Browser
  readonly tree: TestProject['tree']
}

/** One thing to find out; the figure it returns is printed. */
export type ProjectCheck = readonly [title: string, run: (scene: ProjectScene) => Promise<string>]

/** What holds of every guarded project. */
export const projectChecks: readonly ProjectCheck[] = [
  ['N1, N2: no address of a guarded page answers 200 to who may not see it', attackEverything],
  ['N1: the guard is called for the home page', callHomePage],
  ['N3, N4, N5: public pages show their images, and no browser reports anything', showPublicPages],
  ['a login leads back, a page knows who is asking, and a logout ends it', logInAndOut],
]

const words = 'guarded content'

/** Cookie headers of two sessions: one without the role that the guarded pages need, and one with it. */
export interface Cookies {
  readonly bob: string
  readonly alice: string
}

async function attackEverything(scene: ProjectScene): Promise<string> {
  const bob = await cookieFor(scene, 'bob', 'builder')
  const alice = await cookieFor(scene, 'alice', 'wonderland')
  return attackPages(scene.url, listAttacks(scene.folder, scene.settings), { bob, alice })
}

/**
 * Requests by a session without the role; by nobody where that was not refused; and by who has the role, until there is no
 * doubt that there was something to get.
 */
export async function attackPages(
  url: string,
  attacks: readonly Attack[],
  { bob, alice }: Cookies,
  least = 20,
): Promise<string> {
  const leaks: string[] = []
  let served = 0
  const statuses = new Set<number>()

  /** Whether the answer is a refusal. */
  async function isRefused(who: string, attack: Attack, cookie: string): Promise<boolean> {
    const { status, body } = await sendAttack(url, attack, cookie)
    if (status < 300 && body.includes(words)) leaks.push(`${who}: ${describe(attack)}`)

    // The optimizer says 500 of a file that it was not given.
    if (status >= 500 && !attack.path.includes('/_next/image'))
      leaks.push(`${who}: ${describe(attack)} answered ${status}: ${body.slice(0, 200)}`)
    return status >= 400
  }

  async function attempt(attack: Attack): Promise<void> {
    const refused = await isRefused('bob', attack, bob)
    if (!refused) await isRefused('nobody', attack, '')
    if (Object.keys(attack.headers).length > 0 || served >= 2 * least) return

    const answer = await sendAttack(url, attack, alice)
    statuses.add(answer.status)
    if (answer.status === 200 && answer.body.includes(words)) served++
  }

  const waiting = [...attacks]
  const workers = Array.from({ length: 6 }, async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await attempt(next)
  })
  await Promise.all(workers)
  assert.deepEqual(leaks.slice(0, 20), [], `${leaks.length} of ${attacks.length}`)

  const seen = `Next served only ${served} to who may see the page, who got ${[...statuses]}`
  assert.ok(served >= least, seen)

  return `0 of ${attacks.length} requests; ${served} or more serve the page to who may see it`
}

function describe({ path, method, headers }: Attack): string {
  return `${method ?? 'GET'} ${path} ${JSON.stringify(headers)}`
}

/** Next answers a navigation of its router with 307 to the same page with another `_rsc`; it is followed once. */
async function sendAttack(url: string, attack: Attack, cookie: string): Promise<Answer> {
  const first = await send(url, attack.path, attack.headers, cookie, attack.method)
  if (first.status !== 307 && first.status !== 308) return first

  const { location = '' } = first
  if (location === '' || !URL.canParse(location, url)) return first

  const to = new URL(location, url)
  return send(url, to.pathname + to.search, attack.headers, cookie, attack.method)
}

interface Answer {
  readonly status: number
  readonly body: string
  readonly location?: string | undefined
  readonly headers: Readonly<Record<string, unknown>>
}

const agent = new Agent({ keepAlive: true, maxSockets: 6, timeout: 120_000 })

/** A request with this very path and these headers; `fetch` would tidy both. */
export function send(
  url: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  cookie = '',
  method: 'GET' | 'POST' = 'GET',
): Promise<Answer> {
  const { hostname, port, origin } = new URL(url)
  const own =
    method === 'POST'
      ? { origin, 'sec-fetch-site': 'same-origin', 'content-type': 'text/plain' }
      : {}

  return new Promise((done, failed) => {
    const all = { ...own, ...headers, ...(cookie && { cookie }) }
    const sent = request({ agent, hostname, port, path, method, headers: all }, (answer) => {
      let body = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk
      })
      answer.once('end', () => {
        const { statusCode: status = 0, headers: said } = answer
        done({ status, body, location: said.location, headers: said })
      })
    })

    sent.once('error', failed)
    sent.end(method === 'POST' ? '[]' : undefined)
  })
}

async function callHomePage({ url, settings }: ProjectScene): Promise<string> {
  const { basePath = '', i18n } = settings
  const prefixes = [
    '',
    ...(i18n?.locales ?? []).filter((name) => name !== 'en').map((name) => `/${name}`),
  ]

  for (const prefix of prefixes) {
    const path = basePath + prefix || '/'
    const slash = settings.trailingSlash && !path.endsWith('/') ? '/' : ''
    const { status, headers } = await send(url, path + slash, { accept: 'text/html' })

    assert.deepEqual([path, status], [path, 200])
    // Only the guard sets it.
    assert.match(`${headers['content-security-policy-report-only']}`, /'nonce-[\w-]{24}'/, path)
  }

  return `${prefixes.length} home pages`
}

interface Look {
  readonly images: ReadonlyArray<readonly [alt: string, width: number]>
  readonly complaints: readonly string[]
}

async function showPublicPages({ url, settings, browser, tree }: ProjectScene): Promise<string> {
  const { basePath = '', i18n } = settings
  const paths = tree === 'app' ? ['/', '/gallery'] : ['/', ...(i18n ? ['/fr', '/pt-BR'] : [])]
  let shown = 0

  for (const path of paths) {
    const { images, complaints } = await look(browser, url + basePath + path)
    assert.deepEqual(complaints, [], path)
    assert.ok(images.length >= 2, `${path} has ${images.length} images`)

    for (const [alt, width] of images)
      assert.ok(width > 0, `${path}: the image ${alt} is not shown`)
    shown += images.length
  }

  return `${shown} images on ${paths.length} pages, no report`
}

/** Opens a page, and waits for its images. Violations are those of policies that only report as well. */
export async function look(browser: Browser, address: string): Promise<Look> {
  return withPage(browser, async (page) => {
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    await page.addInitScript(() => {
      document.addEventListener(
        'securitypolicyviolation',
        ({ effectiveDirective, blockedURI, disposition }) => {
          console.error(`${disposition}: ${effectiveDirective} ${blockedURI}`)
        },
      )
    })

    const answer = await page.goto(address, { waitUntil: 'networkidle' })
    assert.equal(answer?.status(), 200, address)

    const button = page.locator('button:has-text("Clicked 0 times")')
    if ((await button.count()) > 0) {
      await button.click()
      await page.waitForSelector('button:has-text("Clicked 1 times")')
    }

    const images = await page.evaluate(async () => {
      const all = [...document.images]
      await Promise.all(all.map((image) => image.decode().catch(() => undefined)))
      return all.map((image) => [image.alt, image.naturalWidth] as const)
    })

    return { images, complaints }
  })
}

async function withPage<T>(
  browser: Browser,
  run: (page: Page, context: BrowserContext) => Promise<T>,
): Promise<T> {
  const context = await browser.newContext()
  try {
    const page = await context.newPage()
    page.setDefaultTimeout(90_000)
    return await run(page, context)
  } finally {
    await context.close()
  }
}

async function signIn(
  page: Page,
  { url, settings }: ProjectScene,
  user: string,
  password: string,
): Promise<void> {
  await page.goto(`${url}${settings.basePath ?? ''}/login`)
  await page.fill('input[name=user]', user)
  await page.fill('input[name=password]', password)
  await page.click('main button[type=submit]')
  await page.waitForURL(/\/account\/?$/)
}

/** The Cookie header of somebody who has signed in at the project's own page. */
async function cookieFor(scene: ProjectScene, user: string, password: string): Promise<string> {
  return withPage(scene.browser, async (page, context) => {
    await signIn(page, scene, user, password)
    const [cookie] = await context.cookies()
    assert.ok(cookie, `${user} has a session`)

    return `${cookie.name}=${cookie.value}`
  })
}

async function logInAndOut(scene: ProjectScene): Promise<string> {
  const { url, settings, browser } = scene
  const { basePath = '', i18n } = settings

  return withPage(browser, async (page, context) => {
    const prefix = i18n ? '/fr' : ''
    await page.goto(`${url}${basePath}${prefix}/account`)

    const { pathname, searchParams } = new URL(page.url())
    assert.equal(pathname.replace(/\/$/, ''), `${basePath}${prefix}/login`)
    assert.equal(searchParams.get('return_to'), `${prefix}/account`)
    await signIn(page, scene, 'alice', 'wonderland')
    assert.equal((await context.cookies()).length, 1)
    await page.click('button:has-text("Log out")')
    await page.waitForFunction(() => !document.body.innerText.includes('Log out'))
    assert.deepEqual(await context.cookies(), [])

    return 'signed in and out'
  })
}
