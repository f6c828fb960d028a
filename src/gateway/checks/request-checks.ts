/**
 * The checks of every request before its route is known: path, host, https, method and size.
 * `compile.ts` creates the list, and `handle-request.ts` runs it in this order. Each returns a
 * rejection, or undefined for a request that may go on.
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
  /** Undefined where the option `limits` is off. */
  readonly limits: CheckLimits | undefined
  readonly routes: Pick<RouteTable, 'hosted' | 'keepsSlashes' | 'names'>
  /** Whether an endpoint of this path answers requests for any host, over http too. */
  readonly answersAnyHost: (path: string) => boolean
}

const allMethods = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'

/** Creates the checks in the order in which they run, which is that of `stack/order.ts`. */
export function createRequestChecks(options: RequestCheckOptions): readonly RequestCheck[] {
  return [
    createPathCheck(options),
    createHostCheck(options),
    createHttpsCheck(options),
    createMethodCheck(options),
    createLimitsCheck(options),
  ]
}

/** Rejects paths that servers read differently, or redirects to the canonical one. */
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
    // Without settings the gateway does not know its own name: the request ends with the error of the environment.
    if (settings === undefined || answersAnyHost(path)) return undefined

    const host = readUrlHost(head.url)
    const isServed = host === settings.publicHost || settings.hosts(host)

    return isServed ? undefined : reject(ctx, 'host-unknown')
  }
}

/** Redirects requests that came over http, or rejects those that cannot be repeated. */
function createHttpsCheck(options: RequestCheckOptions): RequestCheck {
  const { reject, routes, answersAnyHost } = options
  const platform = options.platform === 'none' ? undefined : options.platform

  return function checkScheme(ctx) {
    const { head, settings, path, search } = ctx
    if (settings?.https !== true || answersAnyHost(path)) return undefined
    const verdict = checkHttps(head, platform)
    if (verdict.ok) return undefined
    if (!verdict.redirect) return reject(ctx, verdict.reason)

    // Keep a host that routes name, without its port: the port of http is not that of https.
    const host = readUrlHost(head.url)
    const keepsHost = routes.hosted && host !== settings.publicHost && routes.names(host)
    const httpsOrigin = keepsHost ? `https://${host}` : settings.publicOrigin

    return redirect(308, httpsOrigin + path + search)
  }
}

/** Rejects methods that no upstream may get, such as TRACE. */
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
    // One pass over all headers costs more than anything that is done with one of them, so it serves both purposes.
    const isStripped = createHeaderFilter(ctx.head.headers)
    const strippedNames: string[] = []
    const verdict = limits(ctx.head, (headerName) => {
      if (isStripped(headerName)) strippedNames.push(headerName)
    })
    ctx.strippedHeaders = strippedNames

    return verdict.ok ? undefined : reject(ctx, verdict.reason)
  }
}
