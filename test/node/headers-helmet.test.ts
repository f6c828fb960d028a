/** helmet itself is the referee of the preset `compat`: the same options, the same headers. */
import helmet from 'helmet'
import { describe, expect, test } from 'vitest'
import { type HeaderOptions, headerWriter } from '../../src/headers/index.ts'
import { createIssues } from '../../src/options/index.ts'

/** What helmet sets on an answer, policies with their directives sorted. */
function readHelmet(options: object): Record<string, string> {
  const set: Record<string, string> = {}
  const response = {
    setHeader(name: string, value: string): void {
      set[name.toLowerCase()] = value
    },
    removeHeader: (): void => {},
  }
  helmet(options)({} as never, response as never, (error) => {
    if (error) throw error
  })
  return sortPolicies(set)
}

function readOurs(options: object): Record<string, string> {
  const wrong = createIssues()
  const write = headerWriter({ preset: 'compat', ...options } as HeaderOptions, wrong)
  wrong.throwIfAny()
  const answer = write(new Response(null, { headers: { 'content-type': 'text/html' } }), {
    https: true,
    host: 'a.example',
  })
  answer.headers.delete('content-type')
  return sortPolicies(Object.fromEntries(answer.headers))
}

function sortPolicies(headers: Record<string, string>): Record<string, string> {
  for (const name of ['content-security-policy', 'content-security-policy-report-only']) {
    const value = headers[name]
    if (value === undefined) continue
    headers[name] = value
      .split(';')
      .map((part) => part.trim())
      .sort()
      .join('; ')
  }
  return headers
}

const simple = [
  'contentSecurityPolicy',
  'crossOriginEmbedderPolicy',
  'crossOriginOpenerPolicy',
  'crossOriginResourcePolicy',
  'originAgentCluster',
  'referrerPolicy',
  'strictTransportSecurity',
  'xContentTypeOptions',
  'xDnsPrefetchControl',
  'xDownloadOptions',
  'xFrameOptions',
  'xPermittedCrossDomainPolicies',
  'xXssProtection',
]
const objects: object[] = [
  { crossOriginEmbedderPolicy: {} },
  { crossOriginEmbedderPolicy: { policy: 'credentialless' } },
  { crossOriginOpenerPolicy: {} },
  { crossOriginOpenerPolicy: { policy: 'same-origin-allow-popups' } },
  { crossOriginResourcePolicy: { policy: 'cross-origin' } },
  { referrerPolicy: {} },
  { referrerPolicy: { policy: 'same-origin' } },
  { strictTransportSecurity: {} },
  { strictTransportSecurity: { maxAge: 60 } },
  { strictTransportSecurity: { includeSubDomains: false } },
  { strictTransportSecurity: { maxAge: 63_072_000, preload: true } },
  { xDnsPrefetchControl: {} },
  { xDnsPrefetchControl: { allow: true } },
  { xDnsPrefetchControl: { allow: false } },
  { xFrameOptions: {} },
  { xFrameOptions: { action: 'deny' } },
  { xFrameOptions: { action: 'sameorigin' } },
  { xFrameOptions: { action: 'same-origin' } },
  { xPermittedCrossDomainPolicies: {} },
  { xPermittedCrossDomainPolicies: { permittedPolicies: 'by-content-type' } },
  { contentSecurityPolicy: {} },
  { contentSecurityPolicy: { directives: { imgSrc: ["'self'", 'https:'] } } },
  {
    contentSecurityPolicy: { directives: { 'img-src': ["'self'"], upgradeInsecureRequests: null } },
  },
  { contentSecurityPolicy: { directives: { upgradeInsecureRequests: [] } } },
  {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        frameAncestors: ["'self'"],
      },
    },
  },
  // upgrade-insecure-requests does nothing in a policy that only reports (CSP Level 3), and is left out there.
  {
    contentSecurityPolicy: {
      reportOnly: true,
      directives: { reportUri: '/csp', upgradeInsecureRequests: null },
    },
  },
]

describe('P11: preset compat answers as helmet does', () => {
  test.each([{}, ...simple.flatMap((name) => [{ [name]: true }, { [name]: false }]), ...objects])(
    'P11: %j',
    (options) => {
      expect(readOurs(options)).toEqual(readHelmet(options))
    },
  )
})
