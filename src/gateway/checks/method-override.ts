/**
 * Creates the option `methodOverride` of an upstream. Frameworks such as Rails and Laravel can take
 * the method of a POST from `_method` in its form, JSON or query, so the guards of that method's route
 * must hold too. Applications call `methodOverride()` in their configuration, `config/upstreams.ts`
 * reads the option, and `routes/find-route.ts` calls its function for each POST. The body is read only
 * where another method has a stricter route or none, and at most 10 MB of it. If a form cannot be read
 * in one way only, the strictest guards of all methods hold, or the request is rejected with 400.
 * Reading rejects if the client's body breaks off.
 */
import {
  createNameCheck,
  hasClearNames,
  possibleNames,
  readMultipart,
  readParameters,
} from '../../parameters/index.ts'
import { joinChunks, resumeBody } from '../../request/body/chunks.ts'
import { isCompressed, mediaType } from '../../request/index.ts'
import type { RequestContext } from '../request-context.ts'
import { asksMore, strictestRoute } from '../routes/strictest.ts'
import type { CompiledRoute, RouteMatch } from '../routes/table.ts'

/** The methods that a form may put in place of POST. */
const otherMethods = ['PUT', 'PATCH', 'DELETE', 'GET', 'HEAD', 'OPTIONS'] as const

/**
 * Maximum number of bytes that are read of a body; fewer if its route allows fewer. The guards of
 * all methods hold for a longer body.
 */
const mostBytes = 10_485_760

/** The option `methodOverride` of an upstream, which {@link methodOverride} creates. */
export interface MethodOverride {
  /** Finds the route of a request; the gateway calls it for each request to the upstream. */
  readonly findRoute: FindOverriddenRoute
}

/**
 * Finds the route of a POST whose form, JSON or query names another method: a combination of both methods' routes. The
 * result is `unclear` if a server could read a method that this function does not find, and that method has no route.
 *
 * @param route - the route of the request's own method.
 * @param findMatch - finds the route of another method on the same path.
 */
export type FindOverriddenRoute = (
  ctx: RequestContext,
  route: CompiledRoute,
  findMatch: (method: string) => RouteMatch,
) => Promise<RouteMatch | { readonly type: 'unclear' }>

/**
 * Creates the option `methodOverride` of an upstream that takes the method of a POST from `_method` in a form, JSON or
 * the query, as Rails, Laravel, Symfony and Spring can. A bundle contains the code that reads bodies only if it imports
 * this function.
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
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Combines the routes of the methods that the request names. The body is read only if another method has a stricter
 * route or none. The request of the context is then replaced by a copy with the same body, which the checks and the
 * upstream read.
 */
async function findOverriddenRoute(
  ctx: RequestContext,
  route: CompiledRoute,
  findMatch: (method: string) => RouteMatch,
): Promise<RouteMatch | { readonly type: 'unclear' }> {
  const sameRoute: RouteMatch = { type: 'route', route }
  if (ctx.request.method !== 'POST') return sameRoute

  const stricter = new Map<string, RouteMatch>()
  for (const method of otherMethods) {
    const otherMatch = findMatch(method)
    if (otherMatch.type !== 'route' || asksMore(otherMatch.route, route))
      stricter.set(method, otherMatch)
  }

  if (stricter.size === 0) return sameRoute

  const namedMethods = await readOverrides(ctx, Math.min(mostBytes, route.body.maxBytes))
  const routesToCombine: CompiledRoute[] = []
  for (const [method, otherMatch] of stricter) {
    if (namedMethods !== 'unclear' && !namedMethods.has(method)) continue
    if (otherMatch.type === 'route') routesToCombine.push(otherMatch.route)
    else return namedMethods === 'unclear' ? { type: 'unclear' } : otherMatch
  }

  return routesToCombine.length === 0
    ? sameRoute
    : { type: 'route', route: strictestRoute(route, routesToCombine) }
}

/**
 * Lists the methods that the query and the body name; `unclear` if a server could read a method that is not found here.
 */
async function readOverrides(
  ctx: RequestContext,
  maxBytes: number,
): Promise<ReadonlySet<string> | 'unclear'> {
  const queryText = ctx.search.slice(1)
  const inQuery = readParameters(queryText)
  if (inQuery === undefined && possibleNames(queryText)?.some(isOverride) !== false)
    return 'unclear'

  const inBody = await readBodyPairs(ctx, maxBytes)
  if (inBody === undefined) return 'unclear'

  const namedMethods = new Set<string>()
  for (const [fieldName, fieldValue] of [...(inQuery ?? []), ...inBody]) {
    if (isOverride(fieldName)) namedMethods.add(fieldValue.trim().toUpperCase())
  }

  return namedMethods
}

type Pairs = ReadonlyArray<readonly [name: string, value: string]>

/** Reads the names and values of a body; returns undefined if servers could read other ones. */
async function readBodyPairs(ctx: RequestContext, maxBytes: number): Promise<Pairs | undefined> {
  const { headers } = ctx.request
  const contentType = headers.get('content-type')
  // Rack reads a POST without a type as a form.
  const bodyType = contentType === null ? 'application/x-www-form-urlencoded' : mediaType(headers)
  const isForm = bodyType === 'application/x-www-form-urlencoded'
  const isJson = bodyType !== undefined && /^application\/(?:[\w.-]+\+)?json$/.test(bodyType)
  if (!isForm && !isJson && bodyType !== undefined && !bodyType.startsWith('multipart/')) return []
  if (bodyType === undefined || isCompressed(headers)) return undefined

  const bodyBytes = await readStart(ctx, maxBytes)
  if (bodyBytes === undefined) return undefined
  if (bodyBytes.length === 0) return []
  if (bodyType.startsWith('multipart/')) {
    return readMultipart(bodyBytes, contentType ?? '')?.map(
      ({ name: fieldName, value: fieldValue = '' }) => [fieldName, fieldValue] as const,
    )
  }

  try {
    const bodyText = utf8Decoder.decode(bodyBytes)
    if (isForm) return readParameters(bodyText)
    const members = listMembers(JSON.parse(bodyText))

    return hasClearNames(bodyText) ? members : undefined
  } catch {
    return undefined // The body is not UTF-8, or it is not JSON.
  }
}

function listMembers(parsedBody: unknown): Pairs {
  if (typeof parsedBody !== 'object' || parsedBody === null) return []
  return Object.entries(parsedBody).map(
    ([fieldName, memberValue]) => [fieldName, `${memberValue}`] as const,
  )
}

/**
 * Reads the body up to a bound. It returns the whole body, or undefined for a longer one. In both cases the request of
 * the context gets a body of the same bytes.
 */
async function readStart(ctx: RequestContext, maxBytes: number): Promise<Uint8Array | undefined> {
  const { request } = ctx
  if (request.body === null) return new Uint8Array()
  const reader = request.body.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  let hasEnded = false
  while (!hasEnded && length <= maxBytes) {
    const { done: isDone, value: chunk } = await reader.read()
    hasEnded = isDone
    if (chunk === undefined) continue
    chunks.push(chunk)
    length += chunk.length
  }

  // A stream is created only for a longer body: workerd would read its first chunk immediately.
  const wholeBody = hasEnded ? joinChunks(chunks, length) : undefined
  const body = wholeBody ?? resumeBody(chunks, reader)
  // Node requires `duplex` where a body is a stream; the types of the DOM lack it.
  ctx.request = new Request(request, { body, duplex: 'half' } as RequestInit)

  return wholeBody
}
