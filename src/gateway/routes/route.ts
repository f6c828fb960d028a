/**
 * Defines a route: one line of the route table, with its options. Applications write routes in their
 * configuration, `validate-routes.ts` validates and compiles them, and `table.ts`, the phases, the
 * throttle and the review use the type. The file holds types only. A route whose options contradict each
 * other is reported by `validate-routes.ts`.
 */

import type { AccessRule } from '../../access/index.ts'
import type { GraphqlRoute } from '../../graphql/route.ts'
import type { HeaderOptions, Preset } from '../../headers/index.ts'
import type { LimitedContext, LimitGate } from '../../limit/gate.ts'
import type { RouteCache } from '../../proxy/cache/public-cache.ts'
import type { SessionVerb } from '../../session-protocol/grants.ts'
import type { RouteThrottle } from '../throttle/types.ts'

/** Methods that a route may list. `GET` includes `HEAD`. */
export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS'

export type { SessionVerb } from '../../session-protocol/grants.ts'

/**
 * The access rule of a route: `'public'` for everybody, `'session'` for signed-in users, or an object.
 * A client must match every member of the object: `role` (see `roles` of the gateway), `claim`,
 * `address`, `fresh`. A session that was not started by `start`, such as that of a visit counter, is
 * not signed in. A client without a session, or with one that is too old, gets 401, or a redirect to
 * `signIn` for a navigation. Other denied clients get 403.
 */
export type Access<Data = object> = AccessRule<Data>

/** One line of the route table. */
export interface Route<N extends string = string, Data = object> {
  /**
   * A host without a port: `api.example.com`, or `*.example.com` for every name one label below it. The gateway must
   * serve it, as the host of the public origin or one of `hosts`. Redirects, forms and `X-Forwarded-Host` then use the
   * host of the request. Default: any host.
   */
  readonly host?: string
  /**
   * An exact path (`/login`) or a prefix (`/admin/*`, which also matches `/admin`), in canonical form. If `access` is
   * not `'public'`, and with `throttle`, `limit` or `graphql`, the match ignores letter case, a slash at the end, and
   * dots or spaces at the end of a segment, since upstreams differ in which spellings they accept. The guards of the
   * route also hold for aliases of the page, such as `/login.json`, in addition to the guards of the route that matches
   * the alias.
   */
  readonly path: string
  /** Default: every known method. `GET` includes `HEAD`. */
  readonly methods?: readonly Method[]
  /** Name of the upstream. */
  readonly to: N
  /** The access rule. Default `'session'`. A gateway without the option `session` needs `'public'` here. */
  readonly access?: Access<Data>
  /**
   * Hides the client's identity from the upstream: it gets neither nonce nor assertion. If `access`
   * needs no session, none is opened, and the response stays cacheable. For style sheets and
   * images. Default false.
   */
  readonly anonymous?: boolean
  /** Verbs of the session protocol that the upstream may use in responses of this route. Default none. */
  readonly sessions?: readonly SessionVerb[]
  /**
   * Grants `start`, `endAll` and `endAny` on GET too, for the callback of a login at another site. A
   * link may then sign a user in, so the upstream must bind the login to the browser (OAuth's `state`).
   * Default false.
   */
  readonly startOnGet?: boolean
  /**
   * Matches the path only as it is written, although the route is guarded or a login. Set it only if the upstream does
   * not serve the page under `/Admin` or `/admin/`: those spellings bypass the guard and go to the route that matches
   * them. Default false.
   */
  readonly caseSensitive?: boolean
  /**
   * Origins from which requests may change data. Default: only the public origin and `trustedOrigins` of the gateway.
   * `{ trustedOrigins }` adds origins for this route, such as that of a payment page. `false` turns the check off, for
   * requests that are not authorized by cookies, such as a webhook with a signature.
   */
  readonly csrf?: false | { readonly trustedOrigins: readonly string[] }
  /** Milliseconds until the first byte of a response. Default: `timeoutMs` of the upstream. */
  readonly timeoutMs?: number
  /**
   * Whether a request is sent once more if the upstream refuses or resets the connection before it responds. `true`
   * (default): GET, HEAD and OPTIONS without a body. `'idempotency-key'`: also PUT and DELETE without a body that have
   * the header `Idempotency-Key`, for an upstream that supports it. `false`: never. Logins and upgrades are never sent
   * again.
   */
  readonly retry?: boolean | 'idempotency-key'
  /**
   * Seconds after which a WebSocket or a stream of events (`text/event-stream`) is closed. Clients
   * reconnect, and access is checked again. It is closed at the absolute end of the session at the
   * latest. Default 3,600, at most 86,400; `false` closes it only at that end.
   */
  readonly maxSocketSeconds?: number | false
  /**
   * Caches responses that are the same for every client: `publicCache({ maxAge: 60 })`. Default
   * off.
   */
  readonly cache?: RouteCache | false
  /**
   * Maximum bytes of a request body. A longer Content-Length gets 413 before the body is read. A body
   * without Content-Length is counted while it streams; beyond the maximum the request to the upstream
   * is aborted. Default 10,485,760 (10 MB). 0 allows no body.
   */
  readonly maxBodyBytes?: number
  /**
   * Accepted content types of bodies, such as `['application/json', 'image/*']`. A body of another type, or without a
   * type, gets 415. Default: all types.
   */
  readonly contentTypes?: readonly string[]
  /**
   * A rate limit in addition to the gateway's own: `limitGate({ ... })` of `portcullis/limit`, each
   * with a name of its own. `false` turns the gateway's limit off for this route. Default: only the
   * gateway's limit.
   */
  readonly limit?: LimitGate<LimitedContext> | false
  /** Security headers of responses, merged over those of the gateway: a preset, or options. Default: the gateway's. */
  readonly headers?: Preset | HeaderOptions
  /** Whether error pages of the upstream are replaced by the gateway's own. Default: `hideErrors` of the upstream. */
  readonly hideErrors?: boolean
  /**
   * `'keep'` forwards `%2F` in a path unchanged, for upstreams that have file names in one segment. The path must lead
   * to this route whether or not `%2F` is read as a slash, and have no empty or dot segments then. Default: such a path
   * gets 400, since servers differ in whether `%2F` is a slash.
   */
  readonly encodedSlash?: 'keep'
  /**
   * Limits the GraphQL requests of the route: `graphqlLimits({ ... })` of `portcullis/graphql`. The
   * path of the route then also matches in other spellings; see `path`. Default: no limits.
   */
  readonly graphql?: GraphqlRoute
  /**
   * Whether the upstream receives the user's access token as `Authorization: Bearer`, in place of that header of the
   * client. It needs `login` with `tokens`, and access that needs a session. Default false.
   */
  readonly token?: boolean
  /**
   * Whether the route accepts `Authorization: Bearer` in place of a session: `true`, or
   * `{ scope: 'read' }`. A request with a token is authorized by the token alone. The upstream gets the
   * assertion and not the token. It needs `login` with `bearer`. Default false.
   */
  readonly bearer?: boolean | { readonly scope?: string }
  /**
   * Makes the route a login: attempts are counted before the upstream receives them. The path of the
   * route then also matches in other spellings; see `path`.
   */
  readonly throttle?: RouteThrottle
}
