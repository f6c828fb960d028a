/** What hono/secure-headers takes for the very headers that ours sends with a document: as many, with the same values. */
import { NONCE, secureHeaders } from 'hono/secure-headers'
import { compileHeaders } from '../../src/headers/index.ts'

const { headers } = compileHeaders()
// A document over https, but for what only goes beside somebody else's policy.
const document = new Map(
  headers.filter(({ where, how }) => (where >> 8) & 1 && how < 8).map(({ name, value }) => [name, value]),
)
const camel = (name: string): string => name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
const said = (name: string): string => document.get(name) ?? ''
const policy = said('content-security-policy')
  .split('; ')
  .map((directive) => directive.split(' '))
  .map(([name = '', ...sources]) => [camel(name), sources.map((source) => (source === "'nonce'" ? NONCE : source))])
const powers = said('permissions-policy')
  .split(', ')
  .map((power) => [camel(power.replace('=()', '')), []])

export const honoSame = secureHeaders({
  contentSecurityPolicy: Object.fromEntries(policy),
  permissionsPolicy: Object.fromEntries(powers),
  referrerPolicy: said('referrer-policy'),
  strictTransportSecurity: said('strict-transport-security'),
  xFrameOptions: said('x-frame-options'),
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
})
