import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import {
  type HeaderOptions,
  headerWriter,
  type PermissionsAllowlist,
  secureHeaders,
} from '../../src/headers/index.ts'
import { createIssues } from '../../src/options/index.ts'

function headers(options: HeaderOptions, type = 'text/html', https = true): Record<string, string> {
  const wrong = createIssues()
  const write = headerWriter(options, wrong)
  wrong.throwIfAny()
  const response = write(new Response(null, { headers: { 'Content-Type': type } }), {
    https,
    host: 'app.example',
  })
  return Object.fromEntries(response.headers)
}

/** What the ConfigError says, fault by fault. */
function wrong(options: unknown): string[] {
  try {
    secureHeaders(options as HeaderOptions)
  } catch (error) {
    if (error instanceof ConfigError)
      return error.faults.map(({ option, problem }) => `${option} ${problem}`)
    throw error
  }
  return []
}

// Over https, but what is said by default over http only.
const names: Array<[option: string, name: string, https?: boolean]> = [
  ['contentSecurityPolicy', 'content-security-policy'],
  ['strictTransportSecurity', 'strict-transport-security'],
  ['referrerPolicy', 'referrer-policy'],
  ['xFrameOptions', 'x-frame-options'],
  ['xContentTypeOptions', 'x-content-type-options'],
  ['permissionsPolicy', 'permissions-policy'],
  ['crossOriginOpenerPolicy', 'cross-origin-opener-policy'],
  ['crossOriginResourcePolicy', 'cross-origin-resource-policy'],
  ['originAgentCluster', 'origin-agent-cluster'],
  ['xDnsPrefetchControl', 'x-dns-prefetch-control', false],
]

describe('an option', () => {
  it.each(names)(
    '%s that is absent, undefined or true gives the default of %s',
    (option, name, https = true) => {
      const byDefault = headers({}, 'text/html', https)[name]?.replaceAll(
        /'nonce-[^']+'/g,
        "'nonce-'",
      )
      expect(byDefault).toBeTruthy()
      for (const options of [
        { [option]: undefined },
        { [option]: true },
        Object.create({ [option]: false }),
      ]) {
        expect(
          headers(options, 'text/html', https)[name]?.replaceAll(/'nonce-[^']+'/g, "'nonce-'"),
        ).toBe(byDefault)
      }
    },
  )

  it.each(names)(
    '%s that is false or null takes %s away and nothing else',
    (option, name, https = true) => {
      for (const off of [false, null]) {
        const { [name]: _, ...others } = headers({}, 'text/html', https)
        const rest = headers({ [option]: off }, 'text/html', https)
        expect(rest[name]).toBe(undefined)
        expect(Object.keys(rest).sort()).toEqual(Object.keys(others).sort())
      }
    },
  )

  it.each([
    [{ referrerPolicy: 'no-referrer' }, 'referrer-policy', 'no-referrer'],
    [
      { referrerPolicy: ['no-referrer', 'same-origin'] },
      'referrer-policy',
      'no-referrer, same-origin',
    ],
    [{ referrerPolicy: 'no-referrer, Same-Origin' }, 'referrer-policy', 'no-referrer, same-origin'],
    [{ xFrameOptions: 'sameorigin' }, 'x-frame-options', 'SAMEORIGIN'],
    [
      { crossOriginOpenerPolicy: 'same-origin-allow-popups' },
      'cross-origin-opener-policy',
      'same-origin-allow-popups',
    ],
    [{ crossOriginResourcePolicy: 'cross-origin' }, 'cross-origin-resource-policy', 'cross-origin'],
    [{ crossOriginEmbedderPolicy: true }, 'cross-origin-embedder-policy', 'require-corp'],
    [
      { crossOriginEmbedderPolicy: 'credentialless' },
      'cross-origin-embedder-policy',
      'credentialless',
    ],
    [{ originAgentCluster: '?0' }, 'origin-agent-cluster', '?0'],
    [{ xDnsPrefetchControl: 'on' }, 'x-dns-prefetch-control', 'on'],
    [{ xXssProtection: true }, 'x-xss-protection', '0'],
    [{ xDownloadOptions: true }, 'x-download-options', 'noopen'],
    [
      { xPermittedCrossDomainPolicies: 'master-only' },
      'x-permitted-cross-domain-policies',
      'master-only',
    ],
    [
      { strictTransportSecurity: {} },
      'strict-transport-security',
      'max-age=63072000; includeSubDomains',
    ],
    [
      { strictTransportSecurity: { maxAge: 0 } },
      'strict-transport-security',
      'max-age=0; includeSubDomains',
    ],
    [
      { strictTransportSecurity: { includeSubDomains: false } },
      'strict-transport-security',
      'max-age=63072000',
    ],
    [
      { strictTransportSecurity: { maxAge: 31536000, preload: true } },
      'strict-transport-security',
      'max-age=31536000; includeSubDomains; preload',
    ],
    [
      { strictTransportSecurity: 'max-age=15552000' },
      'strict-transport-security',
      'max-age=15552000',
    ],
    [
      { strictTransportSecurity: 'max-age=31536000; includeSubDomains; preload' },
      'strict-transport-security',
      'max-age=31536000; includeSubDomains; preload',
    ],
  ] as Array<[HeaderOptions, string, string]>)('%j gives %s: %s', (options, name, value) => {
    expect(headers(options)[name]).toBe(value)
  })
})

