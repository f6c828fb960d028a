/**
 * Names the verbs of the session protocol, by which a route allows its upstream to read or change the session. The
 * routes of the gateway, the options of `proxy()`, forwarding and `apply.ts` use the types and the list; unknown verbs
 * are rejected there. This file holds one list and no functions.
 */

/**
 * A permission of an upstream to use the visitor's session through the session protocol.
 *
 * - `start` starts a session.
 * - `set` changes data, by `set`, `unset`, `incr` and `flash`.
 * - `end` ends this session, or another session of the same user.
 * - `endAll` ends all sessions of this user, or all others.
 * - `endAny` ends all sessions of any user that the upstream names, for pages of administrators.
 * - `list` sends the sessions of the signed-in user in the request header `Portcullis-Sessions`.
 * - `flash` sends waiting messages in `Portcullis-Flash`, each once, with the next request of such a route.
 *
 * `list` needs stored sessions. `endAll` and `endAny` need stored sessions or a revocation.
 */
export type SessionVerb = 'start' | 'set' | 'end' | 'endAll' | 'endAny' | 'list' | 'flash'

/** Every verb, in the order in which messages list them. */
export const sessionVerbs: readonly SessionVerb[] = [
  'start',
  'set',
  'end',
  'endAll',
  'endAny',
  'list',
  'flash',
]

/** The part of a route that grants verbs to its upstream. */
export interface SessionGrants {
  /** Verbs that the upstream of this route may use. Default none. */
  readonly sessions?: readonly SessionVerb[] | undefined
  /** Grants `start`, `endAll` and `endAny` on GET too. Default false. */
  readonly startOnGet?: boolean | undefined
}
