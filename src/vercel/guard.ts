/**
 * Creates a guard in front of a project: everything a gateway does to a request, and then the
 * project answers it. `vercel()` creates it from its options. Wrong options are a `ConfigError`.
 */
import type { GatewayConfig } from '../gateway/config.ts'
import { createGateway, type Gateway } from '../gateway/create.ts'
import type { Route } from '../gateway/routes/route.ts'
import { createIssues, type Issues, parseWholeNumber } from '../options/index.ts'
import { errorResponse, type PageTemplate } from '../page/index.ts'
import { bodyBounds, defaultBodyBytes } from '../request/index.ts'
import type { FromEnv, ProjectEnv } from '../types.ts'
import { type GuardGateway, readAddresses } from './guard-address.ts'
import { completeHeaders } from './guard-headers.ts'
import { listNextAliases } from './next-aliases.ts'
import { compileNext, type NextConfig, type NextOptions } from './next-options.ts'
import { passThrough } from './pass-through.ts'

/** One line of the route table; see `Route` of `portcullis/gateway`. */
export type GuardRoute = Omit<
  Route,
  'to' | 'sessions' | 'startOnGet' | 'timeoutMs' | 'retry' | 'cache' | 'throttle'
>

/** The options of a guard: those of `GatewayConfig`, with one upstream, the project. */
export interface VercelGuardOptions<Data extends object = object, E = ProjectEnv>
  extends Omit<GatewayConfig<'project', Data, E>, 'upstreams' | 'routes' | 'throttle' | 'fetch'> {
  /**
   * The routes; the first match wins. A path without a route needs a session if there is the option
   * `session`, and is public otherwise. Default: none.
   */
  readonly routes?: readonly GuardRoute[]
  /**
   * Bytes of a body, of routes that do not say less. Default 10,485,760 (10 MB), at which Next silently truncates bodies: raise it together with `proxyClientMaxBodySize` in next.config, never alone.
   */
  readonly maxBodyBytes?: number
  /**
   * The part of next.config that is about addresses: base path, locales and rewrites. Base path and
   * locales that are left out are read from `request.nextUrl`; where Next shows others than these,
   * every request gets 503. Default: none.
   */
  readonly next?: NextOptions
}

/** Name of the project: `aud` of the assertion. */
const projectName = 'project'
/** Next drops the chunk that passes its limit and ends the body there, and a chunk of Node's has at most so many bytes. */
const largestChunk = 65_536

/**
 * Makes a guard for {@link vercel}. It does what a gateway does to a request (canonical path, host, limits, csrf, session,
 * access, security headers, assertion), and the project answers what passes. It never sees that answer, so it has no login
 * throttle and no session protocol: the project counts logins and changes sessions itself, with `openSession`.
 *
 * @example
 * ```ts
 * export const GET = vercel(guard({ publicOrigin, session, routes: [{ path: '/admin/*', access }] }))
 * ```
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 */
export function guard<Data extends object, E = ProjectEnv>(
  options: VercelGuardOptions<Data, E>,
): Gateway<E> {
  const issues = createIssues('')
  const {
    routes = [],
    maxBodyBytes,
    next,
    ...gatewayOptions
  } = Object(options) as VercelGuardOptions<Data, E>

  const maxBytes =
    parseWholeNumber(issues, 'maxBodyBytes', maxBodyBytes, bodyBounds) ?? defaultBodyBytes
  for (const optionName of ['upstreams', 'throttle', 'fetch'])
    if (optionName in gatewayOptions) issues.add(optionName, 'is not an option of a guard')

  const routeTable = validateTable(routes, gatewayOptions.session !== undefined, maxBytes, issues)
  const nextConfig = compileNext(next, issues.at('next'))

  function create(config: NextConfig, publicOrigin: FromEnv<string, E>): GuardGateway<E> {
    const headers = completeHeaders(gatewayOptions.headers, config.basePath)
    const prefixes = listPrefixes(routeTable, config)
    const gateway = createGateway<'project', Data, E>({
      platform: 'vercel',
      ...gatewayOptions,
      publicOrigin,
      ...(headers.options && { headers: headers.options }),
      // Never requested: `fetch` below responds. `.invalid` belongs to no server (RFC 6761 section
      // 6.4).
      upstreams: {
        [projectName]: {
          url: 'https://project.invalid',
          aliases: (path: string) => listNextAliases(path, config.rewrites, prefixes),
        },
      },
      routes: routeTable,
      fetch: (_targetUrl, requestInit) =>
        passThroughRequest(requestInit, maxBytes, gatewayOptions.pages),
    })

    return { gateway, config, observes: headers.observes }
  }

  let firstGateway: GuardGateway<E> | undefined
  try {
    firstGateway = create(nextConfig, gatewayOptions.publicOrigin)
  } catch (error) {
    issues.collect(error)
  }

  issues.throwIfAny()
  if (firstGateway === undefined) throw new TypeError('A guard without faults has a gateway')
  const routePaths = routeTable.map(({ path }) => path.replace(/\/\*$/, ''))

  return readAddresses(firstGateway, { given: gatewayOptions, routes: routePaths, create })
}

