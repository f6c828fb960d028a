/**
 * Creates `portcullis()`, which runs all guards of this library as one Hono middleware.
 * Applications register it first. Wrong options of all steps are reported in one `ConfigError`
 * while building. An error of a step becomes a response by `onError` while it still passes the
 * outer steps, so that it also gets security headers; a thrown value that is not an Error is thrown
 * on.
 */

import type { Context, ErrorHandler, MiddlewareHandler, Next } from 'hono'
import type { AccessOptions } from '../access/guard.ts'
import type { CsrfOptions } from '../csrf/guard.ts'
import { csrf } from '../csrf/middleware.ts'
import type { SecureHeadersOptions } from '../headers/index.ts'
import { type SecureHeadersEnv, secureHeaders } from '../headers/middleware.ts'
import type { RateLimitOptions } from '../limit/gate.ts'
import type { AuditTrail } from '../monitor/audit/trail.ts'
import type { RequestLogEnv } from '../monitor/middleware.ts'
import { createIssues, type Issues } from '../options/issues.ts'
import { checkKeys } from '../options/keys.ts'
import { optionalListener } from '../options/values.ts'
import { errorPage } from '../page/middleware.ts'
import type { PageTemplate } from '../page/template/pages.ts'
import { setSitePages } from '../page/template/site-pages.ts'
import { checkPlatform, type Platform } from '../request/address/address.ts'
import type { RequestLimits } from '../request/limits.ts'
import { isHeaderName } from '../request/request-id.ts'
import type { ThreeVerbs } from '../session/core/types.ts'
import type { SessionData, SessionEnv } from '../session/env.ts'
import { session } from '../session/middleware.ts'
import type { Emit, FromEnv } from '../types.ts'
import { compileAccess, createAccessStep } from './access-steps.ts'
import { allowMethods, type BodyOptions, limitBodies, limitRequests } from './bounds.ts'
import { deviceStep } from './device-step.ts'
import { createStackListener } from './events.ts'
import { type GraphqlStep, graphqlStep } from './graphql-step.ts'
import { allowHosts, type HttpsOptions, requireHttps } from './hosts.ts'
import { order, type Step } from './order.ts'
import { sharedRateLimit } from './shared-rate-limit.ts'
import { canonicalPaths, type RequestIdEnv, requestId } from './steps.ts'

const optionKeys: ReadonlyArray<keyof StackOptions | 'session'> = [
  'requestIdHeader',
  'requestLog',
  'headers',
  'path',
  'publicOrigin',
  'hosts',
  'https',
  'methods',
  'limits',
  'csrf',
  'body',
  'rateLimit',
  'access',
  'graphql',
  'session',
  'onEvent',
  'audit',
  'platform',
  'onError',
  'pages',
]

/**
 * The options of `portcullis()`. An absent option has its default, and `false` turns a step off.
 */
