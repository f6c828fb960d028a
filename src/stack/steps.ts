/** The steps of the stack that have no room of their own. */

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
 * @param header - in which something of yours in front names each request, such as `cf-ray`: what is 8 to 64 letters, digits,
 *   `-` and `_` is taken. Only a header that clients cannot set.
 */
export function requestId(header?: string): MiddlewareHandler<RequestIdEnv> {
  return async function requestId(c, next) {
    const said = header === undefined ? null : c.req.raw.headers.get(header)
    c.set('requestId', isRequestId(said) ? said : randomId())
    await next()
  }
}

/**
 * Lets only canonical paths pass. What a router, a guard or an upstream could read differently (`/a/%2e%2e/b`, `//b`,
 * `/%62`) is sent to its canonical spelling where that is certain and nothing is lost, and refused with 400 elsewhere.
 */
export function canonicalPaths(): MiddlewareHandler {
  return async function canonicalPaths(c, next) {
    const { raw } = c.req
    const path = canonicalPath(raw.url)
    if (path.ok) return next()
    const safe = raw.method === 'GET' || raw.method === 'HEAD'
    if (!safe || path.redirect === undefined) {
      emitEvent(undefined, { type: 'request-refused', reason: path.reason }, c)
      return errorResponse(path.reason, raw, { requestId: c.get('requestId') })
    }

    return new Response(null, {
      status: 308,
      headers: { location: path.redirect, 'cache-control': 'no-store' },
    })
  }
}
