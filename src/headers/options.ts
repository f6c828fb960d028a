/** The options of the security headers: Hono's and helmet's names, judged. */
import type { ContentSecurityPolicy } from './csp.ts'
import type { StrictTransportSecurity } from './hsts.ts'
import type { PermissionsPolicy } from './permissions-policy.ts'
import type { Strip } from './strip-list.ts'

/** On with its default, or off (`null` is off too). */
export type OnOff = boolean | null

/**
 * Absent = default, `true` = on, `false` or `null` = off, a value = tuned. Whatever is on: a header that the handler or
 * the upstream set is left as it is. Values are judged while building; an unknown word throws.
 */
export interface HeaderOptions {
  /**
   * Default for documents: `base-uri 'self'; object-src 'none'; frame-ancestors 'none'; form-action 'self'`, and over
   * https `upgrade-insecure-requests`: what can be closed without knowing the page. An object replaces it. Everything
   * that is no document gets `default-src 'none'` (scripts and media as little less as they need) unless this is off.
   * In some browsers form-action also binds where the answer to a form redirects to: a sign-in that leads to another
   * origin has to list it.
   */
  readonly contentSecurityPolicy?: OnOff | ContentSecurityPolicy
  /** Default `max-age=63072000; includeSubDomains`, over https only and never for localhost or an IP address. */
  readonly strictTransportSecurity?: OnOff | string | StrictTransportSecurity
  /** Default `strict-origin-when-cross-origin`. */
  readonly referrerPolicy?: OnOff | string | readonly string[]
  /** Default `DENY`, or what frame-ancestors of the policy above says; also moves the default of frame-ancestors. */
  readonly xFrameOptions?: OnOff | 'DENY' | 'SAMEORIGIN'
  /** Default `nosniff`. */
  readonly xContentTypeOptions?: OnOff | 'nosniff'
  /** Documents. Default: a list of features denied to everybody. An object changes that list. */
  readonly permissionsPolicy?: OnOff | PermissionsPolicy
  /** Documents and redirects. Default `same-origin`. */
  readonly crossOriginOpenerPolicy?:
    | OnOff
    | 'same-origin'
    | 'same-origin-allow-popups'
    | 'noopener-allow-popups'
    | 'unsafe-none'
  /** Default `same-origin`. */
  readonly crossOriginResourcePolicy?: OnOff | 'same-origin' | 'same-site' | 'cross-origin'
  /** Documents and scripts. Default off; `true` is `require-corp`. */
  readonly crossOriginEmbedderPolicy?: OnOff | 'require-corp' | 'credentialless' | 'unsafe-none'
  /** Documents. Default `?1`. */
  readonly originAgentCluster?: OnOff | '?1' | '?0'
  /** Documents. Default `off`. */
  readonly xDnsPrefetchControl?: OnOff | 'off' | 'on'
  /** Default off: browsers no longer read it. `true` is `0`. */
  readonly xXssProtection?: OnOff | '0'
  /** Default off: for Internet Explorer. `true` is `noopen`. */
  readonly xDownloadOptions?: OnOff | 'noopen'
  /** Default off: for Flash and Acrobat. `true` is `none`. */
  readonly xPermittedCrossDomainPolicies?: OnOff | 'none' | 'master-only' | 'by-content-type' | 'all'
  /** Whether X-Powered-By is taken away, whatever `strip` says. Default true. */
  readonly removePoweredBy?: OnOff
  /** Whether headers that name server software are taken away: OWASP's list and a few more. Default true. */
  readonly strip?: OnOff | Strip
}

/** Every option there is. */
export const optionNames: ReadonlyArray<keyof HeaderOptions> = [
  'contentSecurityPolicy',
  'strictTransportSecurity',
  'referrerPolicy',
  'xFrameOptions',
  'xContentTypeOptions',
  'permissionsPolicy',
  'crossOriginOpenerPolicy',
  'crossOriginResourcePolicy',
  'crossOriginEmbedderPolicy',
  'originAgentCluster',
  'xDnsPrefetchControl',
  'xXssProtection',
  'xDownloadOptions',
  'xPermittedCrossDomainPolicies',
  'removePoweredBy',
  'strip',
]
