/**
 * Fetches the public keys of AWS load balancers, each a PEM file at a URL of its own, and caches up
 * to 8 of them. `awsAlb()` calls `createFindKey` once, and the result for each request with an
 * identity header.
 *
 * It throws a `LoginError`: `key-unknown` for a key id that AWS does not know, `provider-unreachable`
 * where AWS does not answer or more than 10 uncached ids were asked for within 30 seconds (anybody may
 * invent ids), and `provider-malformed` for a reply that is not a P-256 key. A cached key is used for
 * up to a day while AWS does not answer.
 */
import { decodeBase64url } from '../../crypto/index.ts'
import { type CachedValue, createCachedValue } from '../providers/cached-value.ts'
import { type LoginFetch, send } from '../providers/send.ts'
import type { LoginSettings } from '../settings.ts'
import { LoginError } from '../types.ts'

const mostKeys = 8
/** Milliseconds for which a cached key is used while its URL does not answer. */
const oldestKey = 86_400_000
/** Clients can invent key ids: at most this many uncached ones are fetched within `fetchWindow` milliseconds. */
const mostFetches = 10
const fetchWindow = 30_000

/** Finds a key by its id. @throws {LoginError} `key-unknown`, `provider-unreachable` or `provider-malformed` */
export type FindKey = (kid: string, settings: LoginSettings) => Promise<CryptoKey>

/** Creates the function that finds keys below `keysUrl`. */
export function createFindKey(keysUrl: string): FindKey {
  const keys = new Map<string, CachedValue<CryptoKey>>()
  let fetchTimes: number[] = []

  function open(
    kid: string,
    { clock, emit, fetch, timeoutMs }: LoginSettings,
  ): CachedValue<CryptoKey> {
    const now = clock()
    fetchTimes = fetchTimes.filter((time) => now >= time && now - time < fetchWindow)
    if (fetchTimes.length >= mostFetches) throw new LoginError('provider-unreachable', 'keys')
    fetchTimes.push(now)
    const [oldest] = keys.keys()
    if (keys.size >= mostKeys && oldest !== undefined) keys.delete(oldest)
    const key = createCachedValue<CryptoKey>({
      clock,
      oldest: oldestKey,
      patienceMs: timeoutMs,
      load: () => loadKey(`${keysUrl}/${kid}`, fetch, timeoutMs),
      onStale: (isStale) =>
        emit({ type: isStale ? 'provider-stale' : 'provider-back', subject: 'aws-alb' }),
    })
    keys.set(kid, key)
    return key
  }

  return async (kid, settings) => {
    const key = keys.get(kid) ?? open(kid, settings)
    try {
      return await key.read()
    } catch (error) {
      // An invented key id must not push a good key out of the cache.
      if (keys.get(kid) === key) keys.delete(kid)
      throw error
    }
  }
}

async function loadKey(url: string, fetch: LoginFetch, timeoutMs: number): Promise<CryptoKey> {
  const response = await send(fetch, url, {}, timeoutMs)
  if (response.status >= 500) throw new LoginError('provider-unreachable', 'key')
  if (response.status !== 200) throw new LoginError('key-unknown')

  return importPem(await response.text())
}

const PEM_BEGIN = '-----BEGIN PUBLIC KEY-----'
const PEM_END = '-----END PUBLIC KEY-----'

async function importPem(pem: string): Promise<CryptoKey> {
  const begin = pem.indexOf(PEM_BEGIN)
  const end = pem.indexOf(PEM_END)
  const body = begin === -1 || end < begin ? '' : pem.slice(begin + PEM_BEGIN.length, end)
  const bytes = decodePadded(body.replaceAll(/\s/g, '').replaceAll('+', '-').replaceAll('/', '_'))
  if (bytes === undefined) throw new LoginError('provider-malformed', 'pem')
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  try {
    return await crypto.subtle.importKey('spki', bytes, algorithm, false, ['verify'])
  } catch {
    throw new LoginError('provider-malformed', 'pem')
  }
}

/** Decodes base64url with or without padding. */
export function decodePadded(text: string): Uint8Array<ArrayBuffer> | undefined {
  return decodeBase64url(text.replace(/={1,2}$/, ''))
}
