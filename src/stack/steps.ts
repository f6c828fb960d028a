/** The steps of the stack that have no room of their own. */
import type { MiddlewareHandler } from 'hono'
import { randomId } from '../crypto/random.ts'
import { refusal } from '../page/refusal.ts'
import { canonicalPath } from '../request/path.ts'

/** What {@link requestId} puts on the context. */
export type RequestIdEnv = { Variables: { requestId: string } }

/** Gives each request a random id of 128 bits as `c.var.requestId`; one that a client sends is not believed. */
export function requestId(): MiddlewareHandler<RequestIdEnv> {
  return async function requestId(c, next) {
    c.set('requestId', randomId())
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
    if (!safe || path.redirect === undefined) return refusal(path.reason, raw, { requestId: c.get('requestId') })
    return new Response(null, { status: 308, headers: { location: path.redirect, 'cache-control': 'no-store' } })
  }
}
