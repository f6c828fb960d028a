/**
 * Fetches the keys of AWS load balancers: PEM files, each at an address of its own. `awsAlb()`
 * uses it. It throws a `LoginError` for an unknown key, or where the address cannot be reached or
 * answers wrongly.
 */
import { decodeBase64url } from '../../crypto/index.ts'
import { type CachedValue, createCachedValue } from '../providers/cached-value.ts'
import { type LoginFetch, send } from '../providers/send.ts'
import type { LoginSettings } from '../settings.ts'
import { LoginError } from '../types.ts'

const mostKeys = 8
/** Milliseconds for which a key is used on while its address does not answer. */
const oldestKey = 86_400_000
/** Anybody may make up the name of a key: so many unknown ones are asked for in a while. */
const mostQuestions = 10
const questionsWithin = 30_000

/** Finds a key by its name. @throws {LoginError} `key-unknown`, `provider-unreachable` or `provider-malformed` */
export type FindKey = (kid: string, settings: LoginSettings) => Promise<CryptoKey>

/** Finds keys that have an address each. */
export function createFindKey(keysUrl: string): FindKey {
  const keys = new Map<string, CachedValue<CryptoKey>>()
  let questions: number[] = []

  function open(
    kid: string,
    { clock, emit, fetch, timeoutMs }: LoginSettings,
  ): CachedValue<CryptoKey> {
    const now = clock()
    questions = questions.filter((at) => now >= at && now - at < questionsWithin)
    if (questions.length >= mostQuestions) throw new LoginError('provider-unreachable', 'keys')
    questions.push(now)
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
      // A name that somebody made up takes no place from a key.
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