export interface StackOptions<Data = object> {
  /**
   * The header in which your own proxy names each request; see `requestId`. Default: ids are
   * random.
   */
  readonly requestIdHeader?: string
  /**
   * Logs every request with its response; see `requestLog` of `portcullis/monitor`. Default none.
   */
  readonly requestLog?: MiddlewareHandler<RequestLogEnv>
  /** Security headers; see `secureHeaders`. Default: the recommended profile. */
  readonly headers?: SecureHeadersOptions | false
  /** Rejects paths that guards and router could read differently. Default true. */
  readonly path?: boolean
  /**
   * The origins under which users reach this application. With them, requests for another host get
   * 421, requests over plain http get 308 or 403 (see `https`), and `csrf` knows the application's
   * own origin behind a proxy. Default: unknown, so that these checks are off.
   */
  readonly publicOrigin?: FromEnv<string | readonly string[]>
  /**
   * Further hosts that are served, such as `127.0.0.1:*`; see `allowHosts`. Needs `publicOrigin`.
   * Default none.
   */
  readonly hosts?: FromEnv<readonly string[]>
  /** Whether plain http is rejected; see `requireHttps`. Default true where there is a `publicOrigin`. */
  readonly https?: boolean | Pick<HttpsOptions, 'platform'>
  /** Accepted methods; others get 405. Default GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS. */
  readonly methods?: readonly string[] | false
  /** The largest URL, query and headers; see `limitRequests`. Default on. */
  readonly limits?: RequestLimits | false
  /**
   * Rate limits; see `rateLimit`. With a stored session in the same Redis, both need one request to
   * Redis together; the session is then read even if the handler does not use it. Default none.
   */
  readonly rateLimit?: RateLimitOptions<Context>
  /**
   * The access rules; see `access`. Path and address are checked first, the session after it was
   * opened. Default none: routes guard themselves.
   */
  readonly access?: AccessOptions<Data, Context>
  /**
   * Limits of GraphQL requests: `{ path: '/graphql', guard: graphqlGuard({ ... }) }` of
   * `portcullis/graphql`, whose functions find the session on the context. Default none.
   */
  readonly graphql?: GraphqlStep
  /** The maximum size and the types of bodies; see `limitBodies`. Default 10 MB of any type. */
  readonly body?: Omit<BodyOptions, 'onEvent'> | false
  /**
   * Receives the events of every step, and of everything behind `portcullis()` that handles the
   * same request: sessions, guards of single routes, logins. A step with its own `onEvent` reports
   * to both, once each. Default none.
   */
  readonly onEvent?: Emit
  /**
   * Creates audit records of these events: `auditTrail(sinks)` of `portcullis/monitor`. Default
   * none.
   */
  readonly audit?: AuditTrail
  /**
   * The platform in front, which sets the header with the client's address, for audit records.
   * Default `'none'`: records have no address.
   */
  readonly platform?: Platform
  /**
   * The origins from which requests that change something may come; see `csrf`. Default: the
   * application's own origin only.
   */
  readonly csrf?: Omit<CsrfOptions, 'token'> | false
  /**
   * Creates the response to an error of a step; errors of handlers go to `app.onError`. Default
   * `errorPage()`.
   */
  readonly onError?: ErrorHandler
  /**
   * The look and the languages of the error pages of every step and of `errorPage()`: `pages({ ...
   * })` of `portcullis/page`. Default: plain pages in English.
   */
  readonly pages?: PageTemplate
}

/**
 * Creates a middleware with all guards in their order, for `new Hono().use(portcullis({ session
 * }))`. Register it first, together with `app.onError(errorPage())` and
 * `app.notFound(notFoundPage())`.
 *
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 */
export function portcullis<Data extends object, S extends ThreeVerbs<Data>>(
  options: StackOptions<SessionData<NoInfer<S>>> & { readonly session: S & ThreeVerbs<Data> },
): MiddlewareHandler<RequestIdEnv & SecureHeadersEnv & SessionEnv<S>>
export function portcullis(
  options?: StackOptions,
): MiddlewareHandler<RequestIdEnv & SecureHeadersEnv>
export function portcullis(
  options: StackOptions & { readonly session?: ThreeVerbs<object> } = {},
): MiddlewareHandler {
  const issues = createIssues('portcullis')
  checkKeys(issues, options, optionKeys)
  const {
    headers,
    path: pathOption = true,
    csrf: origins,
    session: strategy,
    onError = errorPage(),
  } = options ?? {}

  const { requestIdHeader, requestLog: logOption } = options ?? {}
  const {
    publicOrigin,
    hosts,
    https: httpsOption = true,
    methods,
    limits,
    body,
    rateLimit: rateOption,
  } = options ?? {}

  const listenToEvents = compileListener(options ?? {}, issues)
  const accessGuard = compileAccess(options?.access, { session: strategy }, issues)
  checkTogether(options ?? {}, issues)
  const createStep: Record<Step, () => MiddlewareHandler | undefined> = {
    requestId: () => requestId(requestIdHeader) as MiddlewareHandler,
    requestLog: () => logOption as MiddlewareHandler | undefined,
    headers: () => (headers === false ? undefined : secureHeaders(headers)),
    path: () => (pathOption ? canonicalPaths() : undefined),
    host: () =>
      publicOrigin === undefined
        ? undefined
        : allowHosts({ publicOrigin, ...(hosts !== undefined && { hosts }) }),
    https: () =>
      publicOrigin === undefined || httpsOption === false
        ? undefined
        : requireHttps({ publicOrigin, ...(httpsOption !== true && httpsOption) }),
    methods: () => (methods === false ? undefined : allowMethods(methods)),
    limits: () => (limits === false ? undefined : limitRequests(limits)),
    device: () => deviceStep(strategy),
    addresses: () => accessGuard && createAccessStep(accessGuard.byAddress),
    csrf: () =>
      origins === false
        ? undefined
        : csrf({ ...(publicOrigin !== undefined && { publicOrigins: publicOrigin }), ...origins }),
    body: () => (body === false ? undefined : limitBodies(body)),
    rateLimit: () => (rateOption === undefined ? undefined : sharedRateLimit(rateOption, strategy)),
    session: () => (strategy === undefined ? undefined : (session(strategy) as MiddlewareHandler)),
    access: () => (accessGuard?.needsSession ? createAccessStep(accessGuard.bySession) : undefined),
    graphql: () => graphqlStep(options?.graphql, issues.at('graphql')),
  }

  const middlewares: MiddlewareHandler[] = []
  for (const stepName of order) {
    try {
      const middleware = createStep[stepName]()
      if (middleware !== undefined) middlewares.push(middleware)
    } catch (error) {
      issues.collect(error)
    }
  }
  const sitePages = validatePages(options?.pages, issues)

  issues.throwIfAny()

  return async function portcullis(c, next) {
    if (sitePages !== undefined) setSitePages(c.req.raw, sitePages)
    listenToEvents?.(c)
    await runSteps({ steps: middlewares, c, next, onError }, 0)
  }
}

