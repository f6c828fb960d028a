/** Response headers that tell what a server runs on, and which of them are taken away. */
import { checkKeys, type Faults, flag, nearest } from '../options/index.ts'

/** What to take away and what to leave. */
export interface Strip {
  /** Names of the list that stay, such as `X-Nextjs-Redirect`, which Next's own router reads. */
  readonly keep?: readonly string[]
  /** Names that go besides. */
  readonly also?: readonly string[]
}

/** OWASP Secure Headers Project, headers to remove, as of 2026-07-19: 87 names. */
const owasp = `$wsep Host-Header K-Proxy-Request Liferay-Portal OracleCommerceCloud-Version Pega-Host Powered-By Product
Server SourceMap X-AspNet-Version X-AspNetMvc-Version X-Atmosphere-error X-Atmosphere-first-request
X-Atmosphere-tracking-id X-B3-ParentSpanId X-B3-Sampled X-B3-SpanId X-B3-TraceId X-BEServer X-Backside-Transport
X-CF-Powered-By X-CMS X-CalculatedBETarget X-Cocoon-Version X-Content-Encoded-By X-Datadog-Origin X-Datadog-Parent-Id
X-Datadog-Sampling-Priority X-Datadog-Tags X-Datadog-Trace-Id X-DiagInfo X-Envoy-Attempt-Count
X-Envoy-External-Address X-Envoy-Internal X-Envoy-Original-Dst-Host X-Envoy-Upstream-Service-Time X-FEServer
X-Framework X-Generated-By X-Generator X-Gitlab-Meta X-Jitsi-Release X-Joomla-Version X-Kong-Admin-Latency
X-Kong-Client-Latency X-Kong-Proxy-Latency X-Kong-Request-Id X-Kong-Response-Latency X-Kong-Third-Party-Latency
X-Kong-Total-Latency X-Kong-Upstream-Latency X-Kong-Upstream-Status X-Kubernetes-PF-FlowSchema-UI
X-Kubernetes-PF-PriorityLevel-UID X-LiteSpeed-Cache X-LiteSpeed-Purge X-LiteSpeed-Tag X-LiteSpeed-Vary
X-Litespeed-Cache-Control X-Mod-Pagespeed X-Nextjs-Cache X-Nextjs-Matched-Path X-Nextjs-Page X-Nextjs-Redirect
X-OWA-Version X-Old-Content-Length X-OneAgent-JS-Injection X-Page-Speed X-Php-Version X-Powered-By X-Powered-By-Plesk
X-Powered-CMS X-Redirect-By X-Server-Powered-By X-SourceFiles X-SourceMap X-Turbo-Charged-By X-Tyk-Trace-Id
X-Umbraco-Version X-Varnish-Backend X-Varnish-Server X-Woodpecker-Version X-dtAgentId X-dtHealthCheck
X-dtInjectedServlet X-ruxit-JS-Agent`

/** Not on that list: proxies' version strings and frameworks' debug headers. */
const more = 'Via X-Runtime X-Debug-Token X-Debug-Token-Link X-Drupal-Cache X-Drupal-Dynamic-Cache X-Backend-Server'

/** Lower-case names to take away. `removePoweredBy` decides about X-Powered-By alone, as in Hono. */
export function stripped(faults: Faults, strip: unknown, removePoweredBy: unknown): Set<string> {
  const poweredBy = flag(faults, 'removePoweredBy', removePoweredBy ?? undefined, true)
  const names = new Set(strip === false || strip === null ? [] : `${owasp} ${more}`.toLowerCase().split(/\s/))
  if (typeof strip === 'object' && strip !== null) tune(faults.under('strip'), strip, names)
  else flag(faults, 'strip', strip ?? undefined, true)
  if (poweredBy) names.add('x-powered-by')
  else names.delete('x-powered-by')
  return names
}

function tune(faults: Faults, strip: Strip, names: Set<string>): void {
  checkKeys(faults, strip, ['keep', 'also'])
  for (const name of list(faults, 'keep', strip.keep)) {
    const meant = nearest(name, [...names])
    if (!names.delete(name)) faults.add('keep', `holds a name that is not on the list${meant ? `: ${meant}?` : ''}`)
  }
  for (const name of list(faults, 'also', strip.also)) names.add(name)
}

function list(faults: Faults, option: string, given: unknown): string[] {
  if (given === undefined) return []
  // RFC 9110 section 5.1: a field name is a token.
  const good =
    Array.isArray(given) && given.every((name) => typeof name === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(name))
  if (good) return given.map((name: string) => name.toLowerCase())
  faults.add(option, 'must be a list of header names')
  return []
}
