/**
 * Puts a session's cookies on the final response, and tells caches not to share it. The middleware
 * and the handle call it. It rejects where the pending changes cannot be written, and with
 * `ERR_SESSION_CLOSED` for a cookie on a 101.
 */
import { replaceSetCookie } from '../../cookie/set-cookie.ts'
import { PortcullisError } from '../../errors.ts'
import { type ChangeableHeaders, findHeaders } from '../../request/tracked-headers.ts'
import type { Emit, OutgoingCookie } from '../../types.ts'
import type { FlushableHandle } from '../core/types.ts'
import { keepPrivate, neverStore, varyByCookie } from './caching.ts'

/** How a request used its session. */
export interface SessionOutcome {
  readonly cookies: readonly OutgoingCookie[]
  /** True if the request read its session cookie. */
  readonly wasRead: boolean
  /** True if the session held data, so that the response may contain it. */
  readonly isPersonal: boolean
}

/**
 * Puts a session's cookies and cache headers on a response, or on a copy of it where its headers cannot be changed (the
 * response of a raw `fetch`, `Response.redirect`, a cached response). The body is passed on, not read.
 *
 * @throws {PortcullisError} `ERR_SESSION_CLOSED` for a cookie on a 101, whose headers browsers ignore.
 */
export function finishResponse(
  response: Response,
  outcome: SessionOutcome,
  emit: Emit | undefined,
): Response {
  const isUpgrade = response.status === 101
  if (outcome.cookies.length === 0 && (isUpgrade || !outcome.wasRead)) return response
  if (isUpgrade) {
    throw new PortcullisError(
      'ERR_SESSION_CLOSED',
      'The response to an upgrade cannot set a cookie',
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
 * Settles the session on the context's response. If writing fails, the error page still carries what was committed. Returns
 * undefined where nothing is written: then there is nothing to wait for.
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