/** Validates options that depend on each other, and the name of the request-id header. */
function checkTogether(
  { requestIdHeader, publicOrigin, hosts, https = false }: StackOptions,
  issues: Issues,
): void {
  if (requestIdHeader !== undefined && !isHeaderName(requestIdHeader)) {
    issues.add('requestIdHeader', "must be the name of a header, such as 'cf-ray'")
  }

  if (publicOrigin !== undefined) return
  if (hosts !== undefined) issues.add('hosts', 'needs the option publicOrigin')
  if (https !== false) issues.add('https', 'needs the option publicOrigin')
}

function compileListener(
  { onEvent, audit, platform, requestLog: logOption }: StackOptions,
  issues: Issues,
): ((c: Context) => void) | undefined {
  return createStackListener({
    source: onEvent,
    onEvent: optionalListener(issues, 'onEvent', onEvent),
    audit: validateAudit(audit, issues),
    platform: checkPlatform(platform, issues, 'none'),
    clock: Date.now,
    hasLog: logOption !== undefined,
  })
}

function validatePages(pagesOption: unknown, issues: Issues): PageTemplate | undefined {
  if (pagesOption === undefined) return undefined
  if (typeof (pagesOption as Partial<PageTemplate>)?.renderContent === 'function')
    return pagesOption as PageTemplate
  issues.add('pages', 'must be the result of pages({ ... }) of portcullis/page')
  return undefined
}

function validateAudit(auditOption: unknown, issues: Issues): AuditTrail | undefined {
  if (auditOption === undefined) return undefined
  if (typeof (auditOption as Partial<AuditTrail>)?.record === 'function')
    return auditOption as AuditTrail

  issues.add('audit', 'must be the result of auditTrail(...) of portcullis/monitor')

  return undefined
}

/** The steps and the context of one request. */
interface StackRun {
  readonly steps: readonly MiddlewareHandler[]
  readonly c: Context
  readonly next: Next
  readonly onError: ErrorHandler
}

/**
 * Runs the steps as Hono runs middleware, where a response ends the run. The error of a step
 * becomes a response before the outer steps see it. Otherwise an error page would be sent without
 * security headers.
 */
async function runSteps(run: StackRun, index: number): Promise<void> {
  const { steps, c, next, onError } = run
  const middleware = steps[index]
  if (middleware === undefined) return next()

  try {
    const response = await middleware(c, () => runSteps(run, index + 1))
    if (response !== undefined && !c.finalized) c.res = response
  } catch (error) {
    if (!(error instanceof Error)) throw error
    c.error = error
    c.res = await onError(error, c)
  }
}