describe('crossOriginEmbedderPolicy', () => {
  // A page under the policy loads no worker whose script is not under it.
  it.each([
    ['text/html', 'require-corp'],
    ['text/javascript', 'require-corp'],
    ['application/json', undefined],
    ['image/png', undefined],
  ])('on %s is %s', (type, value) => {
    expect(headers({ crossOriginEmbedderPolicy: true }, type)['cross-origin-embedder-policy']).toBe(
      value,
    )
  })
})

describe('a fault', () => {
  it.each<[options: unknown, says: string]>([
    [
      { refererPolicy: 'no-referrer' },
      'secureHeaders.refererPolicy is not an option; did you mean referrerPolicy?',
    ],
    [{ hsts: true }, 'secureHeaders.hsts is not an option'],
    [null, 'secureHeaders must be an object'],
    ['strict', 'secureHeaders must be an object'],
    [
      { strictTransportSecurity: { maxage: 1 } },
      'secureHeaders.strictTransportSecurity.maxage is not an option; did you mean maxAge?',
    ],
    [
      { strictTransportSecurity: { includeSubdomains: true } },
      'secureHeaders.strictTransportSecurity.includeSubdomains is not an option; did you mean includeSubDomains?',
    ],
    [
      { strictTransportSecurity: { maxAge: -1 } },
      'must be a whole number of seconds from 0 to 315360000',
    ],
    [{ strictTransportSecurity: { maxAge: 1.5 } }, 'must be a whole number of seconds'],
    [{ strictTransportSecurity: { maxAge: '31536000' } }, 'must be a whole number of seconds'],
    [
      { strictTransportSecurity: { maxAge: Number.POSITIVE_INFINITY } },
      'must be a whole number of seconds',
    ],
    [
      { strictTransportSecurity: { preload: true, maxAge: 300 } },
      'preload needs a maxAge of at least 31536000 seconds',
    ],
    [
      { strictTransportSecurity: { preload: true, includeSubDomains: false } },
      'preload needs a maxAge',
    ],
    [
      { strictTransportSecurity: 'max-age=1; includeSubdomain' },
      'as text may contain only max-age=..., includeSubDomains and preload',
    ],
    [{ strictTransportSecurity: 'includeSubDomains' }, 'as text must contain max-age=...'],
    [{ strictTransportSecurity: 'max-age=soon' }, 'maxAge must be a whole number of seconds'],
    [{ strictTransportSecurity: 5 }, 'secureHeaders.strictTransportSecurity must be an object'],
    [{ referrerPolicy: 'no-referer' }, 'did you mean no-referrer?'],
    [{ referrerPolicy: '' }, 'secureHeaders.referrerPolicy must be'],
    [{ referrerPolicy: [] }, 'secureHeaders.referrerPolicy must be'],
    [
      { referrerPolicy: ['origin', 'origin'] },
      'secureHeaders.referrerPolicy must not contain a policy twice',
    ],
    [{ referrerPolicy: [1] }, 'secureHeaders.referrerPolicy must be'],
    [
      { xFrameOptions: 'ALLOW-FROM https://a.example' },
      'must be true, false, null or one of DENY, SAMEORIGIN',
    ],
    [{ xFrameOptions: 'sameorgin' }, 'did you mean SAMEORIGIN?'],
    [{ xContentTypeOptions: 'sniff' }, 'secureHeaders.xContentTypeOptions must be'],
    [{ crossOriginOpenerPolicy: 'same-site' }, 'secureHeaders.crossOriginOpenerPolicy must be'],
    [
      { crossOriginResourcePolicy: { toString: () => 'same-site' } },
      'secureHeaders.crossOriginResourcePolicy must be',
    ],
    [{ crossOriginEmbedderPolicy: 'require-crop' }, 'did you mean require-corp?'],
    [{ originAgentCluster: 1 }, 'secureHeaders.originAgentCluster must be'],
    [{ xXssProtection: '1; mode=block' }, 'secureHeaders.xXssProtection must be'],
    [{ removePoweredBy: 'yes' }, 'secureHeaders.removePoweredBy must be one of true, false'],
    [{ strip: 'all' }, 'secureHeaders.strip must be one of true, false'],
    [{ strip: { keeps: [] } }, 'secureHeaders.strip.keeps is not an option; did you mean keep?'],
    [
      { strip: { keep: ['X-Nextjs-Redirct'] } },
      'has the name x-nextjs-redirct, which is not on the list of removed headers; did you mean x-nextjs-redirect?',
    ],
    [{ strip: { also: ['a b'] } }, 'secureHeaders.strip.also must be a list of header names'],
    [{ strip: { also: 'x' } }, 'secureHeaders.strip.also must be a list of header names'],
    [
      { permissionsPolicy: 'camera=()' },
      'secureHeaders.permissionsPolicy must be true, false, null or an object',
    ],
    [
      { permissionsPolicy: { camra: [] } },
      'secureHeaders.permissionsPolicy.camra is not the name of a feature; did you mean camera?',
    ],
    [
      { permissionsPolicy: { camera: ['https://a.example/path'] } },
      "a list of 'self' and https origins",
    ],
    [
      { permissionsPolicy: { camera: ['https://a.example")'] } },
      "a list of 'self' and https origins",
    ],
    [{ permissionsPolicy: { camera: ['http://a.example'] } }, "a list of 'self' and https origins"],
    [{ permissionsPolicy: { camera: ['self', '*'] } }, "a list of 'self' and https origins"],
    [{ permissionsPolicy: { geolocaton: [] } }, 'did you mean geolocation?'],
    [{ permissionsPolicy: { 'camera=*, usb': [] } }, 'is not the name of a feature'],
    [{ permissionsPolicy: { '': [] } }, 'is not the name of a feature'],
    [
      { permissionsPolicy: { syncXhr: [], 'sync-xhr': [] } },
      'is set twice, in camel case and in kebab case',
    ],
  ])('in %j is found while building', (options, says) => {
    expect(wrong(options).join('\n')).toContain(says)
  })

  it('comes with all others', () => {
    expect(
      wrong({
        xFrameOption: 'DENY',
        referrerPolicy: 'none',
        strictTransportSecurity: { maxAge: -1 },
        strip: 1,
      }),
    ).toHaveLength(4)
  })

  it('never repeats the value', () => {
    const said = wrong({
      referrerPolicy: 's3cret',
      xFrameOptions: 's3cret',
      contentSecurityPolicy: { defaultSrc: ['s3;cret'] },
    })
    expect(said).toHaveLength(3)
    expect(said.join()).not.toContain('s3')
  })

  // app.use(secureHeaders) instead of app.use(secureHeaders()): Hono would call the factory with its context.
  it('is the factory in place of the middleware', () => {
    expect(wrong({ env: {}, finalized: false, error: undefined })).toEqual([
      'secureHeaders.env is not an option',
      'secureHeaders.finalized is not an option',
    ])
  })
})

