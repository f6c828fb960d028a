/**
 * Describes the client of a session: made from a request, and read for an application. `engine.ts`
 * and `client-info.ts` call it. It is pure; what another version of this library stored gives
 * undefined.
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

/** A client as it is sealed, with one letter for each member: a stateless cookie holds it, too. */
interface StoredClient {
  /** Checksum of the User-Agent, so that it is parsed only when it has changed. */
  readonly h: number
  /** Since when, in seconds since the epoch. */
  readonly t: number
  readonly b?: string
  readonly s?: string
  readonly k?: string
  readonly n?: string
  readonly c?: string
}

/**
 * Returns what a session has to keep of the client of a request. Returns undefined where that is there already, where the
 * one that is there is too new to be replaced, and where the request is not known.
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

/** Reads what a session keeps. Returns undefined for what another version of this library may have stored there. */
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

/** FNV-1a of 32 bits over the UTF-16 code units: fast, and not meant to be hard to forge. */
function computeChecksum(text: string): number {
  let checksum = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    checksum = Math.imul(checksum ^ text.charCodeAt(index), 0x01000193)
  }
  return checksum >>> 0
}
