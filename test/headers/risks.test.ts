import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import {
  type ContentSecurityPolicy,
  type HeaderOptions,
  NONCE,
  secureHeaders,
  strictCsp,
} from '../../src/headers/index.ts'

function wrong(contentSecurityPolicy: ContentSecurityPolicy, more: HeaderOptions = {}): string[] {
  try {
    secureHeaders({ contentSecurityPolicy, ...more })
  } catch (error) {
    if (error instanceof ConfigError)
      return error.faults.map(({ option, problem }) => `${option} ${problem}`)
    throw error
  }
  return []
}

const base = { defaultSrc: "'self'", baseUri: "'none'" }
const unsafe =
  /'unsafe-inline' without a nonce or hash \(insecureContentSecurityPolicy: true allows it\)$/
const star = /has \* as a source/

describe('a policy under which injected markup runs scripts', () => {
  it.each<[policy: ContentSecurityPolicy, option: string, says: RegExp]>([
    // <img src=x onerror=alert(1)>
    [{ ...base, scriptSrc: "'self' 'unsafe-inline'" }, 'scriptSrc', unsafe],
    [{ ...base, scriptSrc: "'self' 'UNSAFE-INLINE'" }, 'scriptSrc', unsafe],
    [{ ...base, defaultSrc: "'self' 'unsafe-inline'" }, 'scriptSrc', unsafe],
    [{ ...base, scriptSrcElem: "'unsafe-inline'" }, 'scriptSrcElem', unsafe],
    [{ ...base, scriptSrcAttr: "'unsafe-inline'" }, 'scriptSrcAttr', unsafe],
    [{ ...base, scriptSrc: "'strict-dynamic' 'unsafe-inline'" }, 'scriptSrc', unsafe],
    // <script src=https://evil.example/x.js>
    [{ ...base, scriptSrc: '*' }, 'scriptSrc', star],
    [{ ...base, scriptSrc: 'https://*' }, 'scriptSrc', star],
    [{ ...base, scriptSrc: 'https://*:*' }, 'scriptSrc', star],
    [{ ...base, scriptSrc: '*:443' }, 'scriptSrc', star],
    [{ ...base, defaultSrc: '*' }, 'objectSrc', star],
    [{ ...base, scriptSrc: "'self' https:" }, 'scriptSrc', /has https: without a host/],
    [{ ...base, scriptSrc: 'http:' }, 'scriptSrc', /has http: without a host/],
    [{ ...base, scriptSrc: `${NONCE} https:` }, 'scriptSrc', /has https: without a host/],
    // <script src="data:,alert(1)">
    [{ ...base, scriptSrc: "'self' data:" }, 'scriptSrc', /has data: without a host/],
    [{ ...base, objectSrc: 'data:' }, 'objectSrc', /has data: without a host/],
    // <base href=https://evil.example/>
    [{ ...base, baseUri: '*' }, 'baseUri', star],
    [{ defaultSrc: "'none'", scriptSrc: NONCE }, 'baseUri', /is missing, so an injected <base>/],
    [
      {
        defaultSrc: "'none'",
        scriptSrc: "'strict-dynamic' 'sha256-rOHhyoLCVzMEGkfdlSeJTJ29D2pYGqAVOQXAka6u6gQ='",
      },
      'baseUri',
      /is missing, so an injected <base>/,
    ],
    [{ defaultSrc: null, objectSrc: "'none'" }, 'scriptSrc', /is missing, and so is default-src/],
    [{ defaultSrc: null, scriptSrc: "'none'" }, 'objectSrc', /is missing, and so is default-src/],
  ])('%j throws for %s', (policy, option, says) => {
    const said = wrong(policy)
    expect(
      said.find((fault) => fault.startsWith(`secureHeaders.contentSecurityPolicy.${option} `)),
    ).toMatch(says)
    expect(wrong(policy, { insecureContentSecurityPolicy: true })).toEqual([])
    expect(wrong(policy, { insecureContentSecurityPolicy: false })).toEqual(said)
  })

  it('may be reported, as it refuses nothing', () => {
    const contentSecurityPolicyReportOnly = { defaultSrc: '*' }
    expect(wrong(base, { contentSecurityPolicyReportOnly, reporting: '/reports' })).toEqual([])
  })
})

describe('a policy that holds', () => {
  it.each<[ContentSecurityPolicy]>([
    [base],
    [strictCsp()],
    [strictCsp({ scriptSrc: ["'self'", 'https://cdn.example', 'https://*.cdn.example'] })],
    // Ignored by every browser that knows the nonce.
    [{ ...base, scriptSrc: `${NONCE} 'unsafe-inline'` }],
    [{ ...base, scriptSrc: `${NONCE} 'strict-dynamic' https: http: 'unsafe-inline'` }],
    [{ defaultSrc: "'self'", scriptSrc: "'sha256-rOHhyoLCVzMEGkfdlSeJTJ29D2pYGqAVOQXAka6u6gQ='" }],
    [{ ...base, styleSrc: "'self' 'unsafe-inline'", imgSrc: '* data:' }],
    [{ ...base, scriptSrc: 'blob:' }],
  ])('%j is served', (policy) => {
    expect(wrong(policy)).toEqual([])
  })
})
