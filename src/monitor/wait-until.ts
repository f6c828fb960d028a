/**
 * Keeps work going after the response, where the platform can. `requestLog()` calls it. Without a
 * platform the work runs as long as the process does.
 */

/** A Hono Context, as far as it is needed; its `executionCtx` throws where the platform has none. */
interface WaitContext {
  readonly executionCtx: { waitUntil(promise: Promise<unknown>): void }
}

/** Passes a promise to the platform. Without a platform it runs as long as the process does. */
export function waitUntil(c: WaitContext, promise: Promise<unknown>): void {
  try {
    c.executionCtx.waitUntil(promise)
  } catch {
    // Node, Deno and Bun wait for everything anyway.
  }
}
