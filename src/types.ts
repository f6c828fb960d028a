/**
 * Defines types that several modules share: events, reasons, verdicts, cookies and the environment.
 * Every module may import them. There are only types, so nothing runs and nothing can fail here.
 */

declare global {
  namespace Cloudflare {
    /**
     * The bindings of the project. It merges with the declaration of `wrangler types` or
     * `worker/env.ts`.
     */
    interface Env {}
  }
}

/** The project's Env if it declares one, otherwise `any`. */
// biome-ignore lint/suspicious/noExplicitAny: an undeclared Env has no better type.
export type ProjectEnv = keyof Cloudflare.Env extends never ? any : Cloudflare.Env

/**
 * A value, or a function that reads it from the environment of a request: on Workers, secrets and
 * bindings only exist per request. The function may return undefined while a framework builds; its
 * result is validated at the first request.
 */
export type FromEnv<T, E = ProjectEnv> = T | { from(c: { env: E }): T | undefined }['from']

/** Returns the current time in milliseconds since the epoch: `Date.now`, or a fixed time in a test. */
export type Clock = () => number

/** The type of an event; docs/monitoring.md explains each and who should look at it. */
export type EventType =
  | 'access-observed'
  | 'access-refused'
  | 'account-pressure'
  | 'backchannel-logout'
  | 'backchannel-logout-refused'
  | 'bearer-refused'
  | 'breaker-closed'
  | 'breaker-opened'
  | 'browser-report'
  | 'cacheable-personal-response'
  | 'csp-report'
  | 'csrf-exempted'
  | 'csrf-observed'
  | 'csrf-refused'
  | 'graphql-observed'
  | 'graphql-refused'
  | 'login-failed'
  | 'login-groups-overage'
  | 'login-revoked'
  | 'login-started'
  | 'login-store-unavailable'
  | 'login-succeeded'
  | 'login-throttle-observed'
  | 'login-throttled'
  | 'login-unsettled'
  | 'logout'
  | 'logout-local-only'
  | 'not-ready'
  | 'provider-back'
  | 'provider-stale'
  | 'rate-limit-degraded'
  | 'rate-limit-observed'
  | 'rate-limited'
  | 'request-refused'
  | 'secure-cookie-on-plain-http'
  | 'session-bind-refused'
  | 'session-bound'
  | 'session-conflict'
  | 'session-created'
  | 'session-end-incomplete'
  | 'session-ended'
  | 'session-header-refused'
  | 'session-imported'
  | 'session-key-offered'
  | 'session-refresh-failed'
  | 'session-refresh-refused'
  | 'session-rejected'
  | 'session-renewed'
  | 'session-write-dropped'
  | 'sessions-ended'
  | 'store-down'
  | 'store-refused'
  | 'store-script-flag-refused'
  | 'store-unavailable'
  | 'store-up'
  | 'throttle-rule-never-matches'
  | 'tokens-gone'
  | 'tokens-refreshed'
  | 'tokens-unavailable'
  | 'upstream-down'
  | 'upstream-retried'
  | 'upstream-up'
  | 'webhook-failed'

/**
 * An event for logs and alerts. It contains no secret, token, cookie or e-mail address; ids are
 * digests.
 */
export interface SecurityEvent {
  /** The type in kebab case, such as `session-created`. */
  readonly type: EventType
  /** The reason in kebab case. */
  readonly reason?: string
  /** The digest of the session's id, never its key in the store. */
  readonly session?: string
  /**
   * A keyed digest of the user's id: the same user has the same tag, and nothing else can be
   * learned from it.
   */
  readonly user?: string
  /** The party that acted, if it was not the user of the session. */
  readonly actor?: 'origin' | 'provider' | 'administrator' | 'system'
  /** The tag of the administrator who acted. */
  readonly actorUser?: string
  /** The id of the request, if there is one. */
  readonly request?: string
  /** The name of the cookie, route, upstream or option that the event is about. */
  readonly subject?: string
  /**
   * In a `session-rejected`: the reason that the browser gave for having no proof. Any client can
   * send it.
   */
  readonly skipped?: string
}

