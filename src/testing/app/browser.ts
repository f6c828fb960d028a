/**
 * A browser without a network: it keeps cookies, and sends what a real one sends with pages, forms
 * and scripts. Tests of applications create it, and the login browser builds on it. It throws an
 * `Error` for a server that it does not know, for too many redirects, and for a session cookie
 * that a browser would ignore.
 */
import { isSafeMethod } from '../../request/index.ts'
import type { ThreeVerbs } from '../../session/index.ts'
import type { Clock } from '../../types.ts'
import {
  type BrowserCookie,
  type BrowserJar,
  createBrowserJar,
  type RejectedCookie,
} from './cookie-jar.ts'
import { startSession } from './sign-in.ts'

/** An app: a Hono app, a gateway, or anything else with `fetch`. */
export interface AppUnderTest {
  /** Answers a request. */
  // biome-ignore lint/suspicious/noExplicitAny: every app types its environment and context differently.
  fetch(request: Request, env?: any, context?: any): Response | Promise<Response>
}

/** Options of {@link createBrowser}. */
export interface BrowserOptions {
  /** The app. `{ fetch }` with the global fetch asks a server that listens. */
  readonly site: AppUnderTest
  /** Where the app is, such as `https://app.example.com`. Paths are resolved against it. */
  readonly origin: string
  /** The environment that the app receives: `c.env`. Default none. */
  readonly env?: unknown
  /** Other servers by their origin, such as an identity provider. Default none. */
  readonly servers?: Readonly<Record<string, AppUnderTest>>
  /** Returns the time in milliseconds, by which cookies expire. Default `Date.now`. */
  readonly clock?: Clock
}

/** Where a form or a script is. */
export interface FromPage {
  /** Origin of the page that sends it, such as `https://evil.example`. Default: the site's own. */
  readonly from?: string
}

/** A browser. */
export interface TestBrowser {
  /** Opens a page as somebody who types its address, and follows redirects unless `redirect` is `'manual'`. */
  open(url: string, init?: RequestInit): Promise<Response>
  /** Opens a page, and follows no redirect. */
  request(url: string, init?: RequestInit): Promise<Response>
  /** Sends a form by POST as a page does, and follows redirects. */
  submit(
    url: string,
    fields?: Readonly<Record<string, string>>,
    init?: RequestInit & FromPage,
  ): Promise<Response>
  /** Sends what a script of a page sends with `fetch(url, { credentials: 'include' })`. */
  fetch(url: string, init?: RequestInit & FromPage): Promise<Response>
  /**
   * Starts a session in this browser, without a login page.
   *
   * @throws {Error} where a browser at this origin would ignore the session's cookie
   */
  signIn<Data>(sessions: ThreeVerbs<Data>, data: Data): Promise<void>
  /** Returns the `Cookie` header that a page of this address would receive. */
  readCookies(url: string): string
  /** Lists the cookies, in the form that Playwright's `context.addCookies()` takes. */
  listCookies(): BrowserCookie[]
  /** Sets a cookie from a `Set-Cookie` line, as if the site had sent it. */
  setCookie(line: string): void
  /** Removes every cookie. */
  clearCookies(): void
  /** Lists the cookies that a real browser would have ignored, and why. */
  readonly rejectedCookies: readonly RejectedCookie[]
  /** Returns another browser with the same cookies: a second tab whose responses it does not see, or a thief. */
  copy(): TestBrowser
  /** The address of the last page. */
  readonly url: string
}

const mostRedirects = 12

/** What causes a request. */
interface Cause {
  readonly mode: 'navigate' | 'cors'
  /** Origin of the page; undefined where a person typed the address. */
  readonly from: string | undefined
}

/**
 * Creates a browser. Requests go to the app in this process; no port is opened.
 *
 * @example
 * ```ts
 * const browser = createBrowser({ site: app, origin: 'https://app.example.com' })
 * await browser.signIn(sessions, { user: 'ada' })
 * const page = await browser.open('/account')
 * const stolen = await browser.submit('/transfer', { to: 'eve' }, { from: 'https://evil.example' })
 * ```
 */
export function createBrowser(options: BrowserOptions): TestBrowser {
  return createBrowserWith(options, createBrowserJar(options.clock))
}

