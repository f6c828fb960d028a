/**
 * Steps of the stack that belong to no other module: `requestId()` and `canonicalPaths()`.
 * `portcullis()` and applications call them. A path that is not canonical is redirected to its
 * canonical form or rejected with 400.
 */

import type { MiddlewareHandler } from 'hono'
import { randomId } from '../crypto/random.ts'
import { emitEvent } from '../events.ts'
import { errorResponse } from '../page/error-response.ts'
import { canonicalPath } from '../request/path/path.ts'
import { isRequestId } from '../request/request-id.ts'

/** The context variables of {@link requestId}. */
export type RequestIdEnv = { Variables: { requestId: string } }

/**
 * Gives each request a random id of 128 bits as `c.var.requestId`; one that a client sends is not believed.
 *
 * @param headerName - in which something of yours in front names each request, such as `cf-ray`: what is 8 to 64 letters, digits,
 *   `-` and `_` is taken. Only a header that clients cannot set.
 */
export function requestId(headerName?: string): MiddlewareHandler<RequestIdEnv> {
  return async function requestId(c, next) {
    const headerValue = headerName === undefined ? null : c.req.raw.headers.get(headerName)
    c.set('requestId', isRequestId(headerValue) ? headerValue : randomId())
    await next()
  }
}

/**
 * Lets only canonical paths pass. What a router, a guard or an upstream could read differently (`/a/%2e%2e/b`, `//b`,
 * `/%62`) is sent to its canonical spelling where that is certain and nothing is lost, and refused with 400 elsewhere.
 */
export function canonicalPaths(): MiddlewareHandler {
  return async function canonicalPaths(c, next) {
    const { raw: rawRequest } = c.req
    const canonical = canonicalPath(rawRequest.url)
    if (canonical.ok) return next()
    const isRead = rawRequest.method === 'GET' || rawRequest.method === 'HEAD'
    if (!isRead || canonical.redirect === undefined) {
      emitEvent(undefined, { type: 'request-refused', reason: canonical.reason }, c)
      return errorResponse(canonical.reason, rawRequest, { requestId: c.get('requestId') })
    }

    return new Response(null, {
      status: 308,
      headers: { location: canonical.redirect, 'cache-control': 'no-store' },
    })
  }
}
