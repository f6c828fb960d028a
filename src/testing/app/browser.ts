/**
 * Creates a browser for tests, without a network: it stores cookies, follows redirects, and sends
 * the headers that a real browser sends with pages, forms and scripts. Tests of applications create
 * it, and `createLoginBrowser()` builds on it. It throws an `Error` for an origin without a server,
 * after 12 redirects, and in `signIn` for a session cookie that a browser would ignore. It runs no
 * scripts, applies no CORS, and takes the last two labels of a host for its site, without a list of
 * public suffixes.
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

/** The app under test: a Hono app, a gateway, or any object with `fetch`. */
export interface AppUnderTest {
  /** Responds to a request. */
  // biome-ignore lint/suspicious/noExplicitAny: every app types its environment and context differently.
  fetch(request: Request, env?: any, context?: any): Response | Promise<Response>
}

/** Options of {@link createBrowser}. */
export interface BrowserOptions {
  /** The app under test. `{ fetch: globalThis.fetch }` tests a running server over the network. */
  readonly site: AppUnderTest
  /** The origin of the app, such as `https://app.example.com`, against which paths are resolved. */
  readonly origin: string
  /** The environment that the app receives: `c.env`. Default none. */
  readonly env?: unknown
  /** Other servers by their origin, such as an identity provider. Default none. */
  readonly servers?: Readonly<Record<string, AppUnderTest>>
  /** Returns the time in milliseconds, by which cookies expire. Default `Date.now`. */
  readonly clock?: Clock
}

/** The page with a form or a script. */
export interface FromPage {
  /**
   * The origin of the page that sends the request, such as `https://evil.example`. Default: the
   * origin of the last page.
   */
  readonly from?: string
}

/** A browser. */
export interface TestBrowser {
  /**
   * Opens a page as if its URL was typed into the address bar, and follows redirects unless
   * `redirect` is `'manual'`.
   */
  open(url: string, init?: RequestInit): Promise<Response>
  /** Opens a page without following redirects. */
  request(url: string, init?: RequestInit): Promise<Response>
  /** Sends a form by POST as a page does, and follows redirects. */
  submit(
    url: string,
    fields?: Readonly<Record<string, string>>,
    init?: RequestInit & FromPage,
  ): Promise<Response>
  /**
   * Sends the request that a script of a page sends with `fetch(url, { credentials: 'include' })`.
   */
  fetch(url: string, init?: RequestInit & FromPage): Promise<Response>
  /**
   * Starts a session in this browser, without a login page.
   *
   * @throws {Error} where a browser at this origin would ignore the session's cookie
   */
  signIn<Data>(sessions: ThreeVerbs<Data>, data: Data): Promise<void>
  /** Returns the `Cookie` header of a request to this URL. */
  readCookies(url: string): string
  /** Lists the cookies, in the form that Playwright's `context.addCookies()` accepts. */
  listCookies(): BrowserCookie[]
  /** Sets a cookie from a `Set-Cookie` line, as if the site had sent it. */
  setCookie(line: string): void
  /** Removes every cookie. */
  clearCookies(): void
  /** The cookies that a real browser would have ignored, with the reason. */
  readonly rejectedCookies: readonly RejectedCookie[]
  /**
   * Returns another browser with a copy of the cookies, such as a thief's, or a tab that does not
   * see later responses.
   */
  copy(): TestBrowser
  /** The URL of the last page. */
  readonly url: string
}

const maxRedirects = 12

/** The cause of a request, which decides its Fetch Metadata. */
interface Cause {
  readonly mode: 'navigate' | 'cors'
  /** The origin of the page; undefined where the URL was typed into the address bar. */
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
    if (server === undefined)
      throw new Error(
        `No server is known at ${target.origin}; add it to the option servers of the browser`,
      )
    return server
  }

  async function navigate(url: string, init: RequestInit, cause: Cause): Promise<Response> {
    let [response, step] = [await send(url, init, cause), init]
    if (init.redirect === 'manual') return response

    for (let turn = 0; turn < maxRedirects; turn++) {
      const location = response.headers.get('location')
      if (location === null || !isRedirect(response.status)) return response
      step = createNextStep(step, response.status)
      response = await send(new URL(location, currentUrl).href, step, cause)
    }
    throw new Error(`More than ${maxRedirects} redirects, the last to ${currentUrl}`)
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
      const rejectedBefore = jar.rejected.length
      for (const line of await startSession(sessions, data, env)) jar.keep(line, new URL(origin))
      const rejected = jar.rejected[rejectedBefore]
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

/**
 * Creates the headers of Fetch Metadata (section 2), and `Origin` where Fetch section 3.2 requires
 * it.
 */
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

/**
 * Reports whether two hosts belong to different sites. Without a list of public suffixes, a site is
 * the last two labels.
 */
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

/**
 * Creates the request that follows a redirect (Fetch section 4.4): 303 turns every method except
 * HEAD into GET, 301 and 302 turn POST into GET, and 307 and 308 repeat the request.
 */
function createNextStep(step: RequestInit, status: number): RequestInit {
  const method = step.method?.toUpperCase() ?? 'GET'
  const isDropped =
    status === 303 ? method !== 'HEAD' : [301, 302].includes(status) && method === 'POST'
  if (!isDropped || method === 'GET') return step

  const { body: _body, method: _method, headers, ...rest } = step
  const nextHeaders = new Headers(headers)
  nextHeaders.delete('content-type')
  return { ...rest, headers: nextHeaders }
}

/**
 * Creates an execution context as Workers have it, with which an app can continue work after its
 * response.
 */
function createContext(): object {
  return {
    waitUntil: (promise: Promise<unknown>) => void Promise.resolve(promise).catch(() => undefined),
    passThroughOnException: () => undefined,
  }
}
