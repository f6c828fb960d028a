/**
 * Creates the whole stack as one middleware. Applications register `portcullis()` first. Wrong
 * options are a `ConfigError`; a step that throws becomes a response before the response passes
 * the outer steps.
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

/** The options of the stack. Absent = default, `false` = off. */
export interface StackOptions<Data = object> {
  /** Header in which something of yours in front names each request; see `requestId`. Default: ids are random. */
  readonly requestIdHeader?: string
  /** Tells of every request and its answer; see `requestLog` of `portcullis/monitor`. Default none. */
  readonly requestLog?: MiddlewareHandler<RequestLogEnv>
  /** Security headers; see `secureHeaders`. Default: the recommended profile. */
  readonly headers?: SecureHeadersOptions | false
  /** Refuses paths that guards and router could read differently. Default true. */
  readonly path?: boolean
  /**
   * The origins under which visitors know this application. With them, requests for another host get 421, requests over plain
   * http 308 or 403 (see `https`), and `csrf` knows its own origin behind a proxy. Default: unknown, nothing of it.
   */
  readonly publicOrigin?: FromEnv<string | readonly string[]>
  /** Further hosts that are answered, such as `127.0.0.1:*`; see `allowHosts`. Needs `publicOrigin`. Default none. */
  readonly hosts?: FromEnv<readonly string[]>
  /** Whether plain http is rejected; see `requireHttps`. Default true where there is a `publicOrigin`. */
  readonly https?: boolean | Pick<HttpsOptions, 'platform'>
  /** Accepted methods; others get 405. Default GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS. */
  readonly methods?: readonly string[] | false
  /** How large url, query and headers may be; see `limitRequests`. Default on. */
  readonly limits?: RequestLimits | false
  /**
   * Rate limits; see `rateLimit`. With a stored session in the same Redis all of it is one request there:
   * the session is then read whether the handler asks for it or not. Default none.
   */
  readonly rateLimit?: RateLimitOptions<Context>
  /**
   * The access rules; see `access`. Path and address are checked first, the session after it was
   * opened. Default none: routes guard themselves.
   */
  readonly access?: AccessOptions<Data, Context>
  /**
   * Limits on what GraphQL may ask for: `{ path: '/graphql', guard: graphqlGuard({ ... }) }` of `portcullis/graphql`, whose functions
   * find the session on the context. Default none.
   */
  readonly graphql?: GraphqlStep
  /** The maximum size and the types of bodies; see `limitBodies`. Default 10 MB of any type. */
  readonly body?: Omit<BodyOptions, 'onEvent'> | false
  /**
   * Receives the events of every step and of everything behind the stack that handles the same request: sessions, guards of
   * single routes, logins. A step with an `onEvent` of its own tells both, once each. Default none.
   */
  readonly onEvent?: Emit
  /** Makes audit records of these events: `auditTrail(sinks)` of `portcullis/monitor`. Default none. */
  readonly audit?: AuditTrail
  /**
   * The platform in front, which vouches for the client's address, for audit records. Default
   * `'none'`: records have no address.
   */
  readonly platform?: Platform
  /** Where requests that change something may come from; see `csrf`. Default: our own origin only. */
  readonly csrf?: Omit<CsrfOptions, 'token'> | false
  /** Answers what a step of the stack throws; what handlers throw is `app.onError`'s. Default `errorPage()`. */
  readonly onError?: ErrorHandler
  /**
   * The look and the languages of the pages of every step, and of what `errorPage()` answers behind it: `pages({ ... })` of
   * `portcullis/page`. Default: plain, in English.
   */
  readonly pages?: PageTemplate
}

/**
 * Every guard in its order, for `new Hono().use(portcullis({ session }))`. Register it first, and with it
 * `app.onError(errorPage())` and `app.notFound(notFoundPage())`.
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
    issues.add('requestIdHeader', 'must be the name of a header')
  }

  if (publicOrigin !== undefined) return
  if (hosts !== undefined) issues.add('hosts', 'needs publicOrigin')
  if (https !== false) issues.add('https', 'needs publicOrigin')
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
  issues.add('pages', 'must be pages({ ... }) of portcullis/page')
  return undefined
}

function validateAudit(auditOption: unknown, issues: Issues): AuditTrail | undefined {
  if (auditOption === undefined) return undefined
  if (typeof (auditOption as Partial<AuditTrail>)?.record === 'function')
    return auditOption as AuditTrail

  issues.add('audit', 'must be auditTrail(...) of portcullis/monitor')

  return undefined
}

/** One request on its way through the steps. */
interface StackRun {
  readonly steps: readonly MiddlewareHandler[]
  readonly c: Context
  readonly next: Next
  readonly onError: ErrorHandler
}

/**
 * Runs the steps as Hono runs middleware: a response ends the run, and what a step throws becomes a response before the
 * steps around it see it. Otherwise an error page would be sent without security headers.
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
