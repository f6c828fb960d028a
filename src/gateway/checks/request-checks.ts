/**
 * Creates the checks that every request goes through before its route is known: path, host, https,
 * method, and size of URL and headers. `compile.ts` creates the list, and `handle-request.ts` runs it
 * in this order. A check returns a rejection (400, 405, 414, 421, 431 and others by its reason), a
 * redirect with 308 to the canonical path or to https, or undefined for a request that may go on. The
 * path check writes `path` and `search` to the context, and the size check writes
 * `strippedHeaders`; later steps rely on both. Nothing is thrown.
 */

import { createHeaderFilter } from '../../proxy/request-headers.ts'
import {
  type CheckLimits,
  canonicalPath,
  checkHttps,
  isKnownMethod,
  type Platform,
  readHost,
  readUrlHost,
} from '../../request/index.ts'
import { type RequestRejecter, redirect } from '../reject.ts'
import type { RouteTable } from '../routes/table.ts'
import type { RequestCheck } from './check.ts'
import { preserveEncodedSlashes } from './encoded-slash.ts'

/** The options of the checks of every request. */
export interface RequestCheckOptions {
  readonly reject: RequestRejecter
  readonly platform: Platform
  /** Checks the size of URL and headers; undefined if the option `limits` is false. */
  readonly limits: CheckLimits | undefined
  readonly routes: Pick<RouteTable, 'hosted' | 'keepsSlashes' | 'names'>
  /** True if an endpoint has this path and answers requests for any host, over http too. */
  readonly answersAnyHost: (path: string) => boolean
}

const allMethods = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'

/** Creates the checks in the order in which they run. The order is that of `stack/order.ts`. */
export function createRequestChecks(options: RequestCheckOptions): readonly RequestCheck[] {
  return [
    createPathCheck(options),
    createHostCheck(options),
    createHttpsCheck(options),
    createMethodCheck(options),
    createLimitsCheck(options),
  ]
}

/**
 * Rejects a path that servers may read differently. A GET or HEAD is redirected to the canonical path if there is one.
 */
function createPathCheck({ reject, routes }: RequestCheckOptions): RequestCheck {
  return function checkPath(ctx) {
    const { url, method } = ctx.head
    const canonical = canonicalPath(url)
    if (canonical.ok) {
      ctx.path = canonical.path
      ctx.search = canonical.search
      return undefined
    }

    const preservedPath = routes.keepsSlashes ? preserveEncodedSlashes(url) : undefined
    if (preservedPath !== undefined) {
      ctx.path = preservedPath.path
      ctx.search = preservedPath.search
      return undefined
    }

    const isRead = method === 'GET' || method === 'HEAD'

    return canonical.redirect !== undefined && isRead
      ? redirect(308, canonical.redirect)
      : reject(ctx, canonical.reason)
  }
}

/** Rejects requests for hosts that this gateway does not serve. */
function createHostCheck({ reject, answersAnyHost }: RequestCheckOptions): RequestCheck {
  return function checkHost(ctx) {
    const { head, settings, path } = ctx
    if (readHost(head.headers).type === 'malformed') return reject(ctx, 'host-malformed')
    // Without settings the gateway does not know its own host. `find-route.ts` then throws the error of the
    // environment.
    if (settings === undefined || answersAnyHost(path)) return undefined

    const host = readUrlHost(head.url)
    const isServed = host === settings.publicHost || settings.hosts(host)

    return isServed ? undefined : reject(ctx, 'host-unknown')
  }
}

/** Redirects requests that came over http to https, and rejects those that a redirect cannot repeat, such as a POST. */
function createHttpsCheck(options: RequestCheckOptions): RequestCheck {
  const { reject, routes, answersAnyHost } = options
  const platform = options.platform === 'none' ? undefined : options.platform

  return function checkScheme(ctx) {
    const { head, settings, path, search } = ctx
    if (settings?.https !== true || answersAnyHost(path)) return undefined
    const verdict = checkHttps(head, platform)
    if (verdict.ok) return undefined
    if (!verdict.redirect) return reject(ctx, verdict.reason)

    // Keep a host that a route names, without its port, since http and https use different ports.
    const host = readUrlHost(head.url)
    const keepsHost = routes.hosted && host !== settings.publicHost && routes.names(host)
    const httpsOrigin = keepsHost ? `https://${host}` : settings.publicOrigin

    return redirect(308, httpsOrigin + path + search)
  }
}

/** Rejects methods that are never forwarded, such as TRACE. */
function createMethodCheck({ reject }: RequestCheckOptions): RequestCheck {
  return function checkMethod(ctx) {
    return isKnownMethod(ctx.head.method)
      ? undefined
      : reject(ctx, 'method-not-allowed', [['Allow', allMethods]])
  }
}

/** Rejects requests whose URL or headers are too large. */
function createLimitsCheck({ reject, limits }: RequestCheckOptions): RequestCheck {
  if (limits === undefined) return () => undefined
  return function checkLimits(ctx) {
    // Iterating over the headers is the expensive part, so one pass serves both the limits and the list of stripped
    // headers.
    const isStripped = createHeaderFilter(ctx.head.headers)
    const strippedNames: string[] = []
    const verdict = limits(ctx.head, (headerName) => {
      if (isStripped(headerName)) strippedNames.push(headerName)
    })
    ctx.strippedHeaders = strippedNames

    return verdict.ok ? undefined : reject(ctx, verdict.reason)
  }
}
