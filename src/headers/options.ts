/** The options of the security headers: Hono's and helmet's names, judged. */
import type { ContentSecurityPolicy } from './csp/directives.ts'
import type { Preset } from './presets.ts'
import type { Strip } from './strip-list.ts'
import type { StrictTransportSecurity } from './values/hsts.ts'
import type { PermissionsPolicy } from './values/permissions-policy.ts'
import type { ReportingEndpoint } from './values/reporting.ts'

/** On with its default, or off (`null` is off too). */
export type OnOff = boolean | null

/**
 * Absent = default of the preset, `true` = on, a value = tuned. `false` = not set here; `null` = sent by nobody, also
 * where the handler or the upstream set it. Whatever is on: a header that the handler or the upstream set is left as it
 * is, unless `enforce` lists it. Values are judged while building; an unknown word throws.
 */
export interface HeaderOptions {
  /** Where the defaults come from. Default `'recommended'`. */
  readonly preset?: Preset
  /**
   * Default for documents: {@link strictCsp}, under which inline scripts and styles need the nonce of the response. An
   * object replaces it; `strictCsp({ imgSrc: ... })` changes it. Everything that is no document gets `default-src 'none'`
   * (scripts and media as little less as they need) unless this is off. frame-ancestors follows `xFrameOptions` where a
   * policy does not name it. In some browsers form-action also binds where the answer to a form redirects to: a sign-in
   * that leads to another origin has to list it.
   *
   * `'observe'` is for pages nobody has looked at yet: it enforces what can be closed without knowing them (`base-uri`,
   * `object-src`, `frame-ancestors`, `form-action`) and reports what the strict policy would break.
   */
  readonly contentSecurityPolicy?: OnOff | 'observe' | ContentSecurityPolicy
  /** Documents. A policy that only reports, beside the enforced one. Default none; `true` is {@link strictCsp}. */
  readonly contentSecurityPolicyReportOnly?: OnOff | ContentSecurityPolicy
  /** Accepts a policy that lets injected markup run scripts. Default false: such a policy throws while building. */
  readonly insecureContentSecurityPolicy?: boolean
  /**
   * Random text, new in each deployment, that stands in pages where the nonce belongs: `<script nonce="...">`. It is
   * replaced while the body passes. For pages made at build time; default none.
   */
  readonly noncePlaceholder?: string
  /** Where browsers report what a policy refused: a path on this origin or an https address. Default nowhere. */
  readonly reporting?: string | false | null
  /** Documents. Endpoints by name, as in Hono, for policies that say `reportTo` themselves. Default none. */
  readonly reportingEndpoints?: ReportingEndpoint | readonly ReportingEndpoint[] | false | null
  /** Default `max-age=63072000; includeSubDomains`, over https only and never for localhost or an IP address. */
  readonly strictTransportSecurity?: OnOff | string | StrictTransportSecurity
  /**
   * Default `strict-origin-when-cross-origin`, but on data, which refers to nothing: browsers do that by themselves. Given,
   * it is on data too.
   */
  readonly referrerPolicy?: OnOff | string | readonly string[]
  /**
   * Default `DENY`, or what frame-ancestors of the policy above says, on documents and wherever the handler set a policy of
   * its own: elsewhere ours says it, and whoever reads that does not look here. Given, it is on everything, and also
   * moves the default of frame-ancestors.
   */
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
  /** Default `same-origin`, and `cross-origin` on responses with Access-Control-Allow-Origin. A value holds for both. */
  readonly crossOriginResourcePolicy?: OnOff | 'same-origin' | 'same-site' | 'cross-origin'
  /** Documents and scripts. Default off; `true` is `require-corp`. */
  readonly crossOriginEmbedderPolicy?: OnOff | 'require-corp' | 'credentialless' | 'unsafe-none'
  /**
   * Gives pages SharedArrayBuffer and precise clocks: Cross-Origin-Embedder-Policy (`true` is `require-corp`) together
   * with `same-origin` for opener and resource policy. Whatever pages embed from elsewhere has to consent. Default false.
   */
  readonly crossOriginIsolated?: boolean | 'require-corp' | 'credentialless'
  /** Documents. Default `?1`. */
  readonly originAgentCluster?: OnOff | '?1' | '?0'
  /** Documents. Default `off` over http; none over https, where browsers resolve no links ahead unless told to. */
  readonly xDnsPrefetchControl?: OnOff | 'off' | 'on'
  /** Default off: browsers no longer read it. `true` is `0`. */
  readonly xXssProtection?: OnOff | '0'
  /** Default off: for Internet Explorer. `true` is `noopen`. */
  readonly xDownloadOptions?: OnOff | 'noopen'
  /** Default off: for Flash and Acrobat. `true` is `none`. */
  readonly xPermittedCrossDomainPolicies?:
    | OnOff
    | 'none'
    | 'master-only'
    | 'by-content-type'
    | 'all'
  /** Documents and data. Default off; `true` is `no-store, max-age=0`. */
  readonly cacheControl?: OnOff | 'no-store, max-age=0' | 'no-store'
  /** Options whose header is set even where the handler or the upstream set it. Default none. */
  readonly enforce?: readonly HeaderOption[]
  /** Whether X-Powered-By is taken away, whatever `strip` says. Default true. */
  readonly removePoweredBy?: OnOff
  /** Whether headers that name server software are taken away: OWASP's list and a few more. Default true. */
  readonly strip?: OnOff | Strip
}

/** Options that stand for one header each. */
export type HeaderOption = Exclude<
  keyof HeaderOptions,
  | 'preset'
  | 'insecureContentSecurityPolicy'
  | 'noncePlaceholder'
  | 'reporting'
  | 'crossOriginIsolated'
  | 'enforce'
  | 'removePoweredBy'
  | 'strip'
>

/** Options that stand for no header, or for several. */
export const otherOptions: ReadonlyArray<Exclude<keyof HeaderOptions, HeaderOption>> = [
  'preset',
  'insecureContentSecurityPolicy',
  'noncePlaceholder',
  'reporting',
  'crossOriginIsolated',
  'enforce',
  'removePoweredBy',
  'strip',
]
