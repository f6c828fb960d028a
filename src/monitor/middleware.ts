/**
 * Creates the Hono middleware `requestLog()`, which measures each request and passes one line about
 * it to the application's log, analytics and telemetry. Applications call it, and `portcullis()`
 * for its option `monitor`. Wrong options throw a `ConfigError` while building. At a request,
 * errors of the log or of analytics are swallowed and never change the response. Without a
 * `platform`, lines have no client address.
 */
import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import { isPortcullisError } from '../errors.ts'
import { createIssues } from '../options/index.ts'
import { checkPlatform, clientAddress, type Platform } from '../request/address/address.ts'
import type { Clock } from '../types.ts'
import type { RequestMetrics } from './line.ts'
import { type MonitorOptions, monitor } from './monitor.ts'
import { waitUntil } from './wait-until.ts'

/** Options of {@link requestLog}. */
export interface RequestLogOptions extends MonitorOptions {
  /**
   * The platform in front of the application, which sets the header with the client's address.
   * Default `'none'`: lines have no address.
   */
  readonly platform?: Platform
  /** Returns the current time in ms, for tests. Default `Date.now`. */
  readonly clock?: Clock
}

/**
 * The context variables of {@link requestLog}. Handlers may add facts to the line, such as
 * `session` or `cache`.
 */
export type RequestLogEnv = { Variables: { requestLog: RequestMetrics } }

/**
 * Logs every request with its response. Register it before all other middleware except `requestId()`.
 *
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 * @example
 * app.use(requestId())
 * app.use(requestLog({ log: (line) => console.log(JSON.stringify(line)), platform: 'cloudflare' }))
 */
export function requestLog(options: RequestLogOptions): MiddlewareHandler<RequestLogEnv> {
  const { platform, clock = Date.now, ...monitorOptions } = options ?? {}
  const issues = createIssues('requestLog')
  const checkedPlatform = checkPlatform(platform, issues, 'none')

  if (typeof clock !== 'function') issues.add('clock', 'must be a function')
  issues.throwIfAny()

  const { begin, end } = monitor(monitorOptions)

  return async function requestLog(c, next) {
    const { raw: rawRequest } = c.req
    const metrics = begin(rawRequest.headers, clock())
    c.set('requestLog', metrics)
    await next()
    metrics.route ??= routePath(c, -1)
    if (isPortcullisError(c.error)) metrics.code ??= c.error.code

    const requestId: unknown = c.get('requestId' as never)
    const response = end(metrics, c.res, {
      request: rawRequest,
      requestId: typeof requestId === 'string' ? requestId : '',
      address: clientAddress(rawRequest.headers, checkedPlatform),
      env: c.env,
      left: rawRequest.signal.aborted,
      endedAt: clock(),
      waitUntil: (promise) => waitUntil(c, promise),
    })

    if (response === c.res) return

    c.res = undefined // otherwise Hono copies the headers of the old response into the new one
    c.res = response
  }
}
