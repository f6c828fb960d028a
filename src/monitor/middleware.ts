/**
 * Hono middleware that logs each request: `requestLog()`. Applications call it while building,
 * which throws a `ConfigError` for wrong options. It never changes whether a request succeeds.
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
   * The platform in front, which vouches for the address of a client. Default `'none'`: lines have
   * no address.
   */
  readonly platform?: Platform
  /** Now; for tests. Default `Date.now`. */
  readonly clock?: Clock
}

/**
 * The context variables of {@link requestLog}: handlers may record what they know, such as
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

    c.res = undefined // else Hono copies the headers of the old response into the new one
    c.res = response
  }
}
