/**
 * Decides whether a request comes from another site and must be rejected, by the headers that browsers send. It
 * is the check behind `csrf()` as a pure function. The guard (`guard.ts`), the route checks and the console of
 * the gateway, `portcullis/compiled` and applications call it. A rejection is a result, not an error. It throws a
 * `ConfigError` (`ERR_CONFIG`) only if `publicOrigins` is a function and the environment holds no usable origin.
 */
import { isWebSocketUpgrade } from '../request/kind.ts'
import { isSafeMethod } from '../request/method.ts'
import { readUrlOrigin } from '../request/origin.ts'
import type { Reason } from '../types.ts'
import type { CrossOriginPolicy } from './compiled.ts'
import { rejectsRead } from './isolation.ts'
import type { IsolationOptions } from './policy.ts'
import { ruleKey } from './rules.ts'

/**
 * The reason for a rejection. It is for logs and is never sent to the client.
 *
 * - `cross-site`: Sec-Fetch-Site names another site, or another host of the same site.
 * - `origin-mismatch`: there is no Fetch Metadata, and Origin or Referer names another origin.
 * - `origin-null`: there is no Fetch Metadata, and Origin is `null`: a sandboxed page, or our own page with
 *   `Referrer-Policy: no-referrer`.
 * - `metadata-missing`: no header names the origin, and the option `missing` does not allow that.
 * - `resource-isolation`: a read by another site that is not a navigation.
 * - `token-missing`, `token-bad`: see `csrfTokens`.
 */
export type CsrfReason = Extract<
  Reason,
  | 'cross-site'
  | 'origin-mismatch'
  | 'origin-null'
  | 'metadata-missing'
  | 'resource-isolation'
  | 'token-missing'
  | 'token-bad'
>

/**
 * The decision. If a rule allowed a request that would have been rejected, `by` is the rule and `reason` that reason.
 */
export type CsrfVerdict =
  | { readonly ok: true; readonly by?: undefined; readonly reason?: undefined }
  | { readonly ok: true; readonly by: 'trust' | 'exempt'; readonly reason: CsrfReason }
  | { readonly ok: false; readonly reason: CsrfReason }

/** The part of a request that the check reads. */
export interface CrossOriginRequest {
  /** The method in upper case, as in `Request.method`. */
  readonly method: string
  /** The headers, of which Origin, Referer, Sec-Fetch-*, Cookie and Authorization are read. */
  readonly headers: Headers
  /** The absolute URL. If the policy has no public origins, its scheme and host are the application's own origin. */
  readonly url: string
}

const allowed: CsrfVerdict = { ok: true }

/**
 * Checks which origin a request comes from. Reads are allowed unless the policy isolates resources. Every other
 * request, including WebSocket upgrades, must come from this origin or a trusted one, or be exempt; the content type
 * does not matter. Method overrides (`X-HTTP-Method-Override`, `_method`) are not read, so a router that applies them
 * must do so before.
 *
 * @param requestPath - the canonical path of the request, with which rules are compared. `''` matches no rule.
 * @param env - the argument of `publicOrigins` if that is a function.
 * @throws {ConfigError} `ERR_CONFIG` if the environment holds no usable `publicOrigins`
 * @see Fetch Metadata Request Headers section 2.3 on Sec-Fetch-Site; RFC 6454 section 7 on Origin
 * @example
 * const policy = csrfPolicy({ publicOrigins: 'https://app.example.com' })
 * const verdict = checkCrossOrigin(request, policy, '/transfer')
 * if (!verdict.ok) return new Response(null, { status: 403 })
 */
export function checkCrossOrigin(
  request: CrossOriginRequest,
  policy: CrossOriginPolicy,
  requestPath: string,
  env?: unknown,
): CsrfVerdict {
  const { method, headers } = request
  const isRead = isSafeMethod(method) && !isWebSocketUpgrade(request)
  if (isRead && policy.isolation === undefined) return allowed

  // The origins are resolved even if they prove unnecessary, so that an invalid binding fails with every browser.
  const ownOrigins = isRead ? undefined : policy.publicOrigins?.(env)
  const site = headers.get('sec-fetch-site')

  // This comes before Origin, which is null for forms of our own pages with `Referrer-Policy: no-referrer`.
  if (site === 'same-origin' || site === 'none') return allowed

  const reason = isRead
    ? rejectsRead(policy.isolation as IsolationOptions, method, site, headers) &&
      'resource-isolation'
    : checkWrite(request, policy, site, ownOrigins)
  return reason ? applyExceptions(reason, request, policy, requestPath) : allowed
}

/** Whether a rule exempts a route from the check. */
export function isExempt(policy: CrossOriginPolicy, method: string, requestPath: string): boolean {
  return policy.exempt.has(ruleKey(method, requestPath))
}

/**
 * Returns the reason to reject a write, before rules are applied; undefined for a request of the application's own
 * pages.
 */
function checkWrite(
  { headers, url }: CrossOriginRequest,
  policy: CrossOriginPolicy,
  site: string | null,
  ownOrigins: readonly string[] | undefined,
): CsrfReason | undefined {
  if (site === 'same-site' || site === 'cross-site')
    return site === 'same-site' && policy.trustSameSite ? undefined : 'cross-site'

  // Sec-Fetch-Site is absent or has an unknown value: WebSocket handshakes of Chromium, plain http, browsers before
  // 2023, and clients that are not browsers.
  const origin = headers.get('origin')
  const referer = headers.get('referer')

  if (origin !== null || referer !== null) {
    if (isOwnOrigin(origin ?? readUrlOrigin(referer as string), ownOrigins, url)) return undefined
    return origin === 'null' ? 'origin-null' : 'origin-mismatch'
  }

  return site === null && policy.allowsMissingMetadata(headers) ? undefined : 'metadata-missing'
}

/**
 * Applies the rules, which can only allow a request. They come last, so that requests of our own pages need no look-up.
 */
function applyExceptions(
  reason: CsrfReason,
  { method, headers }: CrossOriginRequest,
  policy: CrossOriginPolicy,
  requestPath: string,
): CsrfVerdict {
  // If there is no Origin, a mismatch was found by the Referer.
  const origin =
    headers.get('origin') ??
    (reason === 'origin-mismatch' ? readUrlOrigin(headers.get('referer') ?? '') : '')
  const isTrusted =
    policy.trustedOrigins.has(origin) || policy.trust.get(ruleKey(method, requestPath))?.has(origin)
  if (isTrusted) return { ok: true, by: 'trust', reason }

  return isExempt(policy, method, requestPath)
    ? { ok: true, by: 'exempt', reason }
    : { ok: false, reason }
}

/**
 * Whether an origin is the application's own. The origins of an application with several ones are not the same: a
 * request to one of them must come from that one.
 */
function isOwnOrigin(
  origin: string,
  ownOrigins: readonly string[] | undefined,
  requestUrl: string,
): boolean {
  if (origin === '') return false
  if (ownOrigins?.length === 1) return origin === ownOrigins[0]

  const requestOrigin = readUrlOrigin(requestUrl)
  return ownOrigins === undefined || ownOrigins.includes(requestOrigin)
    ? origin === requestOrigin
    : ownOrigins.includes(origin)
}
