/**
 * Puts responses into a cache and restores them as they were. `serve.ts` and `location.ts` call
 * it. Its functions never reject: a cache that fails counts as empty.
 */

import { randomId } from '../../crypto/index.ts'
import { joinChunks } from '../../request/body/chunks.ts'
import type { Freshness } from './freshness.ts'

/** Stores responses: two methods of the Cache API. */
export interface CacheStore {
  /** A stored answer, or undefined; like `Cache.match`. */
  match(key: Request): Promise<Response | undefined>
  /** Stores a response; like `Cache.put`. */
  put(key: Request, response: Response): Promise<unknown>
}

/** A cached response with its age and lifetimes. */
export interface CachedResponse extends Freshness {
  readonly response: Response
}

/** Where an answer lies. */
export interface CacheLocation {
  readonly store: CacheStore
  readonly key: Request
  /** Where it is noted that all forms of this answer became invalid; undefined where there is one form, noted in its place. */
  readonly invalidKey: Request | undefined
}

/** An answer on its way into the cache. */
export interface StoreOptions extends Freshness {
  /** Bytes of the largest body. */
  readonly most: number
  /** Epoch milliseconds. */
  readonly now: number
  /** The epoch that was found when the response was requested. */
  readonly epoch: string
  /** Whether it can be revalidated once it is no longer fresh. */
  readonly validated: boolean
}

/** The cache of Workers, which no other runtime has. */
export function findRuntimeCache(): CacheStore | undefined {
  return (globalThis as { caches?: { default?: CacheStore } }).caches?.default
}

/** Ours, on what lies in the cache. No upstream can send them: every such name is taken out of its answers. */
const noteHeader = 'portcullis-kept'
/** The form of the notes. What an earlier release wrote is not read. */
const version = 'v2'
/** Headers that the cache itself would act on, set aside. */
const setAsideNames = ['cache-control', 'vary', 'expires', 'pragma'] as const
/** Headers that belong to one answer. RFC 9111 section 3.1 names the one of proxies. */
const removedNames = [
  'x-request-id',
  'cache-status',
  'age',
  'set-cookie',
  'server-timing',
  'proxy-authentication-info',
] as const
/** Seconds that an answer lies there beyond its life, so that its validator can be used. */
const validatedFor = 86_400
/** Seconds for which it is remembered that an answer became invalid: longer than a request takes that was under way then. */
const invalidFor = 600
const yearSeconds = 31_536_000
/** Milliseconds: clocks of machines that share a cache may differ by this much. */
const skewMs = 60_000

/** The result of a look-up. */
export interface CacheLookup {
  /** Undefined where nothing lies there that may be used, or where the cache cannot be asked. */
  readonly kept: CachedResponse | undefined
  /**
   * Identifies the last change at this address that the cache knows of; each cached response
   * belongs to one.
   */
  readonly epoch: string
}

const firstEpoch = '-'

/** Looks for an answer. Never rejects. */
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
  const [form, ofEpoch, ...numbers] = (response.headers.get(noteHeader) ?? '').split(' ')
  const [storedAt, initialAge, freshSeconds, staleSeconds, whileRevalidate] = numbers.map(Number)
  if (form !== version || (epoch !== undefined && ofEpoch !== epoch)) return undefined
  if (storedAt === undefined || initialAge === undefined || freshSeconds === undefined)
    return undefined

  if (staleSeconds === undefined || whileRevalidate === undefined) return undefined
  // Stored in the future, by a clock that has been corrected since: its age is unknown.
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
 * Stores a copy once it is complete: a body that breaks off or is too long is not stored, nor is a
 * response that became invalid in the meantime. Never rejects.
 *
 * @returns undefined where it can be seen at once that it is too long.
 */
export function storeResponse(
  cacheLocation: CacheLocation,
  response: Response,
  keeping: StoreOptions,
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
  } = keeping

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
  const spareSeconds = Math.max(staleSeconds, whileRevalidate, hasValidators ? validatedFor : 0)
  headers.set(
    'cache-control',
    `public, max-age=${Math.min(yearSeconds, Math.max(1, freshSeconds - age) + spareSeconds)}`,
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
 * Marks the cached responses of an address as invalid. If the address has one form and nothing is
 * stored, there is nothing to mark. Never rejects.
 */
export async function invalidate({ store, key, invalidKey }: CacheLocation): Promise<void> {
  const headers = {
    'content-type': 'text/plain',
    [noteHeader]: `invalid ${randomId()}`,
    'cache-control': `public, max-age=${invalidKey === undefined ? invalidFor : yearSeconds}`,
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
      // Not waited for: one half of a split stream is given up for good only when the other is.
      reader?.cancel().catch(() => {})
      return undefined
    }

    chunks.push(chunk.value)
  }

  return joinChunks(chunks, byteLength)
}

/**
 * Restores a cached response as its upstream sent it: with the headers that were set aside, and
 * without ours.
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
