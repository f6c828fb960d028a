/** One line of the route table: what a gateway is told of a path. */
import type { RouteCache } from './cache.ts'
import type { RouteThrottle } from './judge-throttle.ts'

/** Methods a route may list. `GET` stands for `HEAD` too. */
export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS'

/**
 * What an upstream may do to the session of a visitor through the session protocol. `set` covers `set`, `unset`, `incr`
 * and `flash`; `end` this session or one other of the same user; `endAll` all of this user, or all others. `list` tells it
 * the sessions of who is signed in, in the request header `Portcullis-Sessions`. `endAny` ends all sessions of any user it
 * names: for the pages of administrators. The last three need stored sessions, `endAll` and `endAny` at least a
 * revocation.
 */
export type SessionVerb = 'start' | 'set' | 'end' | 'endAll' | 'endAny' | 'list'

/**
 * Who may pass: everybody; whoever is signed in; whoever is signed in and has one of these roles (see
 * `roles` of the gateway). A session that no `start` made, such as a visit counter's, is not signed in.
 */
export type Access = 'public' | 'session' | { readonly role: string | readonly string[] }

/** One line of the route table. */
export interface Route<N extends string = string> {
  /**
   * An exact path (`/login`) or a prefix (`/admin/*`, which is `/admin` too), in canonical form. Where `access` is not
   * `'public'` it matches without letter case, a slash at the end, and dots or spaces at the end of a segment: upstreams
   * differ in what they take for the same path.
   */
  readonly path: string
  /** Default: every known method. `GET` includes `HEAD`. */
  readonly methods?: readonly Method[]
  /** Name of the upstream. */
  readonly to: N
  /** Default `'session'`; a gateway without `session` must say `'public'`. */
  readonly access?: Access
  /** Which verbs of the session protocol this route grants. Default none. */
  readonly sessions?: readonly SessionVerb[]
  /**
   * Grants `start`, `endAll` and `endAny` on GET too, for the callback of a login elsewhere. A link may then log somebody in: the
   * upstream must bind what it accepts to the browser (OAuth's `state`). Default false.
   */
  readonly startOnGet?: boolean
  /**
   * Takes the path as it is written although the route is guarded or a login. Only where the upstream tells `/admin` from
   * `/Admin` and `/admin/`: else those spellings go past the guard, to whatever route takes them. Default false.
   */
  readonly caseSensitive?: boolean
  /**
   * Whether requests that may change something can come from elsewhere. Default: only from the public origin, and from
   * `trustedOrigins` of the gateway. `{ trustedOrigins }` adds some for this route, such as the page a payment comes back
   * from. `false` leaves the check out, for requests that no browser's cookies make: a webhook that signs its own.
   */
  readonly csrf?: false | { readonly trustedOrigins: readonly string[] }
  /** Milliseconds until the first byte, instead of the upstream's. */
  readonly timeoutMs?: number
  /**
   * Whether a request is made once more where the upstream refused or reset before it answered. Default true: GET, HEAD and
   * OPTIONS without a body. `'idempotency-key'`: also PUT and DELETE without a body that carry that header, for an upstream
   * that knows it. `false`: never. Logins and upgrades never are.
   */
  readonly retry?: boolean | 'idempotency-key'
  /**
   * Seconds after which a WebSocket or a stream of events (`text/event-stream`) is closed; clients reconnect and are judged
   * anew. Never later than the session's absolute end. Default 3,600, at most 86,400; `false`: at that end only.
   */
  readonly maxSocketSeconds?: number | false
  /** Keeps answers that are the same for everybody: `publicCache({ maxAge: 60 })`. Default off. */
  readonly cache?: RouteCache | false
  /**
   * Bytes of a body: one that says it is longer gets 413 before it is read, any other is counted while it streams, and the
   * upstream is left at the first byte too many. Default 10,485,760 (10 MB); 0 takes none.
   */
  readonly maxBodyBytes?: number
  /** Types of bodies that are taken, such as `['application/json', 'image/*']`; others, and none, get 415. Default: all. */
  readonly contentTypes?: readonly string[]
  /** Makes it a login: tries are counted before the upstream sees them. Its path then matches as a guarded one does. */
  readonly throttle?: RouteThrottle
}
