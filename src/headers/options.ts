/**
 * Defines the options of `secureHeaders()`, named as in Hono and helmet. `secureHeaders()`,
 * `compileHeaders()`, `portcullis()` and the gateway accept them, and the compilers of this folder
 * validate them while building. Only types and one list are here, so nothing can fail; an unknown
 * option, or a value that is not allowed, is reported by those compilers in a `ConfigError`.
 */
import type { Preset } from './compile/presets.ts'
import type { Strip } from './compile/strip-list.ts'
import type { ContentSecurityPolicy } from './csp/directives.ts'
import type { StrictTransportSecurity } from './values/hsts.ts'
import type { PermissionsPolicy } from './values/permissions-policy.ts'
import type { ReportingEndpoint } from './values/reporting.ts'

/** `true` sets the header to its default; `false` does not set it; `null` also removes it from responses. */
export type OnOff = boolean | null

/**
 * The options of security headers. An absent option has the default of the preset, `true` turns a
 * header on, and a value changes it. With `false` the header is not set here; `null` also removes
 * one that the handler or the upstream set. A header that the handler or the upstream set otherwise
 * stays, unless `enforce` lists it. Values are validated while building; an unknown option throws.
 */
export interface HeaderOptions {
  /**
   * The set of defaults.
   *
   * @default 'recommended'
   */
  readonly preset?: Preset
  /**
   * The policy of documents. An object replaces the default; `strictCsp({ imgSrc: ... })` changes
   * parts of it. Every other response gets `default-src 'none'` (scripts and media get only the
   * sources that they need), unless this option is off. frame-ancestors follows `xFrameOptions`
   * where a policy does not have it. Some browsers also apply form-action to the redirects after a
   * form, so a sign-in form that leads to another origin must list that origin.
   *
   * `'observe'` is for pages that nobody has reviewed yet: it enforces the directives that rarely
   * break a page (`base-uri`, `object-src`, `frame-ancestors`, `form-action`) and reports what the
   * strict policy would break.
   *
   * @default {@link strictCsp}, under which inline scripts and styles need the nonce of the
   *   response
   */
  readonly contentSecurityPolicy?: OnOff | 'observe' | ContentSecurityPolicy
  /**
   * A policy of documents that only reports, in addition to the enforced one. `true` is {@link
   * strictCsp}.
   *
   * @default none
   */
  readonly contentSecurityPolicyReportOnly?: OnOff | ContentSecurityPolicy
  /**
   * Accepts a policy that lets injected markup run scripts.
   *
   * @default false: such a policy throws while building
   */
  readonly insecureContentSecurityPolicy?: boolean
  /**
   * A random text, new in each deployment, that pages contain instead of the nonce: `<script
   * nonce="...">`. It is replaced while the body is streamed. Use it for pages that are generated
   * at build time.
   *
   * @default none
   */
  readonly noncePlaceholder?: string
  /**
   * The URL to which browsers report violations of policies: a path on this origin or an https URL.
   *
   * @default none
   */
  readonly reporting?: string | false | null
  /**
   * Endpoints of reports by name, as in Hono, for policies that use `reportTo` themselves. Sent
   * with documents.
   *
   * @default none
   */
  readonly reportingEndpoints?: ReportingEndpoint | readonly ReportingEndpoint[] | false | null
  /**
   * Makes browsers use https only. It is sent over https only, and never for localhost or an IP
   * address.
   *
   * @default 'max-age=63072000; includeSubDomains'
   */
  readonly strictTransportSecurity?: OnOff | string | StrictTransportSecurity
  /**
   * The referrer that browsers send. The default is not sent with data, which has no links. An
   * explicit value is sent with every response.
   *
   * @default 'strict-origin-when-cross-origin'
   */
  readonly referrerPolicy?: OnOff | string | readonly string[]
  /**
   * Which pages may frame the response. The default follows frame-ancestors of
   * `contentSecurityPolicy`. It is sent with documents, and with responses whose policy the handler
   * set; on other responses, frame-ancestors of the library's policy has the same effect. An
   * explicit value is sent with every response and becomes the default of frame-ancestors.
   *
   * @default 'DENY'
   */
  readonly xFrameOptions?: OnOff | 'DENY' | 'SAMEORIGIN'
  /**
   * Keeps browsers from guessing another content type.
   *
   * @default 'nosniff'
   */
  readonly xContentTypeOptions?: OnOff | 'nosniff'
  /**
   * The browser features that documents may use. An object changes the default list.
   *
   * @default a list of features that no page may use
   */
  readonly permissionsPolicy?: OnOff | PermissionsPolicy
  /**
   * Separates documents from windows of other origins. Sent with documents and redirects.
   *
   * @default 'same-origin'
   */
  readonly crossOriginOpenerPolicy?:
    | OnOff
    | 'same-origin'
    | 'same-origin-allow-popups'
    | 'noopener-allow-popups'
    | 'unsafe-none'
  /**
   * Which origins may embed the response. An explicit value also applies to responses with
   * Access-Control-Allow-Origin.
   *
   * @default 'same-origin', and 'cross-origin' on responses with Access-Control-Allow-Origin
   */
  readonly crossOriginResourcePolicy?: OnOff | 'same-origin' | 'same-site' | 'cross-origin'
  /**
   * Which resources documents may embed. Sent with documents and scripts. `true` is `require-corp`.
   *
   * @default false
   */
  readonly crossOriginEmbedderPolicy?: OnOff | 'require-corp' | 'credentialless' | 'unsafe-none'
  /**
   * Gives pages SharedArrayBuffer and precise clocks: it sets Cross-Origin-Embedder-Policy (`true`
   * is `require-corp`) together with `same-origin` as opener and resource policy. Resources of
   * other origins must then consent to being embedded.
   *
   * @default false
   */
  readonly crossOriginIsolated?: boolean | 'require-corp' | 'credentialless'
  /**
   * Keeps documents out of the process memory of sibling subdomains.
   *
   * @default '?1'
   */
  readonly originAgentCluster?: OnOff | '?1' | '?0'
  /**
   * Controls DNS prefetching of documents. Over https, browsers prefetch no names unless a header
   * allows it, so the default is sent over http only.
   *
   * @default 'off' over http, none over https
   */
  readonly xDnsPrefetchControl?: OnOff | 'off' | 'on'
  /**
   * Browsers no longer read this header. `true` is `0`.
   *
   * @default false
   */
  readonly xXssProtection?: OnOff | '0'
  /**
   * For Internet Explorer. `true` is `noopen`.
   *
   * @default false
   */
  readonly xDownloadOptions?: OnOff | 'noopen'
  /**
   * For Flash and Acrobat. `true` is `none`.
   *
   * @default false
   */
  readonly xPermittedCrossDomainPolicies?:
    | OnOff
    | 'none'
    | 'master-only'
    | 'by-content-type'
    | 'all'
  /**
   * Keeps documents and data out of caches. `true` is `no-store, max-age=0`.
   *
   * @default false
   */
  readonly cacheControl?: OnOff | 'no-store, max-age=0' | 'no-store'
  /**
   * The names of options whose header replaces one that the handler or the upstream set.
   *
   * @default none
   */
  readonly enforce?: readonly HeaderOption[]
  /**
   * Whether X-Powered-By is removed, whatever `strip` is.
   *
   * @default true
   */
  readonly removePoweredBy?: OnOff
  /**
   * Whether headers that name server software are removed: OWASP's list and a few more.
   *
   * @default true
   */
  readonly strip?: OnOff | Strip
}

/** The options that set one header each. */
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

/** The options that set no header or several. */
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
