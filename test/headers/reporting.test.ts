import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import {
  type HeaderOptions,
  headerWriter,
  secureHeaders,
  strictCsp,
} from '../../src/headers/index.ts'
import { createIssues } from '../../src/options/index.ts'
import { errorResponse } from '../../src/page/index.ts'

function write(options: HeaderOptions, type = 'text/html', response?: Response): Headers {
  const wrong = createIssues()
  const writer = headerWriter(options, wrong)
  wrong.throwIfAny()
  const answer = writer(response ?? new Response('', { headers: { 'Content-Type': type } }), {
    https: true,
    host: 'app.example',
    nonce: 'N',
  })
  return answer.headers
}

function wrong(options: unknown): string {
  try {
    secureHeaders(options as HeaderOptions)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'nothing'
}

describe('reporting', () => {
  it('names the endpoint once and in both ways that browsers know', () => {
    const headers = write({ reporting: '/reports' })
    expect(headers.get('Reporting-Endpoints')).toBe('portcullis="/reports"')
    expect(headers.get('Content-Security-Policy')).toMatch(
      /; report-uri \/reports; report-to portcullis$/,
    )
  })

  it('is asked of other answers by report-uri alone, which needs no second header', () => {
    const headers = write({ reporting: 'https://reports.example/csp?app=1' }, 'application/json')
    expect(headers.get('Reporting-Endpoints')).toBe(null)
    expect(headers.get('Content-Security-Policy')).toBe(
      "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
        "report-uri https://reports.example/csp?app=1; require-trusted-types-for 'script'",
    )
  })

  it('leaves a policy that says itself where to report', () => {
    const headers = write({
      contentSecurityPolicy: { defaultSrc: "'self'", reportTo: 'main' },
      reporting: '/reports',
      reportingEndpoints: [{ name: 'main', url: 'https://reports.example/a' }],
    })
    expect(headers.get('Content-Security-Policy')).toBe(
      "default-src 'self'; report-to main; frame-ancestors 'none'",
    )
    expect(headers.get('Reporting-Endpoints')).toBe(
      'portcullis="/reports", main="https://reports.example/a"',
    )
  })

  it('is added to the policy of our own error pages, and to nobody else’s', () => {
    const person = { headers: new Headers({ Accept: 'text/html' }), method: 'GET' }
    const own = write({ reporting: '/reports' }, '', errorResponse('fault', person)).get(
      'Content-Security-Policy',
    )
    expect(own).toMatch(
      /^default-src 'none'; style-src 'sha256-.*; report-uri \/reports; report-to portcullis$/,
    )
    const theirs = { 'Content-Type': 'text/html', 'Content-Security-Policy': "default-src 'none'" }
    const response = new Response('', { status: 500, headers: theirs })
    expect(write({ reporting: '/reports' }, '', response).get('Content-Security-Policy')).toBe(
      "default-src 'none'",
    )
  })

  it.each([
    ['reports', 'reporting must be a path such as /reports, or an https URL with a path'],
    ['//reports.example', 'reporting must be'],
    ['http://reports.example/', 'reporting must be'],
    ['/a"b', 'reporting must be'],
    ['/a;b', 'reporting must be'],
    ['/a b', 'reporting must be'],
    ['/a\r\nb', 'reporting must be'],
    [7, 'reporting must be'],
  ])('to %j is refused', (reporting, says) => {
    expect(wrong({ reporting })).toContain(says)
  })

  it.each([
    [
      [{ name: 'Main', url: '/a' }],
      'reportingEndpoints.name must begin with a lower-case letter or *',
    ],
    [[{ name: 'a="/b", c', url: '/a' }], 'reportingEndpoints.name must be'],
    [[{ name: 'main', url: 'x' }], 'reportingEndpoints.url must be'],
    [[{ name: 'main', urls: '/x' }], 'reportingEndpoints.urls is not an option; did you mean url?'],
    ['main', 'reportingEndpoints must be an object'],
  ])('with endpoints %j is refused', (reportingEndpoints, says) => {
    expect(wrong({ reportingEndpoints })).toContain(says)
  })
})

describe('contentSecurityPolicyReportOnly', () => {
  it('stands beside the enforced policy, without what cannot be reported', () => {
    const headers = write({
      contentSecurityPolicy: { defaultSrc: "'self'" },
      contentSecurityPolicyReportOnly: strictCsp({ sandbox: true }),
      reporting: '/reports',
    })
    expect(headers.get('Content-Security-Policy')).toMatch(/^default-src 'self';/)
    const reported = headers.get('Content-Security-Policy-Report-Only')
    expect(reported).toMatch(/^default-src 'none'; script-src 'nonce-N' /)
    expect(reported).toMatch(/; report-uri \/reports; report-to portcullis$/)
    expect(reported).not.toMatch(/sandbox|upgrade-insecure-requests/)
  })

  it.each(['application/json', 'text/css', 'text/javascript'])('is not on %s', (type) => {
    const headers = write({ contentSecurityPolicyReportOnly: true, reporting: '/reports' }, type)
    expect(headers.has('Content-Security-Policy-Report-Only')).toBe(false)
  })

  it('that nobody hears of is refused', () => {
    expect(wrong({ contentSecurityPolicyReportOnly: true })).toContain(
      'contentSecurityPolicyReportOnly needs the option reporting',
    )
    expect(
      wrong({ contentSecurityPolicyReportOnly: { defaultSrc: "'self'", reportUri: '/a' } }),
    ).toBe('nothing')
  })
})

describe("contentSecurityPolicy: 'observe'", () => {
  it('enforces what can be closed without knowing a page, and reports the rest', () => {
    const headers = write({ contentSecurityPolicy: 'observe', reporting: '/reports' })
    expect(headers.get('Content-Security-Policy')).toBe(
      "base-uri 'self'; object-src 'none'; frame-ancestors 'none'; form-action 'self'; upgrade-insecure-requests",
    )
    expect(headers.get('Content-Security-Policy-Report-Only')).toMatch(
      /^default-src 'none'; script-src 'nonce-N' /,
    )
  })

  it('measures by another policy where one is given', () => {
    const contentSecurityPolicyReportOnly = { defaultSrc: "'self'" }
    const headers = write({
      contentSecurityPolicy: 'observe',
      contentSecurityPolicyReportOnly,
      reporting: '/reports',
    })
    expect(headers.get('Content-Security-Policy-Report-Only')).toBe(
      "default-src 'self'; frame-ancestors 'none'; report-uri /reports; report-to portcullis",
    )
  })

  it('needs somebody to report to', () => {
    expect(wrong({ contentSecurityPolicy: 'observe' })).toContain(
      'contentSecurityPolicy needs the option reporting',
    )
  })
})
