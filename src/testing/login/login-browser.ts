/** A browser for tests of a site with a login: it keeps cookies, and walks between the site and its provider. */
import type { DevProvider } from './dev-provider.ts'

/** Options of {@link createLoginBrowser}. */
export interface LoginBrowserOptions {
  /** The site: a Hono app, a gateway, or anything with `fetch`. */
  readonly site: { fetch(request: Request): Response | Promise<Response> }
  /** Where the site is, such as `http://localhost:8787`. */
  readonly origin: string
  /** The provider that the site signs in at. */
  readonly provider: DevProvider
}

/** A browser. */
export interface LoginBrowser {
  /** Asks for a page as a person does, with the cookies of its host, and follows redirects. */
  open(url: string, init?: RequestInit): Promise<Response>
  /** Asks once, and follows nothing. */
  request(url: string, init?: RequestInit): Promise<Response>
  /** The cookies of an origin, as a `Cookie` header. */
  readCookies(origin: string): string
  /** The address of the last page. */
  readonly url: string
  /** The origin of the site. */
  readonly site: string
  /** The issuer of the provider. */
  readonly provider: string
}

const mostRedirects = 12
const navigation = {
  accept: 'text/html',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
}

/**
 * Creates a browser without a network: requests go to the site and to the provider in this process.
 *
 * @example
 * const browser = createLoginBrowser({ site: app, origin: 'http://localhost:8787', provider })
 * await signInAs(browser, 'alice')
 * const page = await browser.open('/orders')
 */
export function createLoginBrowser({ site, origin, provider }: LoginBrowserOptions): LoginBrowser {
  const jars = new Map<string, Map<string, string>>()
  let current = origin

  function readCookies(of: string): string {
    return [...(jars.get(of) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  async function request(url: string, init: RequestInit = {}): Promise<Response> {
    const target = new URL(url, origin)
    const headers = new Headers({ ...navigation, ...(init.headers as Record<string, string>) })
    const cookies = readCookies(target.origin)
    if (cookies !== '') headers.set('cookie', cookies)
    const asked = new Request(target, { ...init, headers, redirect: 'manual' })
    const response = await (target.origin === provider.issuer
      ? provider.fetch(asked)
      : site.fetch(asked))
    const jar = jars.get(target.origin) ?? new Map<string, string>()
    jars.set(target.origin, jar)
    for (const line of response.headers.getSetCookie()) keepCookie(jar, line)
    current = target.href
    return response
  }

  async function open(url: string, init?: RequestInit): Promise<Response> {
    let response = await request(url, init)
    for (let turn = 0; turn < mostRedirects; turn++) {
      const location = response.headers.get('location')
      if (location === null) return response
      response = await request(new URL(location, current).href)
    }
    throw new Error(`More than ${mostRedirects} redirects, the last to ${current}`)
  }

  return {
    open,
    request,
    readCookies,
    get url() {
      return current
    },
    site: origin,
    provider: provider.issuer,
  }
}

function keepCookie(jar: Map<string, string>, line: string): void {
  const [pair = '', ...attributes] = line.split(';')
  const at = pair.indexOf('=')
  const name = pair.slice(0, at).trim()
  const isExpired = attributes.some((attribute) => /^\s*max-age=(?:0|-\d+)\s*$/i.test(attribute))
  if (isExpired) jar.delete(name)
  else jar.set(name, pair.slice(at + 1).trim())
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
