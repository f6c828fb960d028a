/** Reads the method that a framework takes from a form, so that its guards hold too. */
import {
  createNameCheck,
  hasClearNames,
  possibleNames,
  readMultipart,
  readParameters,
} from '../../parameters/index.ts'
import { isCompressed, mediaType } from '../../request/index.ts'
import type { RequestContext } from '../request-context.ts'
import { asksMore, strictestRoute } from '../routes/strictest.ts'
import type { CompiledRoute, RouteMatch } from '../routes/table.ts'

/** What a POST may become. */
const others = ['PUT', 'PATCH', 'DELETE', 'GET', 'HEAD', 'OPTIONS'] as const

/** Bytes of a form that are read, where its route takes as many; of a longer one nobody knows what it becomes. */
const mostBytes = 10_485_760

/** The option `methodOverride` of an upstream, which {@link methodOverride} creates. */
export interface MethodOverride {
  /** The gateway calls it for each request to the upstream. */
  readonly findRoute: FindOverriddenRoute
}

/**
 * Finds the route of a POST together with that of the method which its form, its JSON or its query names. The result is `unclear`
 * where servers could find a method that is not found here.
 *
 * @param match - finds the route of another method on the same path.
 */
export type FindOverriddenRoute = (
  ctx: RequestContext,
  route: CompiledRoute,
  match: (method: string) => RouteMatch,
) => Promise<RouteMatch | { readonly type: 'unclear' }>

/**
 * Creates the option `methodOverride` of an upstream that takes the method of a POST from `_method` in a form, JSON or the query,
 * as Rails, Laravel, Symfony and Spring can. The readers of bodies are in a bundle only where this function is imported.
 *
 * @example
 * ```ts
 * const app = { url: 'http://10.0.0.7:3000', methodOverride: methodOverride() }
 * ```
 */
export function methodOverride(): MethodOverride {
  return { findRoute: findOverriddenRoute }
}

const isOverride = createNameCheck('_method')
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads nothing where no other method asks for more. The bytes that it read take their place on the context. */
async function findOverriddenRoute(
  ctx: RequestContext,
  route: CompiledRoute,
  match: (method: string) => RouteMatch,
): Promise<RouteMatch | { readonly type: 'unclear' }> {
  const same: RouteMatch = { type: 'route', route }
  if (ctx.request.method !== 'POST') return same

  const stricter = new Map<string, RouteMatch>()
  for (const method of others) {
    const other = match(method)
    if (other.type !== 'route' || asksMore(other.route, route)) stricter.set(method, other)
  }
  if (stricter.size === 0) return same

  const named = await readOverrides(ctx, Math.min(mostBytes, route.body.maxBytes))
  const held: CompiledRoute[] = []
  for (const [method, other] of stricter) {
    if (named !== 'unclear' && !named.has(method)) continue
    if (other.type === 'route') held.push(other.route)
    else return named === 'unclear' ? { type: 'unclear' } : other
  }
  return held.length === 0 ? same : { type: 'route', route: strictestRoute(route, held) }
}

/** The methods that a request names anywhere; `unclear` where servers could find one that is not found here. */
async function readOverrides(
  ctx: RequestContext,
  most: number,
): Promise<ReadonlySet<string> | 'unclear'> {
  const query = ctx.search.slice(1)
  const inQuery = readParameters(query)
  if (inQuery === undefined && possibleNames(query)?.some(isOverride) !== false) return 'unclear'
  const inBody = await readBodyPairs(ctx, most)
  if (inBody === undefined) return 'unclear'

  const named = new Set<string>()
  for (const [name, value] of [...(inQuery ?? []), ...inBody]) {
    if (isOverride(name)) named.add(value.trim().toUpperCase())
  }
  return named
}

type Pairs = ReadonlyArray<readonly [name: string, value: string]>

/** Names and values of a body; undefined where servers could read others. */
async function readBodyPairs(ctx: RequestContext, most: number): Promise<Pairs | undefined> {
  const { headers } = ctx.request
  const header = headers.get('content-type')
  // Rack reads a POST without a type as a form.
  const type = header === null ? 'application/x-www-form-urlencoded' : mediaType(headers)
  const isForm = type === 'application/x-www-form-urlencoded'
  const isJson = type !== undefined && /^application\/(?:[\w.-]+\+)?json$/.test(type)
  if (!isForm && !isJson && type !== undefined && !type.startsWith('multipart/')) return []
  if (type === undefined || isCompressed(headers)) return undefined

  const bytes = await readStart(ctx, most)
  if (bytes === undefined) return undefined
  if (bytes.length === 0) return []
  if (type.startsWith('multipart/')) {
    return readMultipart(bytes, header ?? '')?.map(({ name, value = '' }) => [name, value] as const)
  }
  try {
    const text = utf8.decode(bytes)
    if (isForm) return readParameters(text)
    const members = listMembers(JSON.parse(text))
    return hasClearNames(text) ? members : undefined
  } catch {
    return undefined // no UTF-8, no JSON
  }
}

function listMembers(value: unknown): Pairs {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).map(([name, member]) => [name, `${member}`] as const)
}

/** The whole body, where it is short enough; on the context it stays as it came, either way. */
async function readStart(ctx: RequestContext, most: number): Promise<Uint8Array | undefined> {
  const { request } = ctx
  if (request.body === null) return new Uint8Array()
  const reader = request.body.getReader()
  const parts: Uint8Array[] = []
  let length = 0
  let ended = false
  while (!ended && length <= most) {
    const { done, value } = await reader.read()
    ended = done
    if (value === undefined) continue
    parts.push(value)
    length += value.length
  }
  // The stream is only made where it is needed: workerd asks it for its first part at once.
  const whole = ended ? joinParts(parts, length) : undefined
  const body = whole ?? resumeBody(parts, reader)
  // `duplex` is asked for by Node where a body is a stream; the DOM's types do not know it.
  ctx.request = new Request(request, { body, duplex: 'half' } as RequestInit)
  return whole
}

/** What was read of a body, and then the rest of it. */
function resumeBody(
  parts: Uint8Array[],
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      const next = parts.shift() ?? (await reader.read()).value
      if (next === undefined) controller.close()
      else controller.enqueue(next)
    },
    cancel: (reason) => reader.cancel(reason),
  })
}

function joinParts(parts: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
