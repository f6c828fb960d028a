/**
 * Runs a Hono middleware around a response that another framework creates. The handlers for Express
 * and Fastify in `node/` create a runner and call it for each request. It rejects with the error
 * that the middleware throws, or with that of `respond`.
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
  /** Continues work after the response. */
  waitUntil(promise: Promise<unknown>): void
  /** Creates the response. It is called once, if the middleware calls `next`. */
  respond(c: Context): Promise<Response>
}

/** Creates the function that runs a middleware. It rejects with the error of the middleware. */
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
