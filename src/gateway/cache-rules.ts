/** What a cache for everybody may take, keep and give: decisions only. */
import { removeCookies } from '../cookie/index.ts'
import { isCoded, isWebSocketUpgrade, mediaType, type TakesType } from '../request/index.ts'

/** Request headers that may make a difference, where a route says so. */
export type VaryName = 'accept' | 'accept-language'

/** Options of a route's cache, judged. */
export interface CacheRules {
  /** Seconds for an answer with 200 that says nothing itself; undefined where such a one is not kept. */
  readonly maxAge: number | undefined
  readonly staleIfError: number
  readonly query: ReadonlySet<string>
  readonly vary: readonly VaryName[]
  readonly ignoreCookies: boolean
  readonly takes: TakesType | undefined
}

/** How long an answer is good for, in seconds. */
export interface Freshness {
  /** What it had behind it when it arrived. */
  readonly age: number
  /** Counted from its making. */
  readonly fresh: number
  /** What may follow that, where the upstream fails. */
  readonly stale: number
}

const longestVaried = 200
const longestLife = 31_536_000

/** Why a request goes past the cache, in both directions; undefined where it does not. */
export function bypassOf(
  request: Request,
  { vary, ignoreCookies }: CacheRules,
  ownNames: ReadonlySet<string>,
): string | undefined {
  const { method, headers } = request
  if (method !== 'GET' && method !== 'HEAD') return 'method'
  if (isWebSocketUpgrade(request)) return 'upgrade'
  for (const name of ['authorization', 'range', 'origin']) if (headers.has(name)) return name
  const cookie = headers.get('cookie')
  if (cookie !== null && (!ignoreCookies || removeCookies(cookie, ownNames) !== cookie)) return 'cookie'
  return vary.some((name) => (headers.get(name)?.length ?? 0) > longestVaried) ? 'length' : undefined
}

/** The query without parameters that are not keyed, sorted by name; those of one name stay in their order. */
export function keyedQuery(search: string, names: ReadonlySet<string>): string {
  if (search === '' || names.size === 0) return ''
  const nameOf = (pair: string): string => pair.split('=', 1)[0] ?? ''
  const kept = search
    .slice(1)
    .split('&')
    .filter((pair) => names.has(nameOf(pair)))
  if (kept.length === 0) return ''
  return `?${kept.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0)).join('&')}`
}

/** The client's headers that are part of the key, and none besides: what is not keyed must not change the answer. */
export function keyedHeaders(headers: Headers, { vary }: CacheRules): Headers {
  // One form for all; platforms compress on the way to the client.
  const keyed = new Headers({ 'accept-encoding': 'identity' })
  for (const name of vary) {
    const value = headers.get(name)
    if (value !== null) keyed.set(name, value)
  }
  return keyed
}

/** The address under which an answer lies: one that no client can ask for. */
export function keyUrl(origin: string, upstream: string, path: string, search: string, headers: Headers): string {
  let url = `${origin}/.portcullis/cache/${upstream}${path}?q=${encodeURIComponent(search)}`
  headers.forEach((value, name) => {
    if (name !== 'accept-encoding') url += `&${name}=${encodeURIComponent(value)}`
  })
  return url
}

/**
 * How long an answer of the upstream may be kept for everybody; undefined: not at all.
 *
 * @param headers - as the upstream sent them.
 * @see RFC 9111 section 3, 4.2
 */
export function freshnessOf(
  status: number,
  headers: Headers,
  path: string,
  rules: CacheRules,
  now: number,
): Freshness | undefined {
  if (![200, 301, 308, 404, 410].includes(status)) return undefined
  if (headers.has('set-cookie') || headers.has('portcullis-session') || isCoded(headers)) return undefined
  // A nonce is good for one answer.
  if (/'nonce-/i.test(headers.get('content-security-policy') ?? '')) return undefined
  if (!variesWithin(headers.get('vary'), rules.vary) || !isWhatItSays(headers, status, path, rules)) return undefined
  const said = directives(headers.get('cache-control'))
  if (said.has('no-store') || said.has('private') || said.has('no-cache')) return undefined
  const fresh = lifetime(said, headers, now) ?? (status === 200 ? rules.maxAge : undefined)
  const age = seconds(headers.get('age') ?? undefined) ?? 0
  if (fresh === undefined || fresh <= age) return undefined
  // RFC 9111 section 4.2.4; an upstream that names stale-if-error itself has allowed it.
  const strict = said.has('must-revalidate') || said.has('proxy-revalidate')
  const forbidden = strict || (said.has('s-maxage') && !said.has('stale-if-error'))
  return { age, fresh: Math.min(fresh, longestLife), stale: forbidden ? 0 : rules.staleIfError }
}

function variesWithin(vary: string | null, names: readonly VaryName[]): boolean {
  if (vary === null) return true
  const known: readonly string[] = ['accept-encoding', ...names]
  return vary.split(',').every((name) => known.includes(name.trim().toLowerCase()))
}

/** A page under the name of a file is a path that its upstream read in another way than was meant. */
function isWhatItSays(headers: Headers, status: number, path: string, { takes }: CacheRules): boolean {
  if (status === 301 || status === 308) return true
  const type = mediaType(headers)
  if (type === undefined || (takes !== undefined && !takes(headers))) return false
  const extension = /\.([a-z][a-z\d]{0,7})$/i.exec(path)?.[1]?.toLowerCase()
  if (extension === undefined || status !== 200 || (type !== 'text/html' && type !== 'application/json')) return true
  return type === 'text/html'
    ? /^(?:x?html?|php|aspx?|jsp)$/.test(extension)
    : /^(?:json|map|webmanifest)$/.test(extension)
}

/** Names in lower case; of a name that occurs twice the first counts. */
function directives(header: string | null): ReadonlyMap<string, string | undefined> {
  const found = new Map<string, string | undefined>()
  for (const part of header?.split(',') ?? []) {
    const [name = '', value] = part.split('=', 2)
    const key = name.trim().toLowerCase()
    if (key !== '' && !found.has(key)) found.set(key, value?.trim().replaceAll('"', ''))
  }
  return found
}

/** What the upstream says; 0 for what is no number, undefined where it says nothing. */
function lifetime(said: ReadonlyMap<string, string | undefined>, headers: Headers, now: number): number | undefined {
  for (const name of ['s-maxage', 'max-age']) if (said.has(name)) return seconds(said.get(name)) ?? 0
  const expires = headers.get('expires')
  if (expires === null) return undefined
  const made = Date.parse(headers.get('date') ?? '')
  const left = (Date.parse(expires) - (Number.isNaN(made) ? now : made)) / 1000
  return Number.isNaN(left) ? 0 : Math.max(0, Math.floor(left))
}

function seconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined
}
