/**
 * Adds a session's cookies and cache headers to the final response. `handle.ts` calls `finishResponse`,
 * and the middleware calls `flushSession` after the handlers.
 *
 * It rejects with the error of the pending write, after the error page got the changes that were
 * committed before; a cookie on a response with status 101 throws `ERR_SESSION_CLOSED`. A response whose
 * headers cannot be changed is copied; its body is passed on, not read.
 */
import { replaceSetCookie } from '../../cookie/set-cookie.ts'
import { PortcullisError } from '../../errors.ts'
import { type ChangeableHeaders, findHeaders, findStatus } from '../../request/tracked-headers.ts'
import type { Emit, OutgoingCookie } from '../../types.ts'
import type { FlushableHandle } from '../core/types.ts'
import { keepPrivate, neverStore, varyByCookie } from './caching.ts'

/** The outcome of the request's session, which the response must reflect. */
export interface SessionOutcome {
  readonly cookies: readonly OutgoingCookie[]
  /** True if the request read its session cookie. */
  readonly wasRead: boolean
  /** True if the session held data, so that the response may contain it. */
  readonly isPersonal: boolean
}

/**
 * Adds a session's cookies and cache headers to a response, or to a copy of it if its headers cannot be changed (the
 * response of a raw `fetch`, `Response.redirect`, a cached response).
 *
 * @throws {PortcullisError} `ERR_SESSION_CLOSED` for a cookie on a 101 response, whose headers browsers ignore.
 */
export function finishResponse(
  response: Response,
  outcome: SessionOutcome,
  emit: Emit | undefined,
): Response {
  const isUpgrade = findStatus(response) === 101
  if (outcome.cookies.length === 0 && (isUpgrade || !outcome.wasRead)) return response

  if (isUpgrade) {
    throw new PortcullisError(
      'ERR_SESSION_CLOSED',
      'A 101 response cannot set a cookie: change the session earlier',
    )
  }

  try {
    markHeaders(findHeaders(response), outcome, emit)
    return response
  } catch (error) {
    // Headers that cannot be changed throw at the first change, so none has been made.
    if (!(error instanceof TypeError)) throw error

    const copy = new Response(response.body, response)
    markHeaders(copy.headers, outcome, emit)
    return copy
  }
}

/** The part of a Hono Context that holds the response. */
export interface FlushContext {
  get res(): Response
  set res(response: Response | undefined)
  /** The error that the handler threw. */
  readonly error: Error | undefined
}

/**
 * Writes the session's changes and adds its cookies to the context's response. If the write fails, the error page still
 * gets the changes that were committed before. Returns undefined if there is nothing to wait for.
 */
export function flushSession(
  c: FlushContext,
  handle: FlushableHandle<object>,
): Promise<void> | undefined {
  const finish = (response: Response): undefined => replaceResponse(c, response)
  const flushResult = handle.flush(c.res, { failed: c.error !== undefined })

  return flushResult instanceof Promise
    ? flushResult.then(finish, async (error) => {
        finish(await handle.flush(c.res, { failed: true }))
        throw error
      })
    : finish(flushResult)
}

function replaceResponse(c: FlushContext, response: Response): undefined {
  if (response === c.res) return

  // Hono would copy the headers of the old response into the new one.
  c.res = undefined
  c.res = response
}

function markHeaders(
  headers: ChangeableHeaders,
  { cookies, isPersonal }: SessionOutcome,
  emit: Emit | undefined,
): void {
  varyByCookie(headers)
  for (const cookie of cookies) replaceSetCookie(headers, cookie)

  if (cookies.length > 0) neverStore(headers)
  else if (isPersonal && keepPrivate(headers)) emit?.({ type: 'cacheable-personal-response' })
}
