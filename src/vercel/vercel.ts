/**
 * Creates one handler for everything Vercel and Next call: functions, `proxy.ts`, `middleware.ts`,
 * and the proxy entry of `vercel.json`. Applications call `vercel()` with an app or with options
 * of a guard. Wrong options are a `ConfigError` while building.
 */
import { validatePages } from '../gateway/config/validate-options.ts'
import { createIssues } from '../options/index.ts'
import { errorResponse, type PageTemplate } from '../page/index.ts'
import { setSitePages } from '../page/template/site-pages.ts'
import { type Platform, readHost } from '../request/index.ts'
import type { ProjectEnv } from '../types.ts'
import { moveRequest, withHost } from './asked-request.ts'
import { guard, type VercelGuardOptions } from './guard.ts'
import { finish } from './pass-through.ts'

/** An app that handles requests: a Hono app, a gateway, a {@link guard}. */
export interface VercelApp<E = ProjectEnv> {
  // Hono's `fetch` needs the whole of its ExecutionContext, others less: the callee checks nothing.
  /** Answers a request; `env` and `context` as Workers hand them over. */
  // biome-ignore lint/suspicious/noExplicitAny: the contexts of two frameworks have no common type.
  fetch(request: Request, env: E, context: any): Response | Promise<Response>
}

/** The second argument that Vercel and Next pass; functions get none. */
export interface EventLike {
  /** Keeps the function alive until the work is done. */
  waitUntil?(promise: Promise<unknown>): void
}

/** A handler for `export default`, `export const proxy` or `export const GET`. */
export type VercelHandler = (request: Request, event?: EventLike) => Promise<Response>

/** Options of {@link vercel}. */
export interface VercelOptions<E = ProjectEnv> {
  /**
   * The environment: `c.env` of `FromEnv` functions and handlers, such as `process.env`, or the
   * variables that you name. Default: an empty object, for configurations whose functions read
   * `process.env` themselves.
   */
  readonly env?: E
  /**
   * The platform in front of an app, which decides which headers about the client are trusted; a
   * guard has an option of its own. Default `'vercel'`.
   */
  readonly platform?: Platform
  /**
   * The look and the languages of every page that a visitor sees: `pages({ ... })` of
   * `portcullis/page`. An app or a guard with an option `pages` of its own uses that. Default:
   * plain, in English.
   */
  readonly pages?: PageTemplate
}

/**
 * Makes a handler of an app, or of the options of a {@link guard}. What the platforms ask of an answer is seen to: a
 * relative Location becomes absolute (Next answers 500 to it), every Set-Cookie stays, and an answer made by `passThrough`
 * tells the project the request's headers without what only the platform or the guard may say, and with the cookies that
 * this answer sets.
 *
 * @example
 * ```ts
 * export const proxy = vercel(app)
 * ```
 * @throws {ConfigError} `ERR_CONFIG` for options that cannot be served
 */
export function vercel<E = ProjectEnv>(app: VercelApp<E>, options?: VercelOptions<E>): VercelHandler
export function vercel<Data extends object, E = ProjectEnv>(
  guardOptions: VercelGuardOptions<Data, E>,
  options?: VercelOptions<E>,
): VercelHandler
export function vercel(
  appOption: unknown,
  { env = {}, platform, pages: pagesOption }: VercelOptions<object> = {},
): VercelHandler {
  const issues = createIssues('vercel')
  const pages = validatePages(pagesOption, issues)
  issues.throwIfAny()

  const isApp = typeof (Object(appOption) as Partial<VercelApp>).fetch === 'function'
  const app = (
    isApp
      ? atAskedHost(appOption as VercelApp<object>, pages)
      : guard({ ...(pages && { pages }), ...(appOption as VercelGuardOptions<never, never>) })
  ) as VercelApp<object>

  const frontPlatform =
    platform ??
    (isApp ? undefined : (appOption as Pick<VercelGuardOptions, 'platform'>).platform) ??
    'vercel'

  return async function handler(request, event): Promise<Response> {
    return finish(request, await app.fetch(request, env, createContext(event)), frontPlatform)
  }
}

/**
 * Calls an app at the host that the client requested. `next start` puts `localhost` into every URL,
 * whatever Host says: a check of the host would allow all requests, or none.
 */
function atAskedHost(app: VercelApp<object>, pages: PageTemplate | undefined): VercelApp<object> {
  return {
    fetch(request, env, context): Response | Promise<Response> {
      const requestedHost = readHost(request.headers)
      if (requestedHost.type === 'malformed')
        return errorResponse('host-malformed', request, { pages })
      const movedRequest =
        requestedHost.type === 'host'
          ? moveRequest(request, withHost(request.url, requestedHost.host))
          : request

      if (pages !== undefined) setSitePages(movedRequest, pages)

      return app.fetch(movedRequest, env, context)
    },
  }
}

/** Hono's shape of it, which other apps ignore. */
function createContext(event: EventLike | undefined): object {
  return {
    waitUntil(promise: Promise<unknown>): void {
      const platformContext = event?.waitUntil ? event : requestContext()
      if (platformContext?.waitUntil) platformContext.waitUntil(promise)
      else promise.catch(() => {}) // goes on as long as the process does
    },
    passThroughOnException(): void {},
    props: {},
  }
}

/** Where Vercel's functions find it; `@vercel/functions` reads the same. */
function requestContext(): EventLike | undefined {
  const contextSymbol = Symbol.for('@vercel/request-context')
  const contextHolder = (
    globalThis as { [key: symbol]: { get?(): EventLike | undefined } | undefined }
  )[contextSymbol]
  return contextHolder?.get?.()
}
