/**
 * The options of `secureHeaders()`, with the names that Hono and helmet use. The compilers in
 * `compile/` validate them while building, and report an unknown or wrong option as an issue.
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
 * An absent option has the default of the preset, `true` turns a header on, a value tunes it. `false` does not set the header
 * here; `null` also removes it where the handler or the upstream set it. A header that the handler or the upstream set is
 * left as it is, unless `enforce` lists it. Values are validated while building; an unknown option throws.
 */
export interface HeaderOptions {
  /**
   * The set of defaults.
   *
   * @default 'recommended'
   */
  readonly preset?: Preset
  /**
   * The policy of documents. An object replaces the default; `strictCsp({ imgSrc: ... })` changes it. Every other response
   * gets `default-src 'none'` (scripts and media get only the sources that they need) unless this is off. frame-ancestors follows
   * `xFrameOptions` where a policy does not name it. Some browsers also apply form-action to the redirects after a form: a
   * sign-in that leads to another origin has to list it.
   *
   * `'observe'` is for pages that nobody has reviewed yet: it enforces the directives that rarely break a page (`base-uri`,
   * `object-src`, `frame-ancestors`, `form-action`) and reports what the strict policy would break.
   *
   * @default {@link strictCsp}, under which inline scripts and styles need the nonce of the response
   */
  readonly contentSecurityPolicy?: OnOff | 'observe' | ContentSecurityPolicy
  /**
   * Documents: a policy that only reports, beside the enforced one. `true` is {@link strictCsp}.
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
   * A random text, new in each deployment, that pages hold instead of the nonce: `<script nonce="...">`. It is replaced
   * while the body streams through. Meant for pages that are made at build time.
   *
   * @default none
   */
  readonly noncePlaceholder?: string
  /**
   * The URL that browsers report violations of policies to: a path on this origin or an https URL.
   *
   * @default none
   */
  readonly reporting?: string | false | null
  /**
   * Documents: endpoints by name, as in Hono, for policies that use `reportTo` themselves.
   *
   * @default none
   */
  readonly reportingEndpoints?: ReportingEndpoint | readonly ReportingEndpoint[] | false | null
  /**
   * Sent over https only, and never for localhost or an IP address.
   *
   * @default 'max-age=63072000; includeSubDomains'
   */
  readonly strictTransportSecurity?: OnOff | string | StrictTransportSecurity
  /**
   * The default is not sent with data, which links to nothing. An explicit value is sent with every response.
   *
   * @default 'strict-origin-when-cross-origin'
   */
  readonly referrerPolicy?: OnOff | string | readonly string[]
  /**
   * The default follows frame-ancestors of `contentSecurityPolicy`. It is sent with documents and with responses whose
   * policy was set by the handler: on other responses frame-ancestors of our policy has the same effect. An explicit value
   * is sent with every response and becomes the default of frame-ancestors.
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
   * Documents. An object changes the default list.
   *
   * @default a list of features that no page may use
   */
  readonly permissionsPolicy?: OnOff | PermissionsPolicy
  /**
   * Documents and redirects.
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
   * An explicit value also applies to responses with Access-Control-Allow-Origin.
   *
   * @default 'same-origin', and 'cross-origin' on responses with Access-Control-Allow-Origin
   */
  readonly crossOriginResourcePolicy?: OnOff | 'same-origin' | 'same-site' | 'cross-origin'
  /**
   * Documents and scripts. `true` is `require-corp`.
   *
   * @default false
   */
  readonly crossOriginEmbedderPolicy?: OnOff | 'require-corp' | 'credentialless' | 'unsafe-none'
  /**
   * Gives pages SharedArrayBuffer and precise clocks: Cross-Origin-Embedder-Policy (`true` is `require-corp`) together
   * with `same-origin` for opener and resource policy. Resources of other origins have to consent to being embedded.
   *
   * @default false
   */
  readonly crossOriginIsolated?: boolean | 'require-corp' | 'credentialless'
  /**
   * Documents.
   *
   * @default '?1'
   */
  readonly originAgentCluster?: OnOff | '?1' | '?0'
  /**
   * Documents. Over https browsers prefetch no names unless a header allows it, so the default is sent over http only.
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
   * Documents and data. `true` is `no-store, max-age=0`.
   *
   * @default false
   */
  readonly cacheControl?: OnOff | 'no-store, max-age=0' | 'no-store'
  /**
   * Options whose header replaces one that the handler or the upstream set.
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
