/**
 * Names the verbs by which a route lets its upstream change the session. Routes, `proxy()` and
 * `apply.ts` use the list. Nothing else runs here.
 */

/**
 * A permission of an upstream to use the visitor's session through the session protocol. `set`
 * covers `set`, `unset`, `incr` and `flash`; `end` covers this session or one other of the same
 * user; `endAll` all of this user, or all others. `list` sends the sessions of the signed-in user
 * in the request header `Portcullis-Sessions`; `flash` sends the waiting messages in
 * `Portcullis-Flash`, each once, with the next request of such a route. `endAny` ends all sessions
 * of any user it names: for the pages of administrators. `list`, `endAll` and `endAny` need stored
 * sessions, the last two at least a revocation.
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
  /** Verbs that the upstream of this route may use. Absent: none. */
  readonly sessions?: readonly SessionVerb[] | undefined
  /** Grants `start`, `endAll` and `endAny` on GET too. Default false. */
  readonly startOnGet?: boolean | undefined
}
