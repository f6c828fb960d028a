/**
 * The table of security headers: the option of each, the kinds of response that get it, and its
 * value. `compile.ts` reads it. A new header is one row here; invalid options become issues.
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
  /** The value for every response, or a function of its kind and of whether it goes out over https. */
  readonly value:
    | string
    | undefined
    | ((responseKind: ResponseKind, secure: boolean) => string | undefined)
}

/** A 304 carries only what holds for every response, because a cache overwrites the headers of the page with it. */
const withContent: readonly ResponseKind[] = responseKinds.filter(
  (responseKind) => responseKind !== 'not-modified',
)
/** Data links to nothing, and the default is what browsers do without the header. */
const withLinks = withContent.filter((responseKind) => responseKind !== 'api')

/** Validates the option of each header. The order is the one in which headers are set. */
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
    // Every response of a redirect chain needs it: one without it separates a window from its opener for good.
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
    // Browsers prefetch names of links over http unless the header forbids it; over https they do not.
    {
      option: 'xDnsPrefetchControl',
      kinds: ['document'],
      value: (_, secure) =>
        secure && options.xDnsPrefetchControl === undefined ? undefined : prefetch,
    },
    ...defineOptionalHeaders(issues, options),
  ]
}

/** Framing, embedding and the policies of content. */
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

/** Permissions, and the headers that are off by default. */
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
