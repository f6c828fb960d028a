/**
 * Defines the table of security headers: the option of each header, the kinds of responses that get
 * it, and its value. The header compiler reads it. To add a header, add one row here. It throws
 * nothing itself: invalid options are added to the caller's list of issues.
 */
import type { Issues } from '../../options/index.ts'
import type { Policies } from '../csp/policies.ts'
import { type ResponseKind, responseKinds } from '../kind.ts'
import type { HeaderOption, HeaderOptions } from '../options.ts'
import {
  checkIsolation,
  compileEmbedderPolicy,
  compileOpenerPolicy,
  compileResourcePolicy,
} from '../values/cross-origin.ts'
import { compileStrictTransportSecurity } from '../values/hsts.ts'
import { permissionsPolicy } from '../values/permissions-policy.ts'
import { compileReferrerPolicy } from '../values/referrer-policy.ts'
import type { Reporting } from '../values/reporting.ts'
import {
  cacheControl,
  contentTypeOptions,
  crossDomainPolicies,
  dnsPrefetchControl,
  downloadOptions,
  originAgentCluster,
  xssProtection,
} from '../values/simple.ts'

/** One header of the table. */
export interface HeaderDefinition {
  readonly option: HeaderOption
  readonly kinds: readonly ResponseKind[]
  /**
   * The value for every response, or a function of the response's kind and of whether it is sent
   * over https.
   */
  readonly value:
    | string
    | undefined
    | ((responseKind: ResponseKind, secure: boolean) => string | undefined)
}

/**
 * The kinds with a body. A 304 only gets headers that every response has, because a cache
 * overwrites the headers of the stored page with them.
 */
const withContent: readonly ResponseKind[] = responseKinds.filter(
  (responseKind) => responseKind !== 'not-modified',
)
/**
 * The kinds that may contain links. Data has none, and browsers behave as with the default if the
 * header is absent.
 */
const withLinks = withContent.filter((responseKind) => responseKind !== 'api')

/**
 * Validates the option of each header, and returns the headers in the order in which they are set.
 */
export function defineHeaders(
  issues: Issues,
  options: HeaderOptions,
  policies: Policies,
  reporting: Reporting,
): readonly HeaderDefinition[] {
  const hsts = compileStrictTransportSecurity(issues, options.strictTransportSecurity)
  const opener = compileOpenerPolicy(issues, options.crossOriginOpenerPolicy)
  const prefetch = dnsPrefetchControl(issues, options.xDnsPrefetchControl)
  const { crossOriginIsolated: isolation, crossOriginEmbedderPolicy: embedder } = options
  checkIsolation(issues, isolation !== undefined && isolation !== false, opener, embedder)

  const transport: readonly HeaderDefinition[] = [
    {
      option: 'strictTransportSecurity',
      kinds: responseKinds,
      value: (_, secure) => (secure ? hsts : undefined),
    },
    {
      option: 'xContentTypeOptions',
      kinds: responseKinds,
      value: contentTypeOptions(issues, options.xContentTypeOptions),
    },
    {
      option: 'referrerPolicy',
      kinds: options.referrerPolicy === undefined ? withLinks : withContent,
      value: compileReferrerPolicy(issues, options.referrerPolicy),
    },
  ]

  return [
    ...transport,
    ...defineContentHeaders(issues, options, policies),
    { option: 'reportingEndpoints', kinds: ['document'], value: reporting.header },
    // Every response of a redirect chain needs the header: one without it separates a window from
    // its opener permanently.
    { option: 'crossOriginOpenerPolicy', kinds: ['document', 'redirect'], value: opener },
    {
      option: 'crossOriginEmbedderPolicy',
      kinds: ['document', 'script'],
      value: compileEmbedderPolicy(issues, embedder, isolation),
    },
    {
      option: 'originAgentCluster',
      kinds: ['document'],
      value: originAgentCluster(issues, options.originAgentCluster),
    },
    // Over http, browsers prefetch the names of links unless the header forbids it; over https they
    // do not.
    {
      option: 'xDnsPrefetchControl',
      kinds: ['document'],
      value: (_, secure) =>
        secure && options.xDnsPrefetchControl === undefined ? undefined : prefetch,
    },
    ...defineOptionalHeaders(issues, options),
  ]
}

/** Defines the headers of framing, embedding and content policies. */
function defineContentHeaders(
  issues: Issues,
  options: HeaderOptions,
  policies: Policies,
): HeaderDefinition[] {
  return [
    { option: 'xFrameOptions', kinds: withContent, value: policies.framing.header },
    {
      option: 'crossOriginResourcePolicy',
      kinds: withContent,
      value: compileResourcePolicy(issues, options.crossOriginResourcePolicy),
    },
    {
      option: 'contentSecurityPolicy',
      kinds: withContent,
      value: (responseKind, secure) => policies.forKind(responseKind)[secure ? 'secure' : 'plain'],
    },
    {
      option: 'contentSecurityPolicyReportOnly',
      kinds: ['document'],
      value: (_, secure) => policies.reported[secure ? 'secure' : 'plain'],
    },
  ]
}

/** Defines Permissions-Policy and the headers that are off by default. */
function defineOptionalHeaders(issues: Issues, options: HeaderOptions): HeaderDefinition[] {
  return [
    {
      option: 'permissionsPolicy',
      kinds: ['document'],
      value: permissionsPolicy(issues, options.permissionsPolicy),
    },
    {
      option: 'xXssProtection',
      kinds: withContent,
      value: xssProtection(issues, options.xXssProtection),
    },
    {
      option: 'xDownloadOptions',
      kinds: withContent,
      value: downloadOptions(issues, options.xDownloadOptions),
    },
    {
      option: 'xPermittedCrossDomainPolicies',
      kinds: withContent,
      value: crossDomainPolicies(issues, options.xPermittedCrossDomainPolicies),
    },
    {
      option: 'cacheControl',
      kinds: ['document', 'api'],
      value: cacheControl(issues, options.cacheControl),
    },
  ]
}
