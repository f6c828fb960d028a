/**
 * Defines a route: one line of the route table, with its options. Configurations write routes, and
 * `validate-routes.ts` validates and compiles them. Nothing here runs.
 */

import type { AccessRule } from '../../access/index.ts'
import type { GraphqlRoute } from '../../graphql/route.ts'
import type { HeaderOptions, Preset } from '../../headers/index.ts'
import type { LimitedContext, LimitGate } from '../../limit/gate.ts'
import type { RouteCache } from '../../proxy/cache/public-cache.ts'
import type { SessionVerb } from '../../session-protocol/grants.ts'
import type { RouteThrottle } from '../throttle/types.ts'

/** Methods a route may list. `GET` stands for `HEAD` too. */
export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS'

export type { SessionVerb } from '../../session-protocol/grants.ts'

/**
 * The access rule of a route: everybody; signed-in users; or clients that match every member:
 * `role` (see `roles` of the gateway), `claim`, `address`, `fresh`. A session that no `start` made,
 * such as a visit counter's, is not signed in. A denied client gets 401 without a session or with
 * one that is too old (a navigation is sent to `signIn`), else 403.
 */
export type Access<Data = object> = AccessRule<Data>

/** One line of the route table. */
export interface Route<N extends string = string, Data = object> {
  /**
   * A host, without a port: `api.example.com`, or `*.example.com` for every name one label below it. It must be one that is
   * answered: the public origin's, or one of `hosts`. Redirects, forms and `X-Forwarded-Host` are then those of the host that
   * was asked. Default: any host.
   */
  readonly host?: string
  /**
   * An exact path (`/login`) or a prefix (`/admin/*`, which is `/admin` too), in canonical form. Where `access` is not
   * `'public'`, and with `throttle`, `limit` or `graphql`, it matches without letter case, a slash at the end, and dots or spaces at the
   * end of a segment: upstreams differ in what they take for the same path. Its guards also hold for the aliases of the page, such
   * as `/login.json`, on top of those of the route that takes them.
   */
  readonly path: string
  /** Default: every known method. `GET` includes `HEAD`. */
  readonly methods?: readonly Method[]
  /** Name of the upstream. */
  readonly to: N
  /** Default `'session'`; a gateway without `session` must say `'public'`. */
  readonly access?: Access<Data>
  /**
   * Hides the client's identity from the upstream: it gets neither nonce nor assertion. If `access`
   * needs no session, none is opened, and the response stays cacheable. For style sheets and
   * images. Default false.
   */
  readonly anonymous?: boolean
  /** Which verbs of the session protocol this route grants. Default none. */
  readonly sessions?: readonly SessionVerb[]
  /**
   * Grants `start`, `endAll` and `endAny` on GET too, for the callback of a login elsewhere. A link
   * may then sign a user in: the upstream must bind the login to the browser (OAuth's `state`).
   * Default false.
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
   * Seconds after which a WebSocket or a stream of events (`text/event-stream`) is closed; clients
   * reconnect, and access is checked again. Never later than the session's absolute end. Default
   * 3,600, at most 86,400; `false`: at that end only.
   */
  readonly maxSocketSeconds?: number | false
  /**
   * Caches responses that are the same for every client: `publicCache({ maxAge: 60 })`. Default
   * off.
   */
  readonly cache?: RouteCache | false
  /**
   * Bytes of a request body. A longer Content-Length gets 413 before the body is read; any other
   * body is counted while it streams, and the request to the upstream is aborted at the first byte
   * too many. Default 10,485,760 (10 MB); 0 allows none.
   */
  readonly maxBodyBytes?: number
  /** Accepted content types of bodies, such as `['application/json', 'image/*']`; others, and none, get 415. Default: all. */
  readonly contentTypes?: readonly string[]
  /**
   * A rate limit in addition to the gateway's own: `limitGate({ ... })` of `portcullis/limit`, each
   * with a name of its own. `false` turns the gateway's off too. Default: the gateway's.
   */
  readonly limit?: LimitGate<LimitedContext> | false
  /** Security headers of its answers, laid over the gateway's: a preset, or options. Default: the gateway's. */
  readonly headers?: Preset | HeaderOptions
  /** Instead of the upstream's `hideErrors`. */
  readonly hideErrors?: boolean
  /**
   * `'keep'` hands `%2F` in a path on as it is, for upstreams that keep file names in one segment. Both readings must lead to
   * this route and hold no empty or dot segments. Default: 400, since servers differ in whether it is a slash.
   */
  readonly encodedSlash?: 'keep'
  /**
   * Limits the GraphQL requests of the route: `graphqlLimits({ ... })` of `portcullis/graphql`. Its
   * path then matches as a guarded one does. Default: no check.
   */
  readonly graphql?: GraphqlRoute
  /**
   * Sends the access token of the person to the upstream, as `Authorization: Bearer`, in place of the client's. Needs `login`
   * with `tokens`, and access that asks for a session. Default false.
   */
  readonly token?: boolean
  /**
   * Takes `Authorization: Bearer` in place of a session: `true`, or `{ scope: 'read' }`. A request
   * with a token is authorized by the token alone. The upstream gets the assertion, and not the
   * token. Needs `login` with `bearer`. Default false.
   */
  readonly bearer?: boolean | { readonly scope?: string }
  /**
   * Makes the route a login: attempts are counted before the upstream receives them. Its path then
   * matches as a guarded one does.
   */
  readonly throttle?: RouteThrottle
}
