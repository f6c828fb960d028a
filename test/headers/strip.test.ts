import { describe, expect, it } from 'vitest'
import { type HeaderOptions, headerWriter } from '../../src/headers/index.ts'
import { createIssues } from '../../src/options/index.ts'

// OWASP Secure Headers Project, ci/headers_remove.json, 2026-07-19.
const owasp = [
  ...[
    '$wsep',
    'Host-Header',
    'K-Proxy-Request',
    'Liferay-Portal',
    'OracleCommerceCloud-Version',
    'Pega-Host',
  ],
  ...['Powered-By', 'Product', 'Server', 'SourceMap', 'X-AspNet-Version', 'X-AspNetMvc-Version'],
  ...[
    'X-Atmosphere-error',
    'X-Atmosphere-first-request',
    'X-Atmosphere-tracking-id',
    'X-B3-ParentSpanId',
  ],
  ...[
    'X-B3-Sampled',
    'X-B3-SpanId',
    'X-B3-TraceId',
    'X-BEServer',
    'X-Backside-Transport',
    'X-CF-Powered-By',
    'X-CMS',
  ],
  ...[
    'X-CalculatedBETarget',
    'X-Cocoon-Version',
    'X-Content-Encoded-By',
    'X-Datadog-Origin',
    'X-Datadog-Parent-Id',
  ],
  ...[
    'X-Datadog-Sampling-Priority',
    'X-Datadog-Tags',
    'X-Datadog-Trace-Id',
    'X-DiagInfo',
    'X-Envoy-Attempt-Count',
  ],
  ...[
    'X-Envoy-External-Address',
    'X-Envoy-Internal',
    'X-Envoy-Original-Dst-Host',
    'X-Envoy-Upstream-Service-Time',
  ],
  ...[
    'X-FEServer',
    'X-Framework',
    'X-Generated-By',
    'X-Generator',
    'X-Gitlab-Meta',
    'X-Jitsi-Release',
  ],
  ...['X-Joomla-Version', 'X-Kong-Admin-Latency', 'X-Kong-Client-Latency', 'X-Kong-Proxy-Latency'],
  ...[
    'X-Kong-Request-Id',
    'X-Kong-Response-Latency',
    'X-Kong-Third-Party-Latency',
    'X-Kong-Total-Latency',
  ],
  ...['X-Kong-Upstream-Latency', 'X-Kong-Upstream-Status', 'X-Kubernetes-PF-FlowSchema-UI'],
  ...[
    'X-Kubernetes-PF-PriorityLevel-UID',
    'X-LiteSpeed-Cache',
    'X-LiteSpeed-Purge',
    'X-LiteSpeed-Tag',
  ],
  ...[
    'X-LiteSpeed-Vary',
    'X-Litespeed-Cache-Control',
    'X-Mod-Pagespeed',
    'X-Nextjs-Cache',
    'X-Nextjs-Matched-Path',
  ],
  ...[
    'X-Nextjs-Page',
    'X-Nextjs-Redirect',
    'X-OWA-Version',
    'X-Old-Content-Length',
    'X-OneAgent-JS-Injection',
  ],
  ...[
    'X-Page-Speed',
    'X-Php-Version',
    'X-Powered-By',
    'X-Powered-By-Plesk',
    'X-Powered-CMS',
    'X-Redirect-By',
  ],
  ...[
    'X-Server-Powered-By',
    'X-SourceFiles',
    'X-SourceMap',
    'X-Turbo-Charged-By',
    'X-Tyk-Trace-Id',
  ],
  ...[
    'X-Umbraco-Version',
    'X-Varnish-Backend',
    'X-Varnish-Server',
    'X-Woodpecker-Version',
    'X-dtAgentId',
  ],
  ...['X-dtHealthCheck', 'X-dtInjectedServlet', 'X-ruxit-JS-Agent'],
]
const more = [
  'Via',
  'X-Runtime',
  'X-Debug-Token',
  'X-Debug-Token-Link',
  'X-Drupal-Cache',
  'X-Drupal-Dynamic-Cache',
]
const kept = [
  'Content-Type',
  'ETag',
  'Vary',
  'X-Request-Id',
  'Server-Timing',
  'Location',
  'X-Powered',
  'Servers',
]

/** Which of these names is left on a response that had them all. */
function left(
  options: HeaderOptions = {},
  names = [...owasp, ...more, ...kept],
  status = 200,
): string[] {
  const wrong = createIssues()
  const write = headerWriter(options, wrong)
  wrong.throwIfAny()
  const response = new Response(null, { status })
  for (const name of names) response.headers.set(name, 'x')
  const { headers } = write(response, { https: false, host: '' })
  return names.filter((name) => headers.has(name))
}

describe('headers that name the server', () => {
  it('are on the list by 87 names', () => {
    expect(new Set(owasp.map((name) => name.toLowerCase())).size).toBe(87)
  })

  it.each([200, 204, 302, 304, 404, 500])(
    'are taken away with status %i, and no others',
    (status) => {
      expect(left({}, undefined, status)).toEqual(kept)
    },
  )

  it.each([...owasp, ...more, 'X-Backend-Server'])('%s is one of them', (name) => {
    expect(left({}, [name])).toEqual([])
  })

  it('stay where strip is off, but X-Powered-By goes', () => {
    for (const strip of [false, null]) {
      expect(left({ strip })).toEqual(
        [...owasp, ...more, ...kept].filter((name) => name !== 'X-Powered-By'),
      )
    }
    expect(left({ strip: false, removePoweredBy: false })).toHaveLength(
      owasp.length + more.length + kept.length,
    )
  })

  it('go, but X-Powered-By stays, where that is asked for', () => {
    expect(left({ removePoweredBy: false })).toEqual(['X-Powered-By', ...kept])
  })

  it('can be more or fewer', () => {
    const strip = { keep: ['X-Nextjs-Redirect', 'x-nextjs-cache'], also: ['X-Request-Id'] }
    expect(left({ strip })).toEqual([
      'X-Nextjs-Cache',
      'X-Nextjs-Redirect',
      ...kept.filter((n) => n !== 'X-Request-Id'),
    ])
  })
})
