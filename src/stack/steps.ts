/**
 * Creates two small steps of `portcullis()`: `requestId()`, which names each request, and
 * `canonicalPaths()`, which rejects paths that programs could read differently. `portcullis()` and
 * applications call them. Neither throws. A GET or HEAD request with a path that is not canonical
 * is redirected with 308 where its canonical form is certain; any other one is rejected with 400.
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
 * Gives each request a random id of 128 bits as `c.var.requestId`. An id that a client sends is not
 * used.
 *
 * @param headerName - the header in which your own proxy names each request, such as `cf-ray`. A
 *   value of 8 to 64 letters, digits, `-` and `_` is used as the id. Only name a header that
 *   clients cannot set.
 */
export function requestId(headerName?: string): MiddlewareHandler<RequestIdEnv> {
  return async function requestId(c, next) {
    const headerValue = headerName === undefined ? null : c.req.raw.headers.get(headerName)
    c.set('requestId', isRequestId(headerValue) ? headerValue : randomId())
    await next()
  }
}

/**
 * Allows only canonical paths. A path that a router, a guard or an upstream could read differently
 * (`/a/%2e%2e/b`, `//b`, `/%62`) is redirected to its canonical form where that is certain and
 * nothing is lost, and rejected with 400 otherwise.
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
