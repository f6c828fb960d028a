/**
 * Lists the order in which a request passes through the stack: cheapest and purest first, what
 * wraps every response outermost. `portcullis.ts` creates its steps in this order, and tests
 * compare the gateway with it. Nothing else runs here.
 */

/**
 * Each step may answer instead of the ones behind it; every answer passes back through the ones before it.
 *
 * - `requestId`: names the request, so that a page a client saw can be found in the log.
 * - `requestLog`: sees every answer as it leaves, and what was refused on the way.
 * - `headers`: security headers on every answer.
 * - `path`: one reading of the path for guards, router and upstream, before anybody reads it.
 * - `host`: only names we answer for, before a host is taken for ours.
 * - `https`: nobody goes on in the clear.
 * - `methods`: no TRACE, nothing unheard of.
 * - `limits`: no head larger than any honest one's, before anybody parses it.
 * - `device`: what a browser asks to keep a bound session, before anything that could refuse it.
 * - `addresses`: what `access` says of path and client address, before anything is asked of anybody.
 * - `csrf`: requests that change something come from our own pages.
 * - `body`: counted from here on, whoever reads it.
 * - `rateLimit`: how often, counted by one request to Redis, which takes the session's read along.
 * - `session`: `c.var.session`, settled on the final response.
 * - `access`: what it says of the session, its roles, claims and age.
 * - `graphql`: how much a request may ask for, once it is known who asks.
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
