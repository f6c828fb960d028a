/** What hono/secure-headers takes for the very headers that ours sends with a document: as many, with the same values. */
import { NONCE, secureHeaders } from 'hono/secure-headers'
import { document } from './hand-headers.ts'

const camel = (name: string): string =>
  name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
const said = (wanted: string): string => document.find(({ name }) => name === wanted)?.value ?? ''
const policy = said('content-security-policy')
  .split('; ')
  .map((directive) => directive.split(' '))
  .map(([name = '', ...sources]) => [
    camel(name),
    sources.map((source) => (source === "'nonce'" ? NONCE : source)),
  ])
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