/**
 * Receives events. It must not block. Its errors are dropped, because a log that fails must not
 * fail a request.
 */
export type Emit = (event: SecurityEvent) => void

/**
 * The reason of a rejected or failed request, for logs. `page/` maps each reason to a status and a
 * neutral text.
 */
export type Reason =
  | 'path-not-canonical'
  | 'url-too-long'
  | 'query-too-large'
  | 'headers-too-large'
  | 'host-malformed'
  | 'host-unknown'
  | 'https-required'
  | 'method-not-allowed'
  | 'content-type-not-allowed'
  | 'body-too-large'
  | 'body-malformed'
  | 'origin-not-allowed'
  | 'no-route'
  | 'no-rule'
  | 'no-session'
  | 'session-too-old'
  | 'login-too-weak'
  | 'device-not-bound'
  | 'device-not-proved'
  | 'device-proof-too-old'
  | 'role-missing'
  | 'claim-missing'
  | 'address-not-allowed'
  | 'graphql-malformed'
  | 'graphql-too-long'
  | 'graphql-too-deep'
  | 'graphql-variables-too-deep'
  | 'graphql-too-many-aliases'
  | 'graphql-too-many-directives'
  | 'graphql-too-many-fields'
  | 'graphql-batch'
  | 'graphql-page-size'
  | 'graphql-introspection'
  | 'cross-origin-upgrade'
  | 'cross-site'
  | 'origin-mismatch'
  | 'origin-null'
  | 'metadata-missing'
  | 'token-missing'
  | 'token-bad'
  | 'resource-isolation'
  | 'upgrade-unsupported'
  | 'rate-limited'
  | 'config-invalid'
  | 'session-unreadable'
  | 'session-conflict'
  | 'store-unavailable'
  | 'token-unavailable'
  | 'maintenance'
  | 'upstream-timeout'
  | 'upstream-unreachable'
  | 'upstream-paused'
  | 'upstream-loop'
  | 'not-found'
  | 'fault'

/** The decision of a guard. */
export type Verdict = { readonly ok: true } | { readonly ok: false; readonly reason: Reason }

/**
 * Reads the cookies of a request and writes those of its response. Sessions reduce every kind of
 * context to it.
 */
export interface CookieJar {
  /**
   * Returns the values of the request's cookies with this name, in their order; there are several
   * if the browser sent several.
   */
  read(name: string): string[]
  /** Sets a cookie on the response. It replaces one of the same name that was set before. */
  write(cookie: OutgoingCookie): void
  /** The environment, which options that are functions receive as `c.env`. */
  readonly env?: unknown
  /** The request, if it is known. */
  readonly request?: CookieRequest
  /** The context of the request, by which its events find their listener. */
  readonly context?: object
}

/** The parts of a request that sessions read in addition to its cookies. */
export interface CookieRequest {
  readonly headers: Pick<Headers, 'get'>
  /** The URL of a `Request`; sessions use it to warn about a Secure cookie on plain http. */
  readonly url?: string
  /** The properties that Cloudflare adds to a Worker's request. */
  readonly cf?: unknown
}

/**
 * A cookie to set. `header` is the whole Set-Cookie value; the parts are for frameworks that set
 * cookies by their own functions.
 */
export interface OutgoingCookie {
  readonly name: string
  readonly value: string
  readonly header: string
  readonly attributes: CookieAttributes
  /** A further header for the same response. A context that only accepts cookies omits it. */
  readonly alongside?: readonly [name: string, value: string]
}

/** The attributes of a cookie (RFC 6265bis section 4.1.2). */
export interface CookieAttributes {
  readonly path: string
  readonly domain?: string
  /** The lifetime in seconds; 0 expires the cookie. */
  readonly maxAge?: number
  readonly secure: boolean
  readonly httpOnly: boolean
  readonly sameSite?: 'strict' | 'lax' | 'none'
  readonly partitioned?: boolean
}
