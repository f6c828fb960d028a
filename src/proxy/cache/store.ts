/** Puts answers into a cache and reads them back as they were. */
import { randomId } from '../../crypto/index.ts'
import type { Freshness } from './freshness.ts'

/** Where answers are kept: the Cache API's two verbs. */
export interface CacheStore {
  /** A stored answer, or undefined; like `Cache.match`. */
  match(key: Request): Promise<Response | undefined>
  /** Keeps an answer; like `Cache.put`. */
  put(key: Request, response: Response): Promise<unknown>
}

/** An answer that was kept, with seconds since and until. */
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
  /** The one that was found when the answer was asked for. */
  readonly epoch: string
  /** Whether it may be asked for again by its validator once it is no longer fresh. */
  readonly validated: boolean
}

/** The cache of Workers, which no other runtime has. */
export function findRuntimeCache(): CacheStore | undefined {
  return (globalThis as { caches?: { default?: CacheStore } }).caches?.default
}

/** Ours, on what lies in the cache. No upstream can send them: every such name is taken out of its answers. */
const note = 'portcullis-kept'
/** The form of the notes. What an earlier release wrote is not read. */
const version = 'v2'
/** Headers that the cache itself would act on, set aside. */
const aside = ['cache-control', 'vary', 'expires', 'pragma'] as const
/** Headers that belong to one answer. RFC 9111 section 3.1 names the one of proxies. */
const single = [
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
const year = 31_536_000
/** Milliseconds: clocks of machines that share a cache may differ by this much. */
const skewMs = 60_000

/** The result of a look-up. */
export interface CacheLookup {
  /** Undefined where nothing lies there that may be used, or where the cache cannot be asked. */
  readonly kept: CachedResponse | undefined
  /** Names the last change at this address that the cache knows of: what is kept belongs to one. */
  readonly epoch: string
}

const firstEpoch = '-'

/** Looks for an answer. Never rejects. */
export async function lookUp(
  { store, key, invalidKey }: CacheLocation,
  now: number,
): Promise<CacheLookup> {
  try {
    const [response, marker] = await Promise.all([
      store.match(key),
      invalidKey && store.match(invalidKey),
    ])
    const epoch = readEpoch(invalidKey === undefined ? response : marker) ?? firstEpoch
    discardBody(marker)
    const kept = response && readCached(response, invalidKey === undefined ? undefined : epoch, now)
    if (kept === undefined) discardBody(response)
    return { kept, epoch }
  } catch {
    return { kept: undefined, epoch: firstEpoch }
  }
}

function readCached(
  response: Response,
  epoch: string | undefined,
  now: number,
): CachedResponse | undefined {
  const [form, of, ...numbers] = (response.headers.get(note) ?? '').split(' ')
  const [at, before, fresh, stale, whileRevalidate] = numbers.map(Number)
  if (form !== version || (epoch !== undefined && of !== epoch)) return undefined
  if (at === undefined || before === undefined || fresh === undefined) return undefined
  if (stale === undefined || whileRevalidate === undefined) return undefined
  // Kept in the future, by a clock that has been put right since: how old it is, nobody knows.
  if (at - now > skewMs) return undefined
  return {
    response,
    age: before + Math.max(0, Math.floor((now - at) / 1000)),
    fresh,
    stale,
    whileRevalidate,
  }
}

/**
 * Keeps a copy once it is whole: a body that breaks off, or turns out too long, is not kept, nor is an answer that became
 * invalid while it was under way. Never rejects.
 *
 * @returns undefined where it can be seen at once that it is too long.
 */
export function storeResponse(
  place: CacheLocation,
  response: Response,
  keeping: StoreOptions,
): Promise<void> | undefined {
  const { age, fresh, stale, whileRevalidate, now, epoch, most, validated } = keeping
  if (Number(response.headers.get('content-length') ?? 0) > most) return undefined
  const copy = response.clone()
  const headers = new Headers(copy.headers)
  for (const name of single) headers.delete(name)
  for (const name of aside) {
    const value = headers.get(name)
    headers.delete(name)
    if (value !== null) headers.set(`${note}-${name}`, value)
  }
  // RFC 9110 section 6.6.1: whoever stores an answer without one adds it.
  if (!headers.has('date')) headers.set('date', new Date(now).toUTCString())
  headers.set(note, `${version} ${epoch} ${now} ${age} ${fresh} ${stale} ${whileRevalidate}`)
  const spare = Math.max(stale, whileRevalidate, validated ? validatedFor : 0)
  headers.set(
    'cache-control',
    `public, max-age=${Math.min(year, Math.max(1, fresh - age) + spare)}`,
  )
  const { status } = response
  const write = async (): Promise<void> => {
    const body = await readWhole(copy, most)
    if (body === undefined || (await wasInvalidatedSince(place, epoch))) return
    await place.store.put(place.key, new Response(body, { status, headers }))
  }
  return write().catch(() => {})
}

/** Notes that what lies there is no longer true. Where there is one form of it and none lies there, nothing is noted. Never rejects. */
export async function invalidate({ store, key, invalidKey }: CacheLocation): Promise<void> {
  const headers = {
    'content-type': 'text/plain',
    [note]: `invalid ${randomId()}`,
    'cache-control': `public, max-age=${invalidKey === undefined ? invalidFor : year}`,
  }
  try {
    if (invalidKey === undefined) {
      const found = await store.match(key)
      discardBody(found)
      if (found === undefined) return
    }
    await store.put(invalidKey ?? key, new Response('invalid', { headers }))
  } catch {}
}

async function wasInvalidatedSince(
  { store, key, invalidKey }: CacheLocation,
  since: string,
): Promise<boolean> {
  const found = await store.match(invalidKey ?? key)
  discardBody(found)
  const epoch = readEpoch(found)
  return epoch !== undefined && epoch !== since
}

function readEpoch(found: Response | undefined): string | undefined {
  return /^invalid ([\w-]{1,64})$/.exec(found?.headers.get(note) ?? '')?.[1]
}

function discardBody(response: Response | undefined): void {
  response?.body?.cancel().catch(() => {})
}

/** Bytes of a body; undefined where there are more than `most`. */
export async function readWhole(
  { body }: Response,
  most: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const parts: Uint8Array[] = []
  let bytes = 0
  const reader = body?.getReader()
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    bytes += part.value.byteLength
    if (bytes > most) {
      // Not waited for: one half of a split stream is given up for good only when the other is.
      reader?.cancel().catch(() => {})
      return undefined
    }
    parts.push(part.value)
  }
  const whole = new Uint8Array(bytes)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.byteLength
  }
  return whole
}

/**
 * Restores a cached response as its upstream sent it: with the headers that were set aside, and
 * without ours.
 */
export function restoreResponse({ response, age }: CachedResponse): Response {
  const headers = new Headers(response.headers)
  headers.delete('cache-control')
  for (const name of aside) {
    const value = headers.get(`${note}-${name}`)
    headers.delete(`${note}-${name}`)
    if (value !== null) headers.set(name, value)
  }
  headers.delete(note)
  headers.delete('cf-cache-status')
  headers.set('age', `${age}`)
  return new Response(response.body, { status: response.status, headers })
}
