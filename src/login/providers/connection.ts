/**
 * Knows the metadata and signing keys of one provider in this isolate. The login creates one for
 * each provider and asks it during requests. It throws a `LoginError` where the provider cannot be
 * reached or answers wrongly.
 */
import type { JWK } from 'jose'
import type { Clock, Emit } from '../../types.ts'
import { LoginError, type Metadata } from '../types.ts'
import { type CachedValue, createCachedValue } from './cached-value.ts'
import { importKey } from './import-key.ts'
import { isAllowedUrl, type Provider } from './provider-options.ts'
import { type LoginFetch, readJsonObject } from './send.ts'

/** Keys are used on for a day while the provider is away; metadata for as long as the isolate lives. */
const oldestKeys = 86_400_000
/** Milliseconds between two questions for a key that is not in the set. */
const unknownKeyEvery = 30_000
const mostKeys = 100
/** Keys of a set that are tried on one signature. */
const mostCandidates = 4
const mostImported = 64

/** The settings of a connection. */
export interface ConnectionSettings {
  readonly fetch: LoginFetch
  readonly clock: Clock
  readonly timeoutMs: number
  readonly emit: Emit
}

type WaitUntil = ((work: Promise<unknown>) => void) | undefined

/** A provider that can be asked. Kept per isolate and issuer. */
export interface Connection {
  readMetadata(waitUntil?: WaitUntil): Promise<Metadata>
  /** Keys that may have made a signature; asks the provider once more where there is none. */
  findKeys(header: KeyHeader, waitUntil?: WaitUntil): Promise<readonly CryptoKey[]>
}

/** The key that a token names. */
export interface KeyHeader {
  readonly alg: string
  readonly kid?: string
  /** Its issuer, where each key may be for some issuers only (Entra). */
  readonly issuer?: string
}

/** Makes the connection to a provider. Nothing is sent. */
export function createConnection(provider: Provider, settings: ConnectionSettings): Connection {
  const { fetch, clock, timeoutMs, emit } = settings
  const onStale = (isStale: boolean): void =>
    emit({ type: isStale ? 'provider-stale' : 'provider-back', subject: provider.name })
  const shared = { clock, onStale, patienceMs: timeoutMs }
  let imported = new Map<string, readonly CryptoKey[]>()

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
      const keys = await loadKeys(address, fetch, timeoutMs)
      imported = new Map()
      return keys
    },
  })

  async function importKeys(
    keys: readonly JWK[],
    header: KeyHeader,
  ): Promise<readonly CryptoKey[]> {
    const name = `${header.alg} ${header.kid ?? ''} ${header.issuer ?? ''}`
    const cachedKeys = imported.get(name)
    if (cachedKeys !== undefined) return cachedKeys

    const fitting = keys.filter((key) => isKeyFor(key, header)).slice(0, mostCandidates)
    const publicKeys = await Promise.all(fitting.map((key) => importPublicKey(key, header.alg)))
    const usable = publicKeys.filter((key) => key !== undefined)
    if (usable.length > 0 && imported.size < mostImported) imported.set(name, usable)
    return usable
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
  const usual = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const document = await readJsonObject(fetch, options.metadataUrl ?? usual, timeoutMs)
  // Discovery section 4.3: byte for byte.
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
    // An https issuer is never asked over http: its endpoints could be anybody's.
    const isDowngrade =
      `${document.issuer}`.startsWith('https:') && !`${endpoint}`.startsWith('https:')
    if (!isAllowedUrl(endpoint) || isDowngrade) throw new LoginError('provider-malformed', name)
  }
}

async function loadKeys(
  address: string | undefined,
  fetch: LoginFetch,
  timeoutMs: number,
): Promise<readonly JWK[]> {
  const { keys } = await readJsonObject(fetch, `${address}`, timeoutMs)
  if (!Array.isArray(keys)) throw new LoginError('provider-malformed', 'jwks')
  return keys.slice(0, mostKeys).filter((key) => typeof key === 'object' && key !== null)
}

/** RFC 7517 section 4: what a key says of its own use is binding. */
function isKeyFor(key: JWK, { alg, kid, issuer }: KeyHeader): boolean {
  // Entra: a key for consumers must not speak for a tenant.
  const own = (key as { readonly issuer?: unknown }).issuer
  if (issuer !== undefined && typeof own === 'string') {
    if (!own.includes('{tenantid}') && own !== issuer) return false
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
  const open = Object.fromEntries(
    Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => value !== undefined),
  )
  try {
    return await importKey(open, alg, 'verify')
  } catch {
    return undefined
  }
}
