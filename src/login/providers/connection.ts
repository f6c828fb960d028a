/**
 * Fetches, validates and caches the metadata and the signing keys of one provider. `settings.ts` of the
 * login creates one connection for each provider and issuer; `context.ts` and `review.ts` read the
 * metadata, and `protocol/signed-token.ts` finds keys.
 *
 * It throws a `LoginError`: `provider-unreachable` where the provider does not answer and nothing is
 * cached, `provider-malformed` where its metadata has another issuer or an endpoint that is not https,
 * or its reply is no JSON. While the provider is down, cached metadata is used without limit and
 * keys for a day. Keys after the hundredth and keys that cannot be imported are silently ignored, so
 * `findKeys` may return an empty list.
 */
import type { JWK } from 'jose'
import type { Clock, Emit } from '../../types.ts'
import { LoginError, type Metadata } from '../types.ts'
import { type CachedValue, createCachedValue } from './cached-value.ts'
import { importKey } from './import-key.ts'
import { isAllowedUrl, type Provider } from './provider-options.ts'
import { type LoginFetch, readJsonObject } from './send.ts'

/** Milliseconds for which cached keys are used while the provider is down: a day. Metadata is used without limit. */
const oldestKeys = 86_400_000
/** Minimum milliseconds between two fetches for a key that is not in the set. */
const unknownKeyEvery = 30_000
/** Keys of a set that are read; further keys are ignored. */
const mostKeys = 100
/** Maximum number of keys that are tried for one signature. */
const mostCandidates = 4
/** Maximum number of headers whose imported keys are cached. */
const mostImported = 64

/** The settings of a connection. */
export interface ConnectionSettings {
  readonly fetch: LoginFetch
  readonly clock: Clock
  readonly timeoutMs: number
  readonly emit: Emit
}

type WaitUntil = ((work: Promise<unknown>) => void) | undefined

/** The cached metadata and keys of one provider and issuer. */
export interface Connection {
  readMetadata(waitUntil?: WaitUntil): Promise<Metadata>
  /**
   * Finds the keys that fit a token's header; empty if there are none. If none is cached, the key set is fetched again.
   */
  findKeys(header: KeyHeader, waitUntil?: WaitUntil): Promise<readonly CryptoKey[]>
}

/** The part of a token's header that names its key. */
export interface KeyHeader {
  readonly alg: string
  readonly kid?: string
  /** The token's issuer, for providers whose keys belong to single issuers (Entra). */
  readonly issuer?: string
}

/** Creates the connection to a provider. It sends nothing before it is first read. */
export function createConnection(provider: Provider, settings: ConnectionSettings): Connection {
  const { fetch, clock, timeoutMs, emit } = settings
  const onStale = (isStale: boolean): void =>
    emit({ type: isStale ? 'provider-stale' : 'provider-back', subject: provider.name })
  const shared = { clock, onStale, patienceMs: timeoutMs }
  let importedKeys = new Map<string, readonly CryptoKey[]>()

  const metadata = createCachedValue<Metadata>({
    ...shared,
    oldest: Number.POSITIVE_INFINITY,
    load: () => discover(provider, fetch, timeoutMs),
  })
  const keySet: CachedValue<readonly JWK[]> = createCachedValue<readonly JWK[]>({
    ...shared,
    oldest: oldestKeys,
    async load() {
      const { jwks_uri: address } = await metadata.read()
      // A provider without OpenID Connect has no keys, and no token of it can be verified.
      const keys = address === undefined ? [] : await loadKeys(address, fetch, timeoutMs)
      importedKeys = new Map()
      return keys
    },
  })

  async function importKeys(
    keys: readonly JWK[],
    header: KeyHeader,
  ): Promise<readonly CryptoKey[]> {
    const name = `${header.alg} ${header.kid ?? ''} ${header.issuer ?? ''}`
    const cachedKeys = importedKeys.get(name)
    if (cachedKeys !== undefined) return cachedKeys

    const candidates = keys.filter((key) => isKeyFor(key, header)).slice(0, mostCandidates)
    const publicKeys = await Promise.all(candidates.map((key) => importPublicKey(key, header.alg)))
    const usableKeys = publicKeys.filter((key) => key !== undefined)
    if (usableKeys.length > 0 && importedKeys.size < mostImported) {
      importedKeys.set(name, usableKeys)
    }
    return usableKeys
  }

  return {
    readMetadata: (waitUntil) => metadata.read(waitUntil),
    async findKeys(header, waitUntil) {
      const candidates = await importKeys(await keySet.read(waitUntil), header)
      if (candidates.length > 0) return candidates
      return importKeys(await keySet.renew(unknownKeyEvery), header)
    },
  }
}