describe('permissionsPolicy', () => {
  it.each([
    [false, 'camera=()'],
    [[], 'camera=()'],
    ['none', 'camera=()'],
    [['none'], 'camera=()'],
    [true, 'camera=*'],
    ['*', 'camera=*'],
    ['self', 'camera=(self)'],
    [
      ['self', 'https://meet.example', 'https://*.a.example:8443'],
      'camera=(self "https://meet.example" "https://*.a.example:8443")',
    ],
  ])('turns %j into %s and leaves the rest', (camera, value) => {
    const policy = headers({ permissionsPolicy: { camera: camera as PermissionsAllowlist } })[
      'permissions-policy'
    ]?.split(', ')
    expect(policy).toContain(value)
    expect(policy).toContain('microphone=()')
    expect(policy).toHaveLength(28)
  })

  it('takes every feature that browsers know', () => {
    const others =
      'all-screens-capture ambient-light-sensor aria-notify attribution-reporting autoplay browsing-topics ch-ua ch-ua-arch ' +
      'ch-ua-bitness ch-ua-full-version-list ch-ua-high-entropy-values ch-ua-mobile ch-ua-model ch-ua-platform ' +
      'ch-ua-platform-version clipboard-write cross-origin-isolated deferred-fetch deferred-fetch-minimal ' +
      'digital-credentials-create digital-credentials-get encrypted-media focus-without-user-activation fullscreen gamepad ' +
      'identity-credentials-get join-ad-interest-group keyboard-map language-detector manual-text mediasession ' +
      'otp-credentials picture-in-picture publickey-credentials-create publickey-credentials-get rewriter run-ad-auction ' +
      'screen-wake-lock smart-card speaker-selection storage-access sync-xhr translator unload vertical-scroll web-share writer'
    for (const feature of others.split(' ')) {
      expect(headers({ permissionsPolicy: { [feature]: 'self' } })['permissions-policy']).toContain(
        `${feature}=(self)`,
      )
    }
  })

  it('takes features in both spellings, and null leaves one to the browser', () => {
    const policy = headers({
      permissionsPolicy: { xrSpatialTracking: null, 'screen-wake-lock': [], webShare: 'self' },
    })
    expect(policy['permissions-policy']).not.toContain('xr-spatial-tracking')
    expect(policy['permissions-policy']).toMatch(/screen-wake-lock=\(\), web-share=\(self\)$/)
  })
})

