/**
 * A browser for tests of a site with a login: it keeps cookies, and follows redirects between the
 * site and its provider. Tests call it. A login that does not reach the provider, or too many
 * redirects, throws an `Error`.
 */
import { type BrowserOptions, createBrowser, type TestBrowser } from '../app/browser.ts'
import type { DevProvider } from './dev-provider.ts'

/** Options of {@link createLoginBrowser}. */
export interface LoginBrowserOptions extends BrowserOptions {
  /** The provider that the site signs in at. */
  readonly provider: DevProvider
}

/** A browser that knows a provider. */
export interface LoginBrowser extends TestBrowser {
  /** The origin of the site. */
  readonly site: string
  /** The issuer of the provider. */
  readonly provider: string
}

/**
 * Creates a browser without a network: requests go to the site and to the provider in this process.
 *
 * @example
 * const browser = createLoginBrowser({ site: app, origin: 'http://localhost:8787', provider })
 * await signInAs(browser, 'alice')
 * const page = await browser.open('/orders')
 */
export function createLoginBrowser({ provider, ...options }: LoginBrowserOptions): LoginBrowser {
  const servers = { ...options.servers, [provider.issuer]: provider }
  const browser = createBrowser({ ...options, servers })

  return Object.defineProperties(browser, {
    site: { value: options.origin },
    provider: { value: provider.issuer },
  }) as LoginBrowser
}

/** Options of {@link signInAs}. */
export interface SignInAsOptions {
  /** A page of the site that needs a login, or its login page. Default `/.portcullis/login`. */
  readonly path?: string
}

/**
 * Signs somebody in: opens the login page, and clicks the person at the provider.
 *
 * @example
 * ```ts
 * const page = await signInAs(browser, 'ada', { path: '/account' })
 * ```
 * @returns the page where the login ended
 * @throws {Error} where the way does not lead to the provider, or the person does not exist there
 */
export async function signInAs(
  browser: LoginBrowser,
  person: string,
  { path = '/.portcullis/login' }: SignInAsOptions = {},
): Promise<Response> {
  const page = await browser.open(path)
  if (new URL(browser.url).origin !== browser.provider) {
    throw new Error(`${path} did not lead to the provider, but to ${browser.url}: ${page.status}`)
  }
  const html = await page.text()
  if (!html.includes(`name="person" value="${person}"`)) {
    throw new Error(`There is no ${person} at the development provider`)
  }
  const form = new URLSearchParams()
  for (const [, name = '', value = ''] of html.matchAll(hiddenField)) {
    form.append(unescapeHtml(name), unescapeHtml(value))
  }
  form.set('person', person)
  return browser.open(`${browser.provider}/auth`, { method: 'POST', body: form })
}

const hiddenField = /<input type="hidden" name="([^"]*)" value="([^"]*)">/g

function unescapeHtml(text: string): string {
  return text.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
}
