/**
 * Keeps asynchronous work running after the response was sent, by `executionCtx.waitUntil` of the
 * platform. `requestLog()` calls it for logs and exports. Without such a platform it does nothing,
 * and the work runs as long as the process does. It throws nothing and does not handle a rejection
 * of the promise: the caller must.
 */

/**
 * The part of a Hono Context that is used. Its `executionCtx` throws where the platform has none.
 */
interface WaitContext {
  readonly executionCtx: { waitUntil(promise: Promise<unknown>): void }
}

/** Passes a promise to the platform's `waitUntil`, if it has one. */
export function waitUntil(c: WaitContext, promise: Promise<unknown>): void {
  try {
    c.executionCtx.waitUntil(promise)
  } catch {
    // The platform has no `waitUntil`: Node, Deno and Bun continue the work anyway.
  }
}
