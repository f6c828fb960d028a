/**
 * Reads the client from a request in the short form that a session stores, and converts the stored form for
 * applications. `client/engine.ts` and `client-info.ts` call it.
 *
 * It is pure. A context without a request gives undefined, and so does a stored form that another
 * version of this library has written. The User-Agent is what the client claims, so it proves nothing.
 */
import { clientAddress, type Platform } from '../../request/address/address.ts'
import { truncateAddress } from '../../request/address/truncate.ts'
import { type CountrySource, readCountry } from '../../request/client/country.ts'
import { readDevice } from '../../request/client/device.ts'
import type { CookieJar } from '../../types.ts'
import type { SessionClient } from '../core/types.ts'

/** The validated options of `clientInfo`. */
export interface ClientSettings {
  readonly platform: Platform
  readonly country: CountrySource
  readonly intervalMs: number
}

/** The stored form of a client. Members have one letter each, because a stateless cookie contains them. */
interface StoredClient {
  /** Checksum of the User-Agent, so that it is parsed only when it has changed. */
  readonly h: number
  /** When the session began to be used with this client, in seconds since the epoch. */
  readonly t: number
  readonly b?: string
  readonly s?: string
  readonly k?: string
  readonly n?: string
  readonly c?: string
}

/**
 * Returns the client of a request in its stored form. Returns undefined if the same client is stored already, if the
 * stored one is younger than `intervalMs`, or if the context has no request.
 */
export function readNewClient(
  settings: ClientSettings,
  { request }: Pick<CookieJar, 'request'>,
  storedClient: object | undefined,
  now: number,
): object | undefined {
  if (request === undefined) return undefined

  const userAgent = request.headers.get('user-agent') ?? ''
  const checksum = computeChecksum(userAgent)
  const network = truncateAddress(clientAddress(request.headers, settings.platform))
  const country = readCountry(request, settings.country)

  const { h, t = 0, n, c } = (storedClient ?? {}) as Partial<StoredClient>
  if (h === checksum && n === network && c === country) return undefined
  if (now - t * 1000 < settings.intervalMs) return undefined

  const { browser: b, system: s, deviceKind: k } = readDevice(userAgent)
  const client: Partial<Record<keyof StoredClient, unknown>> = {
    ...{ h: checksum, t: Math.floor(now / 1000) },
    ...{ b, s, k, n: network, c: country },
  }
  return client
}

/** Converts a stored client for applications. Returns undefined for the form of another version of this library. */
export function describeClient(storedClient: object): SessionClient | undefined {
  const { t, b, s, k, n, c } = storedClient as Partial<StoredClient>
  if (typeof t !== 'number') return undefined

  return {
    ...(typeof b === 'string' && { browser: b }),
    ...(typeof s === 'string' && { system: s }),
    ...(typeof k === 'string' && { deviceKind: k }),
    ...(typeof c === 'string' && { country: c }),
    ...(typeof n === 'string' && { network: n }),
    since: t * 1000,
  }
}

/** Computes a 32-bit FNV-1a hash of the UTF-16 code units. It is fast, and not cryptographic. */
function computeChecksum(text: string): number {
  let checksum = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    checksum = Math.imul(checksum ^ text.charCodeAt(index), 0x01000193)
  }
  return checksum >>> 0
}
