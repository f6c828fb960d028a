/**
 * Writes responses to a cache, restores them, and marks them as invalid. `serve.ts`, `location.ts` and `respond.ts`
 * call it. Looking up, storing and invalidating never reject: a cache that fails counts as empty, and a response that
 * cannot be written is not cached. `readWhole` rejects if the body breaks off. Entries that another release has written
 * in another format are ignored.
 */

import { randomId } from '../../crypto/index.ts'
import { joinChunks } from '../../request/body/chunks.ts'
import type { Freshness } from './freshness.ts'

/** Stores responses, with two methods of the Cache API. */
export interface CacheStore {
  /** Resolves with a stored response, or with undefined, as `Cache.match` does. */
  match(key: Request): Promise<Response | undefined>
  /** Stores a response, as `Cache.put` does. */
  put(key: Request, response: Response): Promise<unknown>
}

/** A cached response with its age and lifetimes. */
export interface CachedResponse extends Freshness {
  readonly response: Response
}

/** The place of a response in a store. */
export interface CacheLocation {
  readonly store: CacheStore
  readonly key: Request
  /**
   * The key of the marker that invalidates all responses of the address; undefined if responses do not vary by headers,
   * and the marker replaces the only response.
   */
  readonly invalidKey: Request | undefined
}

/** The options of storing a response. */
export interface StoreOptions extends Freshness {
  /** Maximum bytes of a body. */
  readonly most: number
  /** Milliseconds since the epoch. */
  readonly now: number
  /** The last invalidation of the address that was found before the response was requested. */
  readonly epoch: string
  /** True if the response can be revalidated when it is no longer fresh. */
  readonly validated: boolean
}

/** Finds the default cache of the runtime, which only Workers have; otherwise undefined. */
export function findRuntimeCache(): CacheStore | undefined {
  return (globalThis as { caches?: { default?: CacheStore } }).caches?.default
}

/**
 * The header of a stored response that holds its lifetimes. Upstreams cannot send it, since all `portcullis` headers
 * are removed.
 */
const noteHeader = 'portcullis-kept'
/** The version of that header's format. A response with another version is ignored. */
const version = 'v2'
/** Headers by which the store itself would act. They are stored under other names and restored later. */
const setAsideNames = ['cache-control', 'vary', 'expires', 'pragma'] as const
/** Headers that belong to one response only and are not stored (RFC 9111 section 3.1 names the last one). */
const removedNames = [
  'x-request-id',
  'cache-status',
  'age',
  'set-cookie',
  'server-timing',
  'proxy-authentication-info',
] as const
/** Seconds for which a response with a validator is stored after its lifetime, so that it can be revalidated. */
const revalidationSeconds = 86_400
/** Seconds for which a marker that replaces a response is stored. It must outlast requests that were sent before. */
const markerSeconds = 600
const yearSeconds = 31_536_000
/** Milliseconds by which the clocks of machines that share a cache may differ. */
const skewMs = 60_000

/** The result of a look-up. */
export interface CacheLookup {
  /** The cached response; undefined if there is none that may be used, or if the cache fails. */
  readonly kept: CachedResponse | undefined
  /**
   * Identifies the last invalidation of the address that the cache knows of. Each cached response
   * stores the epoch in which it was requested.
   */
  readonly epoch: string
}

const firstEpoch = '-'

/** Looks up a response. It never rejects. */
export async function lookUp(
  { store, key, invalidKey }: CacheLocation,
  now: number,
): Promise<CacheLookup> {
  try {
    const [response, markerResponse] = await Promise.all([
      store.match(key),
      invalidKey && store.match(invalidKey),
    ])
    const epoch = readEpoch(invalidKey === undefined ? response : markerResponse) ?? firstEpoch
    discardBody(markerResponse)
    const cachedResponse =
      response && readCached(response, invalidKey === undefined ? undefined : epoch, now)
    if (cachedResponse === undefined) discardBody(response)
    return { kept: cachedResponse, epoch }
  } catch {
    return { kept: undefined, epoch: firstEpoch }
  }
}

function readCached(
  response: Response,
  epoch: string | undefined,
  now: number,
): CachedResponse | undefined {
  const [format, storedEpoch, ...numbers] = (response.headers.get(noteHeader) ?? '').split(' ')
  const [storedAt, initialAge, freshSeconds, staleSeconds, whileRevalidate] = numbers.map(Number)
  if (format !== version || (epoch !== undefined && storedEpoch !== epoch)) return undefined
  if (storedAt === undefined || initialAge === undefined || freshSeconds === undefined)
    return undefined

  if (staleSeconds === undefined || whileRevalidate === undefined) return undefined
  // If it was stored in the future, the clock was wrong then, and the age is unknown.
  if (storedAt - now > skewMs) return undefined

  return {
    response,
    age: initialAge + Math.max(0, Math.floor((now - storedAt) / 1000)),
    fresh: freshSeconds,
    stale: staleSeconds,
    whileRevalidate,
  }
}

