/** Puts answers into a cache and reads them back as they were. */
import type { Freshness } from './cache-rules.ts'

/** Where answers are kept: the Cache API's two verbs. */
export interface CacheStore {
  /** A stored answer, or undefined; like `Cache.match`. */
  match(key: Request): Promise<Response | undefined>
  /** Keeps an answer; like `Cache.put`. */
  put(key: Request, response: Response): Promise<unknown>
}

/** An answer that was kept, with seconds since and until. */
export interface Kept extends Freshness {
  readonly response: Response
}

/** What Workers have, and nobody else. */
export function runtimeCache(): CacheStore | undefined {
  return (globalThis as { caches?: { default?: CacheStore } }).caches?.default
}

/** Ours, on what lies in the cache. No upstream can send them: every such name is taken out of its answers. */
const note = 'portcullis-kept'
/** Headers that the cache itself would act on, set aside. */
const aside = ['cache-control', 'vary', 'expires', 'pragma'] as const
/** Headers that belong to one answer. */
const single = ['x-request-id', 'cache-status', 'age', 'set-cookie', 'server-timing'] as const

/** Finds an answer; undefined where there is none, or where the cache cannot be asked. */
export async function keptOf(store: CacheStore, key: Request, now: number): Promise<Kept | undefined> {
  try {
    const response = await store.match(key)
    if (response === undefined) return undefined
    const [at, before, fresh, stale] = (response.headers.get(note) ?? '').split(' ').map(Number)
    if (at === undefined || before === undefined || fresh === undefined || stale === undefined) return undefined
    const age = before + Math.max(0, Math.floor((now - at) / 1000))
    return age < fresh + stale ? { response, age, fresh, stale } : undefined
  } catch {
    return undefined
  }
}

/**
 * Keeps a copy once it is whole: a body that breaks off, or turns out too long, is not kept. Never rejects.
 *
 * @returns undefined where it can be seen at once that it is too long.
 */
export function keep(
  store: CacheStore,
  key: Request,
  response: Response,
  { age, fresh, stale, now, most }: Freshness & { readonly now: number; readonly most: number },
): Promise<void> | undefined {
  if (Number(response.headers.get('content-length') ?? 0) > most) return undefined
  const copy = response.clone()
  const headers = new Headers(copy.headers)
  for (const name of single) headers.delete(name)
  for (const name of aside) {
    const value = headers.get(name)
    headers.delete(name)
    if (value !== null) headers.set(`${note}-${name}`, value)
  }
  headers.set(note, `${now} ${age} ${fresh} ${stale}`)
  headers.set('cache-control', `public, max-age=${fresh - age + stale}`)
  const { status } = response
  return wholeBody(copy, most)
    .then((body) => body && store.put(key, new Response(body, { status, headers })))
    .then(
      () => {},
      () => {},
    )
}

async function wholeBody({ body }: Response, most: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
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

/** An answer as it was, with its age; 304 or without a body where that is what is asked for. */
export function readBack({ response, age }: Kept, { method, headers: asked }: Request, requestId: string): Response {
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
  headers.set('x-request-id', requestId)
  const { status } = response
  const unchanged = status === 200 && isSame(asked.get('if-none-match'), headers.get('etag'))
  if (method !== 'HEAD' && !unchanged) return new Response(response.body, { status, headers })
  response.body?.cancel().catch(() => {})
  if (unchanged) headers.delete('content-length')
  return new Response(null, { status: unchanged ? 304 : status, headers })
}

/** RFC 9110 section 13.1.2: compared weakly. */
function isSame(asked: string | null, etag: string | null): boolean {
  if (asked === null || etag === null) return false
  const bare = (tag: string): string => tag.trim().replace(/^W\//, '')
  return asked.trim() === '*' || asked.split(',').some((tag) => bare(tag) === bare(etag))
}
