/**
 * Lists the response headers that reveal server software, and decides which of them are removed
 * from responses. The header compiler calls it while options are compiled. It throws nothing
 * itself: an invalid name, and a name in `keep` that is not on the list, are added to the caller's
 * list of issues.
 */
import { booleanOption, checkKeys, type Issues, nearestKey } from '../../options/index.ts'

/** Changes to the list of headers that are removed. */
export interface Strip {
  /**
   * Headers of the list that are not removed, such as `X-Nextjs-Redirect`, which Next's router
   * reads.
   */
  readonly keep?: readonly string[]
  /** Further headers that are removed. */
  readonly also?: readonly string[]
}

/** The headers that the OWASP Secure Headers Project removes, as of 2026-07-19: 87 names in lower case. */
const owaspNames = `$wsep host-header k-proxy-request liferay-portal oraclecommercecloud-version pega-host powered-by product
server sourcemap x-aspnet-version x-aspnetmvc-version x-atmosphere-error x-atmosphere-first-request
x-atmosphere-tracking-id x-b3-parentspanid x-b3-sampled x-b3-spanid x-b3-traceid x-beserver x-backside-transport
x-cf-powered-by x-cms x-calculatedbetarget x-cocoon-version x-content-encoded-by x-datadog-origin x-datadog-parent-id
x-datadog-sampling-priority x-datadog-tags x-datadog-trace-id x-diaginfo x-envoy-attempt-count
x-envoy-external-address x-envoy-internal x-envoy-original-dst-host x-envoy-upstream-service-time x-feserver
x-framework x-generated-by x-generator x-gitlab-meta x-jitsi-release x-joomla-version x-kong-admin-latency
x-kong-client-latency x-kong-proxy-latency x-kong-request-id x-kong-response-latency x-kong-third-party-latency
x-kong-total-latency x-kong-upstream-latency x-kong-upstream-status x-kubernetes-pf-flowschema-ui
x-kubernetes-pf-prioritylevel-uid x-litespeed-cache x-litespeed-purge x-litespeed-tag x-litespeed-vary
x-litespeed-cache-control x-mod-pagespeed x-nextjs-cache x-nextjs-matched-path x-nextjs-page x-nextjs-redirect
x-owa-version x-old-content-length x-oneagent-js-injection x-page-speed x-php-version x-powered-by x-powered-by-plesk
x-powered-cms x-redirect-by x-server-powered-by x-sourcefiles x-sourcemap x-turbo-charged-by x-tyk-trace-id
x-umbraco-version x-varnish-backend x-varnish-server x-woodpecker-version x-dtagentid x-dthealthcheck
x-dtinjectedservlet x-ruxit-js-agent`

/**
 * Further headers that are not on OWASP's list: version strings of proxies and debug headers of
 * frameworks.
 */
const otherNames =
  'via x-runtime x-debug-token x-debug-token-link x-drupal-cache x-drupal-dynamic-cache x-backend-server'

/**
 * Returns the lower-case names to remove. `removePoweredBy` alone decides about X-Powered-By, as in
 * Hono.
 */
export function compileStripList(
  issues: Issues,
  strip: unknown,
  removePoweredBy: unknown,
): Set<string> {
  const poweredBy = booleanOption(issues, 'removePoweredBy', removePoweredBy ?? undefined, true)
  const names = new Set(
    strip === false || strip === null ? [] : `${owaspNames} ${otherNames}`.split(/\s/),
  )

  if (typeof strip === 'object' && strip !== null)
    applyStripOptions(issues.at('strip'), strip, names)
  else booleanOption(issues, 'strip', strip ?? undefined, true)

  if (poweredBy) names.add('x-powered-by')
  else names.delete('x-powered-by')
  return names
}

function applyStripOptions(issues: Issues, strip: Strip, names: Set<string>): void {
  checkKeys(issues, strip, ['keep', 'also'])
  for (const headerName of parseNames(issues, 'keep', strip.keep)) {
    const suggestion = nearestKey(headerName, [...names])
    if (!names.delete(headerName))
      issues.add(
        'keep',
        `has the name ${headerName}, which is not on the list of removed headers` +
          (suggestion ? `; did you mean ${suggestion}?` : ''),
      )
  }

  for (const headerName of parseNames(issues, 'also', strip.also)) names.add(headerName)
}

function parseNames(issues: Issues, optionName: string, optionValue: unknown): string[] {
  if (optionValue === undefined) return []

  // RFC 9110 section 5.1: a field name is a token.
  const isValid =
    Array.isArray(optionValue) &&
    optionValue.every((name) => typeof name === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(name))
  if (isValid) return optionValue.map((headerName: string) => headerName.toLowerCase())

  issues.add(optionName, "must be a list of header names, such as ['X-Version']")
  return []
}
