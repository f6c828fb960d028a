/**
 * Decides whether a request comes from another site and must be rejected: the check behind
 * `csrf()`, as a pure function. The guard and the gateway's route checks call it for each request.
 * It throws only a `ConfigError`, where the environment holds no usable `publicOrigins`.
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
 * Why a request is rejected, for logs; it is never sent to the client.
 *
 * - `cross-site`: Sec-Fetch-Site names another site, or another host of the same site.
 * - `origin-mismatch`: no Fetch Metadata, and Origin or Referer is not ours.
 * - `origin-null`: the same, and Origin is `null`: a sandboxed page, or ours with `Referrer-Policy: no-referrer`.
 * - `metadata-missing`: no header tells the origin, and there are credentials that a browser adds on its own.
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

/** The decision. `by` names the rule that allowed a request which would have been rejected for `reason`. */
export type CsrfVerdict =
  | { readonly ok: true; readonly by?: undefined; readonly reason?: undefined }
  | { readonly ok: true; readonly by: 'trust' | 'exempt'; readonly reason: CsrfReason }
  | { readonly ok: false; readonly reason: CsrfReason }

/** The part of a request that the check reads. */
export interface CrossOriginRequest {
  /** The method in upper case, as in `Request.method`. */
  readonly method: string
  /** Origin, Referer, Sec-Fetch-*, Cookie and Authorization are read. */
  readonly headers: Headers
  /** The absolute URL. Where the policy has no public origins, its scheme and host are the application's own origin. */
  readonly url: string
}

const allowed: CsrfVerdict = { ok: true }

/**
 * Checks where a request comes from. Reads are allowed unless the policy isolates resources. Every other request, including
 * WebSocket upgrades and whatever its content type, must come from this origin or a trusted one, or be exempt. Method
 * overrides (`X-HTTP-Method-Override`, `_method`) are not considered; that is up to the router.
 *
 * @param requestPath - the canonical path of the request, which rules are compared with. `''` matches no rule.
 * @param env - the argument of `publicOrigins` where it is a function.
 * @throws {ConfigError} `ERR_CONFIG` where the environment holds no usable `publicOrigins`
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

  // Resolved before it is needed, so that an invalid binding is noticed with every browser.
  const ownOrigins = isRead ? undefined : policy.publicOrigins?.(env)
  const site = headers.get('sec-fetch-site')

  // Checked before Origin, which is null in our own forms under `Referrer-Policy: no-referrer`.
  if (site === 'same-origin' || site === 'none') return allowed

  const reason = isRead
    ? rejectsRead(policy.isolation as IsolationOptions, method, site, headers) &&
      'resource-isolation'
    : checkWrite(request, policy, site, ownOrigins)
  return reason ? applyExceptions(reason, request, policy, requestPath) : allowed
}

/** Whether a route is exempt, whatever the check finds. */
export function isExempt(policy: CrossOriginPolicy, method: string, requestPath: string): boolean {
  return policy.exempt.has(ruleKey(method, requestPath))
}

/** Why a write is rejected unless a rule allows it; undefined for a request from the application's own pages. */
function checkWrite(
  { headers, url }: CrossOriginRequest,
  policy: CrossOriginPolicy,
  site: string | null,
  ownOrigins: readonly string[] | undefined,
): CsrfReason | undefined {
  if (site === 'same-site' || site === 'cross-site')
    return site === 'same-site' && policy.trustSameSite ? undefined : 'cross-site'

  // No Sec-Fetch-Site, or a value that is not defined yet: WebSocket handshakes in Chromium, plain http, browsers before
  // 2023, clients that are not browsers.
  const origin = headers.get('origin')
  const referer = headers.get('referer')

  if (origin !== null || referer !== null) {
    if (isOwnOrigin(origin ?? readUrlOrigin(referer as string), ownOrigins, url)) return undefined
    return origin === 'null' ? 'origin-null' : 'origin-mismatch'
  }

  return site === null && policy.allowsMissingMetadata(headers) ? undefined : 'metadata-missing'
}

/** Rules only allow requests, so they are consulted last: requests of our own pages do not pay for them. */
function applyExceptions(
  reason: CsrfReason,
  { method, headers }: CrossOriginRequest,
  policy: CrossOriginPolicy,
  requestPath: string,
): CsrfVerdict {
  // A mismatch without Origin was found by the Referer.
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
 * Whether an origin is the application's own. An application with several origins treats them as different ones: a request
 * to one of them must come from that one.
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