describe('framing', () => {
  const policy = { defaultSrc: "'self'" }
  it.each<[options: HeaderOptions, header: string | undefined, document: string, json: string]>([
    [{}, 'DENY', "frame-ancestors 'none'", "frame-ancestors 'none'"],
    [
      { xFrameOptions: 'SAMEORIGIN' },
      'SAMEORIGIN',
      "frame-ancestors 'self'",
      "frame-ancestors 'self'",
    ],
    [{ xFrameOptions: false }, undefined, '', ''],
    [{ contentSecurityPolicy: policy }, 'DENY', "frame-ancestors 'none'", "frame-ancestors 'none'"],
    [
      { contentSecurityPolicy: { ...policy, frameAncestors: null } },
      'DENY',
      '',
      "frame-ancestors 'none'",
    ],
    [
      { contentSecurityPolicy: policy, xFrameOptions: 'SAMEORIGIN' },
      'SAMEORIGIN',
      "frame-ancestors 'self'",
      "frame-ancestors 'self'",
    ],
    [{ contentSecurityPolicy: policy, xFrameOptions: false }, undefined, '', ''],
    [
      { contentSecurityPolicy: { ...policy, frameAncestors: "'self'" } },
      'SAMEORIGIN',
      "frame-ancestors 'self'",
      "frame-ancestors 'self'",
    ],
    [
      { contentSecurityPolicy: { ...policy, frameAncestors: ['https://a.example'] } },
      undefined,
      'frame-ancestors https://a.example',
      'frame-ancestors https://a.example',
    ],
    [
      { contentSecurityPolicy: { ...policy, frameAncestors: [] }, xFrameOptions: 'SAMEORIGIN' },
      'SAMEORIGIN',
      "frame-ancestors 'none'",
      "frame-ancestors 'none'",
    ],
    [{ contentSecurityPolicy: false }, 'DENY', '', ''],
  ])('with %j is the same in both headers', (options, header, document, json) => {
    for (const [type, expected] of [
      ['text/html', document],
      ['application/json', json],
    ] as const) {
      const got = headers(options, type)
      // Of data the policy says it, unless the option itself was given.
      const said = type === 'application/json' && json !== '' && options.xFrameOptions === undefined
      expect(got['x-frame-options']).toBe(said ? undefined : header)
      expect(/frame-ancestors [^;]*/.exec(got['content-security-policy'] ?? '')?.[0] ?? '').toBe(
        expected,
      )
    }
  })

  it.each([
    [{}, "default-src 'none'", 'DENY'],
    [
      { contentSecurityPolicy: { defaultSrc: "'self'", frameAncestors: "'self'" } },
      "default-src 'none'",
      'SAMEORIGIN',
    ],
    [{ enforce: ['contentSecurityPolicy'] }, "default-src 'none'", 'DENY'],
    [{ contentSecurityPolicy: null }, undefined, 'DENY'],
    [{ xFrameOptions: true }, undefined, 'DENY'],
  ] as Array<[HeaderOptions, string | undefined, string]>)(
    'with %j of data with the policy %j is %s',
    (options, policy, header) => {
      const answer = new Response('{}', { headers: { 'Content-Type': 'application/json' } })
      if (policy) answer.headers.set('Content-Security-Policy', policy)
      const wrong = createIssues()
      const got = headerWriter(options, wrong)(answer, { https: true, host: 'app.example' }).headers
      expect(got.get('X-Frame-Options')).toBe(header)
    },
  )
})
