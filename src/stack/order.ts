/**
 * Lists the order in which a request passes through the stack: cheapest and purest first, what
 * wraps every response outermost. `portcullis.ts` creates its steps in this order, and tests
 * compare the gateway with it. Nothing else runs here.
 */

/**
 * Each step may respond in place of the steps after it; every response passes back through the steps before it.
 *
 * - `requestId`: names the request, so that the log line of a page that a client saw can be found.
 * - `requestLog`: logs every response as it is sent, rejections included.
 * - `headers`: sets security headers on every response.
 * - `path`: rejects paths that guards, router and upstream could read differently.
 * - `host`: rejects hosts that this server does not answer for.
 * - `https`: redirects or rejects plain http.
 * - `methods`: rejects TRACE and unknown methods.
 * - `limits`: rejects a head that is too large, before it is parsed.
 * - `device`: answers browsers that keep a bound session, before any step that could reject them.
 * - `addresses`: applies `access` to path and client address, which needs no I/O.
 * - `csrf`: rejects requests of other sites that change something.
 * - `body`: counts the body while it is read, and rejects one that is too long.
 * - `rateLimit`: counts the request, in one request to Redis that also reads the session.
 * - `session`: sets `c.var.session`, and flushes it to the final response.
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

/** Name of a step. */
export type Step = (typeof order)[number]
