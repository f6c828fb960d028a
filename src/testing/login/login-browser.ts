/**
 * Creates a browser for tests of a site with a login, which also reaches the development provider,
 * and signs a person in with it. Tests of applications call both functions. `signInAs` throws an
 * `Error` where the login page does not redirect to the provider, where the person does not exist
 * there, and after 12 redirects. It reads the provider's HTML, so it works with `devProvider()`
 * only.
 */
import { type BrowserOptions, createBrowser, type TestBrowser } from '../app/browser.ts'
import type { DevProvider } from './dev-provider.ts'

/** Options of {@link createLoginBrowser}. */
export interface LoginBrowserOptions extends BrowserOptions {
  /** The provider at which the site's users sign in. */
  readonly provider: DevProvider
}

/** A browser that reaches a provider. */
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
 * Signs a person in: opens the login page, and clicks the person at the provider.
 *
 * @example
 * ```ts
 * const page = await signInAs(browser, 'ada', { path: '/account' })
 * ```
 * @returns the page where the login ended
 * @throws {Error} where the login page does not redirect to the provider, or the person does not exist there
 */
export async function signInAs(
  browser: LoginBrowser,
  person: string,
  { path = '/.portcullis/login' }: SignInAsOptions = {},
): Promise<Response> {
  const page = await browser.open(path)
  if (new URL(browser.url).origin !== browser.provider) {
    throw new Error(
      `${path} did not redirect to the provider, but to ${browser.url}, with status ${page.status}`,
    )
  }
  const html = await page.text()
  if (!html.includes(`name="person" value="${person}"`)) {
    throw new Error(
      `The development provider has no person ${person}; add one to its option people`,
    )
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