async function discover(
  provider: Provider,
  fetch: LoginFetch,
  timeoutMs: number,
): Promise<Metadata> {
  const { issuer, options } = provider
  if (options.oauth !== undefined) return options.oauth.metadata
  const defaultUrl = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const document = await readJsonObject(fetch, options.metadataUrl ?? defaultUrl, timeoutMs)
  // OpenID Connect Discovery section 4.3: the issuer must be identical.
  if (document.issuer !== issuer) throw new LoginError('provider-malformed', 'issuer')

  validateEndpoints(document)
  return document as unknown as Metadata
}

const requiredEndpoints = ['authorization_endpoint', 'token_endpoint', 'jwks_uri']
const optionalEndpoints = [
  'userinfo_endpoint',
  'end_session_endpoint',
  'revocation_endpoint',
  'pushed_authorization_request_endpoint',
]

function validateEndpoints(document: Record<string, unknown>): void {
  for (const name of [...requiredEndpoints, ...optionalEndpoints]) {
    const endpoint = document[name]
    if (endpoint === undefined && optionalEndpoints.includes(name)) continue
    // An https issuer must not name an http endpoint, since anybody on the network could answer there.
    const isDowngrade =
      `${document.issuer}`.startsWith('https:') && !`${endpoint}`.startsWith('https:')
    if (!isAllowedUrl(endpoint) || isDowngrade) throw new LoginError('provider-malformed', name)
  }
}

async function loadKeys(
  address: string,
  fetch: LoginFetch,
  timeoutMs: number,
): Promise<readonly JWK[]> {
  const { keys } = await readJsonObject(fetch, address, timeoutMs)
  if (!Array.isArray(keys)) throw new LoginError('provider-malformed', 'jwks')
  return keys.slice(0, mostKeys).filter((key) => typeof key === 'object' && key !== null)
}

/** Checks whether a key may verify a token: its own `use`, `alg` and `key_ops` restrict it (RFC 7517 section 4). */
function isKeyFor(key: JWK, { alg, kid, issuer }: KeyHeader): boolean {
  // Entra: a key of the consumer issuer must not sign for the issuer of a tenant.
  const keyIssuer = (key as { readonly issuer?: unknown }).issuer
  if (issuer !== undefined && typeof keyIssuer === 'string') {
    if (!keyIssuer.includes('{tenantid}') && keyIssuer !== issuer) return false
  }
  if (kid !== undefined && key.kid !== kid) return false
  if (key.use !== undefined && key.use !== 'sig') return false
  if (key.alg !== undefined && key.alg !== alg) return false
  if (Array.isArray(key.key_ops) && !key.key_ops.includes('verify')) return false
  return key.kty === keyTypeFor(alg)
}

function keyTypeFor(alg: string): string {
  if (alg.startsWith('RS') || alg.startsWith('PS')) return 'RSA'
  return alg.startsWith('ES') ? 'EC' : 'OKP'
}

async function importPublicKey(key: JWK, alg: string): Promise<CryptoKey | undefined> {
  const { kty, crv, x, y, n, e } = key
  const publicPart = Object.fromEntries(
    Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => value !== undefined),
  )
  try {
    return await importKey(publicPart, alg, 'verify')
  } catch {
    return undefined
  }
}
