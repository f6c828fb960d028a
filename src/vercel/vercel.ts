/**
 * Creates the handler that Vercel and Next call: for functions, `proxy.ts`, `middleware.ts`, and the proxy entry of
 * `vercel.json`. Applications call `vercel()` with an app or with the options of a guard. Wrong options throw a
 * `ConfigError` (`ERR_CONFIG`) while building. A malformed Host header gets 400. Errors of the app reject. Without
 * `waitUntil` of the platform, work after the response may be cut off and its errors are dropped.
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
  // Hono's `fetch` needs a complete ExecutionContext, and other apps need less, so the type of the context is open.
  /** Handles a request. `env` and `context` are the arguments that Workers pass. */
  // biome-ignore lint/suspicious/noExplicitAny: the contexts of two frameworks have no common type.
  fetch(request: Request, env: E, context: any): Response | Promise<Response>
}

/** The second argument that Vercel and Next pass. Functions get none. */
export interface EventLike {
  /** Keeps the function alive until the work is done. */
  waitUntil?(promise: Promise<unknown>): void
}

/** A handler for `export default`, `export const proxy` or `export const GET`. */
export type VercelHandler = (request: Request, event?: EventLike) => Promise<Response>

/** Options of {@link vercel}. */
export interface VercelOptions<E = ProjectEnv> {
  /**
   * The environment, which `FromEnv` functions and handlers read as `c.env`: `process.env`, or an object
   * of your own. Default: an empty object, for configurations whose functions read `process.env`
   * themselves.
   */
  readonly env?: E
  /**
   * The platform in front of an app, which decides which headers about the client are trusted. Default:
   * the option `platform` of a guard, otherwise `'vercel'`.
   */
  readonly platform?: Platform
  /**
   * The look and the languages of all pages of this library: `pages({ ... })` of `portcullis/page`. An
   * option `pages` of the app or guard takes precedence. Default: plain pages in English.
   */
  readonly pages?: PageTemplate
}

/**
 * Creates a handler from an app, or from the options of a {@link guard}. It completes each response for the platform: a
 * relative Location becomes absolute, since Next would respond with 500, and all Set-Cookie headers are kept. A
 * response of `passThrough` passes the headers of the request to the project, without those that only the platform or
 * the guard may set, and with the cookies that the response sets.
 *
 * @example
 * ```ts
 * export const proxy = vercel(app)
 * ```
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
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
      ? withRequestedHost(appOption as VercelApp<object>, pages)
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
 * Wraps an app so that the URL of a request has the host that the client requested. `next start` puts
 * `localhost` into every URL and ignores the Host header, so a check of the host would be useless.
 */
function withRequestedHost(
  app: VercelApp<object>,
  pages: PageTemplate | undefined,
): VercelApp<object> {
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

/** Creates an ExecutionContext as Hono expects it. Other apps only use `waitUntil`. */
function createContext(event: EventLike | undefined): object {
  return {
    waitUntil(promise: Promise<unknown>): void {
      const platformContext = event?.waitUntil ? event : readVercelContext()
      if (platformContext?.waitUntil) platformContext.waitUntil(promise)
      else promise.catch(() => {}) // The work goes on for as long as the process runs.
    },
    passThroughOnException(): void {},
    props: {},
  }
}

/** Reads the context of the request that Vercel provides to functions, as `@vercel/functions` does. */
function readVercelContext(): EventLike | undefined {
  const contextSymbol = Symbol.for('@vercel/request-context')
  const contextHolder = (
    globalThis as { [key: symbol]: { get?(): EventLike | undefined } | undefined }
  )[contextSymbol]
  return contextHolder?.get?.()
}
