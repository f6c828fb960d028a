/**
 * Reads the country of a client, where the platform in front names it. Sessions with `clientInfo`
 * and the audit trail call it. Anything but two capital letters gives undefined.
 */
import type { Issues } from '../../options/issues.ts'

/** The platform that names countries; `false` where none does. */
export type CountrySource = false | 'cloudflare' | 'vercel'

/** The parts of a request that may name its country. */
export interface CountryFields {
  readonly headers: Pick<Headers, 'get'>
  /** `request.cf` of a Worker. */
  readonly cf?: unknown
}

const countryHeaders = { cloudflare: 'cf-ipcountry', vercel: 'x-vercel-ip-country' } as const

/**
 * Reads the country: `request.cf` in a Worker, otherwise the header of the platform. Returns undefined for anything but two
 * capital letters, or `T1` for Tor.
 */
export function readCountry(
  { headers, cf }: CountryFields,
  source: CountrySource,
): string | undefined {
  if (source === false) return undefined

  const ownName = source === 'cloudflare' ? (cf as { country?: unknown } | undefined) : undefined
  const value = ownName === undefined ? headers.get(countryHeaders[source]) : ownName.country
  return typeof value === 'string' && /^[A-Z][A-Z0-9]$/.test(value) ? value : undefined
}

/** Validates an option that names the source of countries. Absent means `false`. */
export function validateCountrySource(value: unknown, issues: Issues): CountrySource {
  if (value === undefined || value === false) return false
  if (value === 'cloudflare' || value === 'vercel') return value

  issues.add('country', "must be 'cloudflare', 'vercel' or false")
  return false
}
