/** Names what a route lets its upstream do to the session. */

/**
 * What an upstream may do to the session of a visitor through the session protocol. `set` covers `set`, `unset`, `incr`
 * and `flash`; `end` this session or one other of the same user; `endAll` all of this user, or all others. `list` tells it
 * the sessions of who is signed in, in the request header `Portcullis-Sessions`; `flash` gives it the messages that wait, in
 * `Portcullis-Flash`: each goes along once, with the next request of such a route. `endAny` ends all sessions of any user it
 * names: for the pages of administrators. `list`, `endAll` and `endAny` need stored sessions, the last two at
 * least a revocation.
 */
export type SessionVerb = 'start' | 'set' | 'end' | 'endAll' | 'endAny' | 'list' | 'flash'

/** The part of a route that grants verbs to its upstream. */
export interface SessionGrants {
  /** Verbs that the upstream of this route may use. Absent: none. */
  readonly sessions?: readonly SessionVerb[] | undefined
  /** Grants `start`, `endAll` and `endAny` on GET too. Default false. */
  readonly startOnGet?: boolean | undefined
}
