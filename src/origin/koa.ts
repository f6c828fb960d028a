/**
 * Connects the origin helper to Koa: sets `ctx.state.portcullis`. `createOrigin().koa()` in
 * `origin.ts` creates the middleware.
 *
 * A request whose assertion is not valid (`ERR_ASSERTION_INVALID`) is answered with 401 and reaches no
 * handler; any other error is thrown, such as keys that cannot be fetched. A request without an
 * assertion passes, with a session whose `user` is undefined.
 */
import { isPortcullisError } from '../errors.ts'
import type { OpenSession } from './express.ts'

/** The part of a Koa context that the middleware uses. */
export interface KoaContextLike {
  /** `state.portcullis` is the session, from the middleware on. */
  // biome-ignore lint/suspicious/noExplicitAny: Koa's own type of state is any.
  readonly state: any
  /** Whether the head is on its way. */
  readonly headerSent: boolean
  /** Status of the response. */
  status: number
  /** Body of the response. */
  body: unknown
  /** A request header, or the empty string. */
  get(headerName: string): string
  /** Sets a header of the response. */
  set(headerName: string, headerValue: string): void
}

/** Middleware as Koa calls it. */
export type KoaMiddleware = (context: KoaContextLike, next: () => Promise<unknown>) => Promise<void>

/** Middleware that puts the session on `ctx.state`. A forged assertion is answered with 401 and reaches no handler. */
export function createKoa(open: OpenSession): KoaMiddleware {
  return async function portcullis(context, next) {
    try {
      context.state.portcullis = await open({
        read: (headerName) => context.get(headerName) || undefined,
        write(headerName, headerValue): void {
          context.set(headerName, headerValue)
        },
        isSent: () => context.headerSent,
      })
    } catch (error) {
      if (!isPortcullisError(error, 'ERR_ASSERTION_INVALID')) throw error
      context.status = 401
      context.body = 'The assertion of this request is not valid.\n'

      return
    }
    await next()
  }
}
