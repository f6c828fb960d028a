/**
 * Creates middleware that checks the host and the scheme of a request: `allowHosts()` and
 * `requireHttps()`. `portcullis()` and applications call them. Wrong options throw a `ConfigError`
 * while building, wrong values of the environment at the first request. A request for another host
 * is answered with 421. Over plain http, a navigation is redirected with 308 and any other request
 * gets 403. Without a platform, `requireHttps()` believes the header `X-Forwarded-Proto` of
 * anybody.
 */
import type { MiddlewareHandler } from 'hono'
import { parsePublicOrigins } from '../csrf/origins.ts'
import { resolveFrom } from '../options/from.ts'
import { createIssues, type Issues } from '../options/issues.ts'
import { checkKeys } from '../options/keys.ts'
import { optionalListener } from '../options/values.ts'
import { checkPlatform, type Platform } from '../request/address/address.ts'
import { checkHttps, compileKnownHosts } from '../request/host.ts'
import { isHttps, readUrlHost } from '../request/origin.ts'
import type { FromEnv, ProjectEnv } from '../types.ts'
import { createReject, type StackGuardOptions } from './refuse.ts'

/** Options of {@link allowHosts}. */
export interface HostOptions<E = ProjectEnv> extends StackGuardOptions {
  /** The origins under which users reach this application, such as `https://app.example.com`. */
  readonly publicOrigin: FromEnv<string | readonly string[], E>
  /** Further hosts: `internal.example.com`, `localhost:8080`, or `127.0.0.1:*` for any port. Default none. */
  readonly hosts?: FromEnv<readonly string[], E>
}

/**
 * Responds with 421 to requests for any other host. Otherwise a client could choose the host that
 * appears in links, cache keys and origin checks.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 * @see RFC 9110 section 7.4
 */
export function allowHosts<E = ProjectEnv>(options: HostOptions<E>): MiddlewareHandler {
  const issues = createIssues('allowHosts')
  checkKeys(issues, options, ['publicOrigin', 'hosts', 'onEvent'])
  const { hosts = [], onEvent } = Object(options) as HostOptions<never>
  const origins = compileOrigins(options as HostOptions<never>, issues)
  const isKnownHost = resolveFrom(issues, 'hosts', hosts, compileKnownHosts)
  const rejectRequest = createReject(optionalListener(issues, 'onEvent', onEvent))
  issues.throwIfAny()

  return async function allowHosts(c, next) {
    const host = readUrlHost(c.req.raw.url)
    if (origins(c.env).hosts.has(host) || isKnownHost(c.env)(host)) return next()
    return rejectRequest(c, 'host-unknown')
  }
}

/** Options of {@link requireHttps}. */
export interface HttpsOptions<E = ProjectEnv> extends StackGuardOptions {
  /**
   * The origins under which users reach this application. Navigations are redirected to one of
   * them.
   */
  readonly publicOrigin: FromEnv<string | readonly string[], E>
  /**
   * The platform in front, which sets the header with the client's scheme. Default: `CF-Visitor` or
   * `X-Forwarded-Proto`, whoever sent it.
   */
  readonly platform?: Platform
}

/**
 * Requires https: a navigation over http is redirected to the https origin with 308, and every
 * other request gets 403. Requests for `localhost`, 127.0.0.0/8 and [::1] are allowed, and those
 * for a public origin that itself is http.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function requireHttps<E = ProjectEnv>(options: HttpsOptions<E>): MiddlewareHandler {
  const issues = createIssues('requireHttps')
  checkKeys(issues, options, ['publicOrigin', 'platform', 'onEvent'])
  const { platform, onEvent } = Object(options) as HttpsOptions<never>
  const origins = compileOrigins(options as HttpsOptions<never>, issues)
  const frontPlatform = platform === undefined ? undefined : checkPlatform(platform, issues)
  const rejectRequest = createReject(optionalListener(issues, 'onEvent', onEvent))
  issues.throwIfAny()

  return async function requireHttps(c, next) {
    const { raw: rawRequest } = c.req
    const verdict = checkHttps(rawRequest, frontPlatform)
    if (verdict.ok) return next()
    const host = readUrlHost(rawRequest.url)
    const { list: originList, first: firstOrigin } = origins(c.env)
    if (firstOrigin === undefined || originList.includes(`http://${host}`)) return next()
    if (!verdict.redirect) return rejectRequest(c, verdict.reason)
    const targetOrigin = originList.includes(`https://${host}`) ? `https://${host}` : firstOrigin
    const location = targetOrigin + rawRequest.url.slice(rawRequest.url.indexOf('/', 7))

    return new Response(null, { status: 308, headers: { location, 'cache-control': 'no-store' } })
  }
}

interface CompiledOrigins {
  readonly list: readonly string[]
  readonly hosts: ReadonlySet<string>
  /** The first origin with https. */
  readonly first: string | undefined
}

function compileOrigins(
  options: { publicOrigin?: FromEnv<string | readonly string[], never> },
  issues: Issues,
) {
  return resolveFrom(
    issues,
    'publicOrigin',
    options?.publicOrigin,
    (originOption, originIssues): CompiledOrigins => {
      const originList = parsePublicOrigins(originOption, originIssues)
      return {
        list: originList,
        hosts: new Set(originList.map(readUrlHost)),
        first: originList.find(isHttps),
      }
    },
  )
}
