/** A guard in front of a project: everything a gateway does to a request, and then the project answers it. */
import type { GatewayConfig } from '../gateway/config.ts'
import { createGateway, type Gateway } from '../gateway/create.ts'
import type { Route } from '../gateway/routes/route.ts'
import { createIssues, type Issues, wholeNumber } from '../options/index.ts'
import { errorResponse } from '../page/index.ts'
import { bodyBounds, defaultBodyBytes } from '../request/index.ts'
import type { FromEnv, ProjectEnv } from '../types.ts'
import { type GuardGateway, readAddresses } from './guard-address.ts'
import { completeHeaders } from './guard-headers.ts'
import { listNextAliases } from './next-aliases.ts'
import { compileNext, type NextConfig, type NextOptions } from './next-options.ts'
import { passThrough } from './pass-through.ts'

/** One line of the table of who may pass; see `Route` of `portcullis/gateway`. */
export type GuardRoute = Omit<
  Route,
  'to' | 'sessions' | 'startOnGet' | 'timeoutMs' | 'retry' | 'cache' | 'throttle'
>

/** The options of a guard: those of `GatewayConfig`, with one upstream, the project. */
export interface VercelGuardOptions<Data extends object = object, E = ProjectEnv>
  extends Omit<GatewayConfig<'project', Data, E>, 'upstreams' | 'routes' | 'throttle' | 'fetch'> {
  /**
   * First match wins. What no route covers needs a session where there is the option `session`, and passes where there is
   * none. Default: none.
   */
  readonly routes?: readonly GuardRoute[]
  /**
   * Bytes of a body, of routes that do not say less. Default 10,485,760 (10 MB), which is where Next cuts bodies without a
   * word: raise it together with `proxyClientMaxBodySize` in next.config, never alone.
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
const name = 'project'
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
    ...rest
  } = Object(options) as VercelGuardOptions<Data, E>
  const most = wholeNumber(issues, 'maxBodyBytes', maxBodyBytes, defaultBodyBytes, bodyBounds)
  for (const key of ['upstreams', 'throttle', 'fetch'])
    if (key in rest) issues.add(key, 'is no option of a guard')
  const table = validateTable(routes, rest.session !== undefined, most, issues)
  const told = compileNext(next, issues.at('next'))

  function create(config: NextConfig, publicOrigin: FromEnv<string, E>): GuardGateway<E> {
    const headers = completeHeaders(rest.headers, config.basePath)
    const prefixes = listPrefixes(table, config)
    const gateway = createGateway<'project', Data, E>({
      platform: 'vercel',
      ...rest,
      publicOrigin,
      ...(headers.options && { headers: headers.options }),
      // Never asked: `fetch` below answers. `.invalid` is nobody's (RFC 6761 section 6.4).
      upstreams: {
        [name]: {
          url: 'https://project.invalid',
          aliases: (path: string) => listNextAliases(path, config.rewrites, prefixes),
        },
      },
      routes: table,
      fetch: (_url, init) => passThroughRequest(init, most),
    })
    return { gateway, config, observes: headers.observes }
  }

  let first: GuardGateway<E> | undefined
  try {
    first = create(told, rest.publicOrigin)
  } catch (error) {
    issues.collect(error)
  }
  issues.throwIfAny()
  if (first === undefined) throw new TypeError('A guard without faults has a gateway')
  const paths = table.map(({ path }) => path.replace(/\/\*$/, ''))
  return readAddresses(first, { given: rest, routes: paths, create })
}

function validateTable(
  value: readonly GuardRoute[],
  guarded: boolean,
  most: number,
  issues: Issues,
): Array<Route<'project'>> {
  if (!Array.isArray(value)) {
    issues.add('routes', 'must be a list of routes')
    return []
  }
  const table = value.map((route: GuardRoute, index): Route<'project'> => {
    for (const key of ['to', 'sessions', 'startOnGet', 'timeoutMs', 'retry', 'cache', 'throttle']) {
      if (key in Object(route)) issues.add(`routes.${index}.${key}`, 'is no option of a guard')
    }
    if ((route?.maxBodyBytes ?? 0) > most)
      issues.add(`routes.${index}.maxBodyBytes`, 'is more than maxBodyBytes')
    return { maxBodyBytes: most, ...route, to: name }
  })
  const whole = table.some(({ host, path, methods }) => path === '/*' && !host && !methods)
  if (!whole)
    table.push({ path: '/*', to: name, access: guarded ? 'session' : 'public', maxBodyBytes: most })
  return table
}

/** Base path and locales with which some route is written after all: its rule then also covers the page without them. */
function listPrefixes(table: readonly Route[], { basePath, locales }: NextConfig): string[] {
  const names = ['', ...[...locales.keys()].map((locale) => `/${locale}`)]
  const all = new Set(names.flatMap((locale) => [locale, basePath.toLowerCase() + locale]))
  const paths = table.map(({ path }) => `${path}`.toLowerCase())
  return [...all].filter(
    (prefix) => prefix !== '' && paths.some((path) => `${path}/`.startsWith(`${prefix}/`)),
  )
}

/** Turns the request for an upstream into headers for the project. */
async function passThroughRequest(init: RequestInit | undefined, most: number): Promise<Response> {
  const headers = new Headers(init?.headers)
  const body = init?.body
  // A body that says its length was judged by it. Of any other the platform keeps a copy: reading this one counts it.
  if (body instanceof ReadableStream && !headers.has('content-length')) {
    if ((await measureBody(body)) > most - largestChunk)
      return errorResponse('body-too-large', { headers })
  }
  const answer = passThrough({ headers })
  // For the security headers, which are those of a page: nobody knows yet what the project answers.
  answer.headers.set('content-type', 'text/html')
  return answer
}

async function measureBody(body: ReadableStream<Uint8Array>): Promise<number> {
  let length = 0
  const reader = body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return length
    length += value.length
  }
}
