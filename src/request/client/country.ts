/**
 * Reads the country of a client, which the platform in front adds to a request. Sessions with
 * `clientInfo` and the audit trail call it. A wrong option is added to the caller's list of issues.
 * A missing value, or anything but two capital letters, gives undefined. With the wrong platform,
 * clients could write the header themselves.
 */
import type { Issues } from '../../options/issues.ts'

/** The platform that reports countries; `false` for none. */
export type CountrySource = false | 'cloudflare' | 'vercel'

/** The parts of a request that may contain its country. */
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

  const cfProperties =
    source === 'cloudflare' ? (cf as { country?: unknown } | undefined) : undefined
  const value =
    cfProperties === undefined ? headers.get(countryHeaders[source]) : cfProperties.country
  return typeof value === 'string' && /^[A-Z][A-Z0-9]$/.test(value) ? value : undefined
}

/** Validates the option with the source of countries. Absent means `false`. */
export function validateCountrySource(value: unknown, issues: Issues): CountrySource {
  if (value === undefined || value === false) return false
  if (value === 'cloudflare' || value === 'vercel') return value

  issues.add('country', "must be 'cloudflare', 'vercel' or false")
  return false
}
