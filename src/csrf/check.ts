/** The check itself: may this request come from where it comes from. */
import { isWebSocketUpgrade } from '../request/kind.ts'
import { isSafeMethod } from '../request/method.ts'
import { readUrlOrigin } from '../request/origin.ts'
import type { Reason } from '../types.ts'
import type { CrossOriginPolicy } from './compiled.ts'
import { isolates } from './isolation.ts'
import { ruleKey } from './rules.ts'

/**
 * Why a request is refused, for logs; the client never learns it.
 *
 * - `cross-site`: the browser says that another site (or another host of the same site) sends this.
 * - `origin-mismatch`: no Fetch Metadata, and Origin or Referer is not ours.
 * - `origin-null`: the same, and Origin is `null`: a sandboxed page, or ours with `Referrer-Policy: no-referrer`.
 * - `metadata-missing`: not a word on where it comes from, and credentials that a browser adds on its own.
 * - `resource-isolation`: a read by another site that is no visit.
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

/** What was decided; `by` a rule where nothing else would have let it pass, and then `reason` is what it overruled. */
export type CsrfVerdict =
  | { readonly ok: true; readonly by?: undefined; readonly reason?: undefined }
  | { readonly ok: true; readonly by: 'trust' | 'exempt'; readonly reason: CsrfReason }
  | { readonly ok: false; readonly reason: CsrfReason }

/** As much of a request as the check reads. */
export interface CrossOriginRequest {
  /** In upper case, as `Request.method` has it. */
  readonly method: string
  /** Origin, Referer, Sec-Fetch-* and what carries credentials are read. */
  readonly headers: Headers
  /** Absolute. Where the policy has no public origins, its scheme and host are the application's own. */
  readonly url: string
}

const passed: CsrfVerdict = { ok: true }

/**
 * Judges where a request comes from. Reads pass, unless the policy isolates resources; everything else, a WebSocket
 * upgrade among it and whatever its content type, must come from this origin, from one that is trusted, or be exempt.
 * Method overrides (`X-HTTP-Method-Override`, `_method`) are not looked at: what they turn into is the router's affair.
 *
 * @param path - canonical path of the request, which rules are compared with. `''` matches no rule.
 * @param env - what `publicOrigins` gets where it is a function.
 * @throws {ConfigError} `ERR_CONFIG` where the environment holds no usable `publicOrigins`
 * @see Fetch Metadata Request Headers section 2.3 on Sec-Fetch-Site; RFC 6454 section 7 on Origin
 */
export function checkCrossOrigin(
  request: CrossOriginRequest,
  policy: CrossOriginPolicy,
  path: string,
  env?: unknown,
): CsrfVerdict {
  const { method, headers } = request
  const safe = isSafeMethod(method) && !isWebSocketUpgrade(request)
  if (safe && policy.isolation === undefined) return passed

  // Judged here, used further down: a bad binding must not wait for an old browser to be noticed.
  const own = safe ? undefined : policy.publicOrigins?.(env)
  const site = headers.get('sec-fetch-site')

  // Before any look at Origin: it is null in our own forms under `Referrer-Policy: no-referrer`.
  if (site === 'same-origin' || site === 'none') return passed
  if (safe) {
    if (!isolates(policy.isolation, method, site, headers)) return passed
    return applyExceptions('resource-isolation', headers.get('origin'), policy, method, path)
  }

  const origin = headers.get('origin')
  if (site === 'same-site' || site === 'cross-site') {
    if (site === 'same-site' && policy.trustSameSite) return passed
    return applyExceptions('cross-site', origin, policy, method, path)
  }

  // No Fetch Metadata: Chromium's sockets, plain http, browsers before 2023, programs. What nobody knows yet is none, too.
  if (origin !== null) {
    if (isOwnOrigin(origin, own, request.url)) return passed
    return applyExceptions(
      origin === 'null' ? 'origin-null' : 'origin-mismatch',
      origin,
      policy,
      method,
      path,
    )
  }

  const referer = headers.get('referer')
  if (referer !== null) {
    const from = readUrlOrigin(referer)
    if (isOwnOrigin(from, own, request.url)) return passed
    return applyExceptions('origin-mismatch', from, policy, method, path)
  }

  if (site === null && policy.allowsMissingMetadata(headers)) return passed

  return applyExceptions('metadata-missing', null, policy, method, path)
}

/** Whether a route is exempt, whatever a check says of the request. */
export function isExempt(policy: CrossOriginPolicy, method: string, path: string): boolean {
  return policy.exempt.size > 0 && policy.exempt.has(ruleKey(method, path))
}

/** Rules only ever let pass, so that they are asked last: a request of our own pages never pays for them. */
function applyExceptions(
  reason: CsrfReason,
  origin: string | null,
  policy: CrossOriginPolicy,
  method: string,
  path: string,
): CsrfVerdict {
  if (origin !== null) {
    const trusted =
      policy.trustedOrigins.has(origin) || policy.trust.get(ruleKey(method, path))?.has(origin)
    if (trusted) return { ok: true, by: 'trust', reason }
  }

  return isExempt(policy, method, path) ? { ok: true, by: 'exempt', reason } : { ok: false, reason }
}

/**
 * Whether an origin is the application's. Where it has several, one is not the other's: a request that came to one of them
 * must be from that one.
 */
function isOwnOrigin(origin: string, own: readonly string[] | undefined, url: string): boolean {
  if (origin === '') return false
  if (own?.length === 1) return origin === own[0]

  const asked = readUrlOrigin(url)
  return own === undefined || own.includes(asked) ? origin === asked : own.includes(origin)
}
