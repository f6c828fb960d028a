/**
 * Defines the order in which a request passes through the steps of `portcullis()`: cheap checks
 * without I/O first, and steps that change every response outermost. `portcullis()` creates its
 * steps in this order, and tests compare the gateway's phases with it. It is only a list, so
 * nothing can fail here; a step that is missing in `portcullis.ts` does not compile.
 */

/**
 * The steps in order. Each may respond in place of the steps after it, and every response passes
 * back through the steps before it.
 *
 * - `requestId`: names the request, so that a user who reports the id of an error page helps to
 *   find its log line.
 * - `requestLog`: logs every response as it is sent, rejections included.
 * - `headers`: sets security headers on every response.
 * - `path`: rejects paths that guards, router and upstream could read differently.
 * - `host`: rejects hosts that this server does not serve.
 * - `https`: redirects or rejects plain http.
 * - `methods`: rejects TRACE and unknown methods.
 * - `limits`: rejects a URL or headers that are too large, before they are parsed.
 * - `device`: responds to browsers with a bound session, before any step that could reject them.
 * - `addresses`: applies `access` to path and client address, which needs no I/O.
 * - `csrf`: rejects requests of other sites that change something.
 * - `body`: counts the body while it is read, and rejects one that is too long.
 * - `rateLimit`: counts the request, in one request to Redis that also reads the session.
 * - `session`: sets `c.var.session`, and writes its changes to the final response.
 * - `access`: applies `access` to the session, its roles, claims and age.
 * - `graphql`: limits GraphQL requests, once the session is known.
 */
export const order = [
  'requestId',
  'requestLog',
  'headers',
  'path',
  'host',
  'https',
  'methods',
  'limits',
  'device',
  'addresses',
  'csrf',
  'body',
  'rateLimit',
  'session',
  'access',
  'graphql',
] as const

/** The name of a step. */
export type Step = (typeof order)[number]
