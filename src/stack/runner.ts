/**
 * Runs a middleware around a response that another framework makes; the handlers of Express and Fastify in `node/` call it.
 */
import { type Context, Hono, type MiddlewareHandler } from 'hono'

/** A middleware with these variables. */
export type RunnableMiddleware<Variables extends object> = MiddlewareHandler<{
  Variables: Variables
}>

/** One request for {@link createMiddlewareRunner}. */
export interface MiddlewareRun {
  readonly request: Request
  /** The environment, as `c.env`. */
  readonly env: unknown
  /** Keeps work going after the response. */
  waitUntil(promise: Promise<unknown>): void
  /** Makes the response; called once, if the middleware calls `next`. */
  respond(c: Context): Promise<Response>
}

/** Creates the function that runs a middleware. It rejects with what the middleware throws. */
export function createMiddlewareRunner<Variables extends object>(
  middleware: RunnableMiddleware<Variables>,
): (run: MiddlewareRun) => Promise<Response> {
  const app = new Hono()
    .onError((error) => {
      throw error
    })
    .use(middleware as MiddlewareHandler)
    .all('*', (c) => (c.executionCtx as unknown as MiddlewareRun).respond(c))

  return async (run) => {
    const context = {
      waitUntil: (promise: Promise<unknown>) => run.waitUntil(promise),
      passThroughOnException: () => undefined,
      respond: (c: Context) => run.respond(c),
      props: {},
    }
    return app.fetch(run.request, run.env as object, context)
  }
}