function createBrowserWith(options: BrowserOptions, jar: BrowserJar): TestBrowser {
  const { site, origin, env, servers = {} } = options
  let currentUrl = origin

  async function send(url: string, init: RequestInit, cause: Cause): Promise<Response> {
    const target = new URL(url, origin)
    const method = init.method?.toUpperCase() ?? 'GET'
    const headers = new Headers(createMetadata(cause, target, method))
    for (const [name, value] of new Headers(init.headers)) headers.set(name, value)

    const crossSite = isCrossSite(cause.from, target)
      ? ({
          crossSite: isSafeMethod(method) && cause.mode === 'navigate' ? 'navigation' : 'other',
        } as const)
      : {}
    const cookies = jar.read({ url: target, ...crossSite })
    if (cookies !== '' && !headers.has('cookie')) headers.set('cookie', cookies)

    const request = new Request(target, { ...init, headers, redirect: 'manual' })
    const server = findServer(target)
    const response = await server.fetch(request, env, createContext())
    for (const line of response.headers.getSetCookie()) jar.keep(line, target)
    if (cause.mode === 'navigate') currentUrl = target.href

    return response
  }

  function findServer(target: URL): AppUnderTest {
    if (target.origin === new URL(origin).origin) return site
    const server = servers[target.origin]
    if (server === undefined) throw new Error(`No server is known at ${target.origin}`)
    return server
  }

  async function navigate(url: string, init: RequestInit, cause: Cause): Promise<Response> {
    let [response, step] = [await send(url, init, cause), init]
    if (init.redirect === 'manual') return response

    for (let turn = 0; turn < mostRedirects; turn++) {
      const location = response.headers.get('location')
      if (location === null || !isRedirect(response.status)) return response
      step = createNextStep(step, response.status)
      response = await send(new URL(location, currentUrl).href, step, cause)
    }
    throw new Error(`More than ${mostRedirects} redirects, the last to ${currentUrl}`)
  }

  const typed: Cause = { mode: 'navigate', from: undefined }
  return {
    open: (url, init = {}) => navigate(url, init, typed),
    request: (url, init = {}) => send(url, init, typed),
    submit(url, fields = {}, { from = new URL(currentUrl).origin, ...init } = {}) {
      const body = new URLSearchParams(fields)
      return navigate(url, { method: 'POST', body, ...init }, { mode: 'navigate', from })
    },
    fetch: (url, { from = new URL(currentUrl).origin, ...init } = {}) =>
      send(url, init, { mode: 'cors', from }),
    async signIn(sessions, data) {
      const before = jar.rejected.length
      for (const line of await startSession(sessions, data, env)) jar.keep(line, new URL(origin))
      const rejected = jar.rejected[before]
      if (rejected)
        throw new Error(`A browser ignores the cookie of this session: ${rejected.problem}`)
    },
    readCookies: (url) => jar.read({ url: new URL(url, origin) }),
    listCookies: () => jar.list(),
    setCookie: (line) => jar.keep(line, new URL(origin)),
    clearCookies: () => jar.clear(),
    rejectedCookies: jar.rejected,
    copy: () => createBrowserWith(options, jar.copy()),
    get url() {
      return currentUrl
    },
  }
}

/** Fetch Metadata section 2, and `Origin` where Fetch section 3.2 wants one. */
function createMetadata(cause: Cause, target: URL, method: string): Record<string, string> {
  const { mode, from } = cause
  const isPage = mode === 'navigate'
  const relation =
    from === undefined
      ? 'none'
      : from === target.origin
        ? 'same-origin'
        : isCrossSite(from, target)
          ? 'cross-site'
          : 'same-site'
  const needsOrigin =
    from !== undefined && (!isSafeMethod(method) || (!isPage && from !== target.origin))

  return {
    accept: isPage ? 'text/html' : '*/*',
    'sec-fetch-mode': mode,
    'sec-fetch-dest': isPage ? 'document' : 'empty',
    'sec-fetch-site': relation,
    ...(needsOrigin && { origin: from }),
  }
}

/** Whether two hosts are of different sites; without a list of public suffixes a site is the last two labels. */
function isCrossSite(from: string | undefined, target: URL): boolean {
  if (from === undefined) return false
  const source = new URL(from)
  return source.protocol !== target.protocol || findSite(source) !== findSite(target)
}

function findSite({ hostname }: URL): string {
  const isAddress = /^[\d.]+$/.test(hostname) || hostname.startsWith('[')
  return isAddress ? hostname : hostname.split('.').slice(-2).join('.')
}

function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status)
}

/** Fetch section 4.4: 303 makes everything but HEAD a GET, 301 and 302 a POST; 307 and 308 send the same again. */
function createNextStep(step: RequestInit, status: number): RequestInit {
  const method = step.method?.toUpperCase() ?? 'GET'
  const isDropped =
    status === 303 ? method !== 'HEAD' : [301, 302].includes(status) && method === 'POST'
  if (!isDropped || method === 'GET') return step

  const { body: _body, method: _method, headers, ...rest } = step
  const kept = new Headers(headers)
  kept.delete('content-type')
  return { ...rest, headers: kept }
}

/** As Workers have it: an app may ask to go on after its response. */
function createContext(): object {
  return {
    waitUntil: (promise: Promise<unknown>) => void Promise.resolve(promise).catch(() => undefined),
    passThroughOnException: () => undefined,
  }
}
