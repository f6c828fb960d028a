/** A gateway with a cache that is a Map, a clock that is set, and an upstream that is a function. */
import { type CacheOptions, publicCache, type RouteCache } from '../../../src/gateway/index.ts'
import { type Bench, bench } from '../support.ts'

/** As the Cache API: bodies are read whole, and a key is the address. */
export interface MapStore {
  readonly kept: Map<string, { status: number; headers: Headers; body: ArrayBuffer }>
  match(key: Request): Promise<Response | undefined>
  put(key: Request, response: Response): Promise<void>
}

export function createMapStore(): MapStore {
  const kept: MapStore['kept'] = new Map()
  return {
    kept,
    async match({ url }): Promise<Response | undefined> {
      const found = kept.get(url)
      return found && new Response(found.body, { status: found.status, headers: found.headers })
    },
    async put({ url }, response): Promise<void> {
      kept.set(url, {
        status: response.status,
        headers: response.headers,
        body: await response.arrayBuffer(),
      })
    },
  }
}

export const start = 1_790_000_000_000

export interface CachedGateway extends Bench {
  readonly store: MapStore
  now: number
  /** Sends a request, and waits until what is kept is kept. */
  send(path: string, headers?: Record<string, string>, method?: string): Promise<Response>
  date(seconds: number): string
}

/** @param routes - laid before the route with the cache. */
export async function createCachedGateway(
  options: CacheOptions = {},
  routes: (cache: RouteCache) => object[] = () => [],
): Promise<CachedGateway> {
  const store = createMapStore()
  const works: Array<Promise<unknown>> = []
  const cache = publicCache({ store, ...options })
  const at = await bench({
    clock: () => made.now,
    routes: [
      ...routes(cache),
      { path: '/*', to: 'app', access: 'public', retry: false, csrf: false, cache },
    ] as never,
  })
  const context = { waitUntil: (work: Promise<unknown>): unknown => works.push(work) }
  const made: CachedGateway = Object.assign(at, {
    store,
    now: start,
    async send(
      path: string,
      headers: Record<string, string> = {},
      method = 'GET',
    ): Promise<Response> {
      const request = new Request(`https://app.example.com${path}`, { method, headers })
      const response = await at.gateway.fetch(request, undefined, context)
      const copy = response.clone()
      await copy.arrayBuffer()
      while (works.length > 0) await works.shift()
      return response
    },
    date: (seconds: number): string => new Date(made.now + seconds * 1000).toUTCString(),
  })
  return made
}

/** An answer with a count, so that a copy of it can be told from another one. */
export function countAnswers(
  at: CachedGateway,
  ...headers: Array<Record<string, string> | [string, string][]>
): void {
  let count = 0
  at.answer = () => {
    const said = new Headers({ 'content-type': 'text/plain' })
    const list = headers[Math.min(count, headers.length - 1)] ?? {}
    if (Array.isArray(list)) for (const [name, value] of list) said.append(name, value)
    else for (const [name, value] of Object.entries(list)) said.set(name, value)
    return new Response(`answer ${++count}`, { headers: said })
  }
}

/** What the cache said it did. */
export function statusOf(response: Response): string {
  return response.headers.get('cache-status')?.replace('portcullis; ', '') ?? ''
}
