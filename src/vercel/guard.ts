/**
 * Creates a guard in front of a project on Vercel or Next. A guard is a gateway that checks a request and then passes
 * it to the project instead of forwarding it. `vercel()` creates a guard from its options, and applications may call
 * `guard()` themselves. Wrong options throw one `ConfigError` (`ERR_CONFIG`). The guard never sees the project's
 * response, so session protocol, login throttle and cache are not available. A body without Content-Length is read to
 * measure it, and gets 413 if it is too long.
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
   * The routes. The first match decides. A path without a route needs a session if the option `session`
   * is set, and is public otherwise. Default: none.
   */
  readonly routes?: readonly GuardRoute[]
  /**
   * Maximum bytes of a body, for routes without a lower maximum. Default 10,485,760 (10 MB), at which Next silently
   * truncates bodies: raise it only together with `proxyClientMaxBodySize` in next.config.
   */
  readonly maxBodyBytes?: number
  /**
   * The part of next.config that is about addresses: base path, locales and rewrites. Base path and
   * locales that are absent are read from `request.nextUrl`. If Next has other ones than these, every
   * request gets 503. Default: none.
   */
  readonly next?: NextOptions
}

/** Name of the project: `aud` of the assertion. */
const projectName = 'project'
/**
 * Maximum bytes of a chunk in Node. Next drops the chunk that exceeds its limit and ends the body there, so the guard
 * allows that much less.
 */
const maxChunkBytes = 65_536

/**
 * Creates a guard for {@link vercel}. It checks a request as a gateway does (canonical path, host, limits, csrf,
 * session, access), adds security headers and the assertion, and the project answers. The guard never sees that
 * response, so it has no login throttle and no session protocol: the project counts logins and changes sessions itself,
 * with `openSession`.
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
      // This address is never requested, since `fetch` below responds. No server has a name under
      // `.invalid` (RFC 6761 section 6.4).
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
  if (firstGateway === undefined) throw new TypeError('A guard without issues must have a gateway')
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
      issues.add(`routes.${index}.maxBodyBytes`, 'must not be more than maxBodyBytes of the guard')

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

/** Lists base path and locales with which some route is written, so that its rule also covers the page without them. */
function listPrefixes(routeTable: readonly Route[], { basePath, locales }: NextConfig): string[] {
  const names = ['', ...[...locales.keys()].map((locale) => `/${locale}`)]
  const allPrefixes = new Set(names.flatMap((locale) => [locale, basePath.toLowerCase() + locale]))
  const routePaths = routeTable.map(({ path }) => `${path}`.toLowerCase())

  return [...allPrefixes].filter(
    (prefix) => prefix !== '' && routePaths.some((path) => `${path}/`.startsWith(`${prefix}/`)),
  )
}

/** Creates the response that passes a request to the project, with the headers of the upstream request. */
async function passThroughRequest(
  requestInit: RequestInit | undefined,
  maxBytes: number,
  pages: PageTemplate | undefined,
): Promise<Response> {
  const headers = new Headers(requestInit?.headers)
  const body = requestInit?.body
  // The length of a body with Content-Length has been checked. Any other body is read to measure it;
  // the platform passes its own copy to the project.
  if (body instanceof ReadableStream && !headers.has('content-length')) {
    if ((await measureBody(body)) > maxBytes - maxChunkBytes)
      return errorResponse('body-too-large', { headers }, { pages })
  }

  const passedResponse = passThrough({ headers })
  // The project's response is not known yet, so the security headers are those of a page.
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