function validateTable(
  routesOption: readonly GuardRoute[],
  hasSession: boolean,
  maxBytes: number,
  issues: Issues,
): Array<Route<'project'>> {
  if (!Array.isArray(routesOption)) {
    issues.add('routes', 'must be a list of routes')
    return []
  }

  const routeTable = routesOption.map((route: GuardRoute, index): Route<'project'> => {
    for (const optionName of [
      'to',
      'sessions',
      'startOnGet',
      'timeoutMs',
      'retry',
      'cache',
      'throttle',
    ]) {
      if (optionName in Object(route))
        issues.add(`routes.${index}.${optionName}`, 'is not an option of a guard')
    }

    if ((route?.maxBodyBytes ?? 0) > maxBytes)
      issues.add(`routes.${index}.maxBodyBytes`, 'is more than maxBodyBytes')

    return { maxBodyBytes: maxBytes, ...route, to: projectName }
  })

  const coversAll = routeTable.some(({ host, path, methods }) => path === '/*' && !host && !methods)
  if (!coversAll)
    routeTable.push({
      path: '/*',
      to: projectName,
      access: hasSession ? 'session' : 'public',
      maxBodyBytes: maxBytes,
    })

  return routeTable
}

/** Base path and locales with which some route is written after all: its rule then also covers the page without them. */
function listPrefixes(routeTable: readonly Route[], { basePath, locales }: NextConfig): string[] {
  const names = ['', ...[...locales.keys()].map((locale) => `/${locale}`)]
  const allPrefixes = new Set(names.flatMap((locale) => [locale, basePath.toLowerCase() + locale]))
  const routePaths = routeTable.map(({ path }) => `${path}`.toLowerCase())

  return [...allPrefixes].filter(
    (prefix) => prefix !== '' && routePaths.some((path) => `${path}/`.startsWith(`${prefix}/`)),
  )
}

/** Turns the request for an upstream into headers for the project. */
async function passThroughRequest(
  requestInit: RequestInit | undefined,
  maxBytes: number,
  pages: PageTemplate | undefined,
): Promise<Response> {
  const headers = new Headers(requestInit?.headers)
  const body = requestInit?.body
  // A body with a Content-Length was checked by it. The platform keeps a copy of any other: reading
  // this one counts it.
  if (body instanceof ReadableStream && !headers.has('content-length')) {
    if ((await measureBody(body)) > maxBytes - largestChunk)
      return errorResponse('body-too-large', { headers }, { pages })
  }

  const passedResponse = passThrough({ headers })
  // For the security headers, which are those of a page: the project's response is not known yet.
  passedResponse.headers.set('content-type', 'text/html')

  return passedResponse
}

async function measureBody(body: ReadableStream<Uint8Array>): Promise<number> {
  let length = 0
  const reader = body.getReader()
  for (;;) {
    const { done: isDone, value: chunk } = await reader.read()
    if (isDone) return length
    length += chunk.length
  }
}