/**
 * Stores a copy of a response when its body is complete. A body that breaks off or is too long is not
 * stored, nor is a response whose address was invalidated in the meantime. The promise never rejects.
 *
 * @returns undefined if Content-Length shows that the body is too long.
 */
export function storeResponse(
  cacheLocation: CacheLocation,
  response: Response,
  options: StoreOptions,
): Promise<void> | undefined {
  const {
    age,
    fresh: freshSeconds,
    stale: staleSeconds,
    whileRevalidate,
    now,
    epoch,
    most: maxBytes,
    validated: hasValidators,
  } = options

  if (Number(response.headers.get('content-length') ?? 0) > maxBytes) return undefined
  const storedCopy = response.clone()
  const headers = new Headers(storedCopy.headers)
  for (const headerName of removedNames) headers.delete(headerName)
  for (const headerName of setAsideNames) {
    const headerValue = headers.get(headerName)
    headers.delete(headerName)
    if (headerValue !== null) headers.set(`${noteHeader}-${headerName}`, headerValue)
  }

  // RFC 9110 section 6.6.1: a cache adds a missing Date.
  if (!headers.has('date')) headers.set('date', new Date(now).toUTCString())
  headers.set(
    noteHeader,
    `${version} ${epoch} ${now} ${age} ${freshSeconds} ${staleSeconds} ${whileRevalidate}`,
  )
  const extraSeconds = Math.max(
    staleSeconds,
    whileRevalidate,
    hasValidators ? revalidationSeconds : 0,
  )
  headers.set(
    'cache-control',
    `public, max-age=${Math.min(yearSeconds, Math.max(1, freshSeconds - age) + extraSeconds)}`,
  )
  const { status } = response

  const writeCopy = async (): Promise<void> => {
    const body = await readWhole(storedCopy, maxBytes)
    if (body === undefined || (await wasInvalidatedSince(cacheLocation, epoch))) return
    await cacheLocation.store.put(cacheLocation.key, new Response(body, { status, headers }))
  }

  return writeCopy().catch(() => {})
}

/**
 * Marks the cached responses of an address as invalid. If responses do not vary by headers and none is
 * stored, nothing is marked. It never rejects.
 */
export async function invalidate({ store, key, invalidKey }: CacheLocation): Promise<void> {
  const headers = {
    'content-type': 'text/plain',
    [noteHeader]: `invalid ${randomId()}`,
    'cache-control': `public, max-age=${invalidKey === undefined ? markerSeconds : yearSeconds}`,
  }
  try {
    if (invalidKey === undefined) {
      const foundResponse = await store.match(key)
      discardBody(foundResponse)
      if (foundResponse === undefined) return
    }
    await store.put(invalidKey ?? key, new Response('invalid', { headers }))
  } catch {}
}

async function wasInvalidatedSince(
  { store, key, invalidKey }: CacheLocation,
  sinceEpoch: string,
): Promise<boolean> {
  const foundResponse = await store.match(invalidKey ?? key)
  discardBody(foundResponse)
  const epoch = readEpoch(foundResponse)

  return epoch !== undefined && epoch !== sinceEpoch
}

function readEpoch(foundResponse: Response | undefined): string | undefined {
  return /^invalid ([\w-]{1,64})$/.exec(foundResponse?.headers.get(noteHeader) ?? '')?.[1]
}

function discardBody(response: Response | undefined): void {
  response?.body?.cancel().catch(() => {})
}

/** Reads the bytes of a body; undefined if there are more than `maxBytes`. */
export async function readWhole(
  { body }: Response,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = []
  let byteLength = 0
  const reader = body?.getReader()
  for (let chunk = await reader?.read(); chunk && !chunk.done; chunk = await reader?.read()) {
    byteLength += chunk.value.byteLength
    if (byteLength > maxBytes) {
      // This is not awaited: one half of a cloned body is cancelled only when the other half is.
      reader?.cancel().catch(() => {})
      return undefined
    }

    chunks.push(chunk.value)
  }

  return joinChunks(chunks, byteLength)
}

/**
 * Restores a cached response as its upstream has sent it: with the headers that were stored under
 * other names, and without those of the cache.
 */
export function restoreResponse({ response, age }: CachedResponse): Response {
  const headers = new Headers(response.headers)
  headers.delete('cache-control')
  for (const headerName of setAsideNames) {
    const headerValue = headers.get(`${noteHeader}-${headerName}`)
    headers.delete(`${noteHeader}-${headerName}`)
    if (headerValue !== null) headers.set(headerName, headerValue)
  }

  headers.delete(noteHeader)
  headers.delete('cf-cache-status')
  headers.set('age', `${age}`)

  return new Response(response.body, { status: response.status, headers })
}
