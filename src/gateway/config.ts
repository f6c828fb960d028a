/**
 * Defines the configuration of a gateway: its public origin, its upstreams, its routes and their
 * access. Applications write it with `defineGateway`, and `compile.ts` validates it. Nothing is
 * validated here.
 */

import type { CrossOriginOptions } from '../csrf/index.ts'
import type { HeaderOptions } from '../headers/index.ts'
import type { LimitedContext, LimitGate } from '../limit/gate.ts'
import type { GatewayLogin } from '../login/index.ts'
import type { AuditTrail, Monitor, Uptime } from '../monitor/index.ts'
import type { PageTemplate, ReportError } from '../page/index.ts'
import type { FetchApp, FetchBinding, FetchHandler } from '../proxy/fetch/bindings.ts'
import type { BreakerRules } from '../proxy/fetch/breaker.ts'
import type { AliasName, AliasReader, Platform, RequestLimits } from '../request/index.ts'
import type { SessionStrategy } from '../session/index.ts'
import type { Clock, Emit, FromEnv, ProjectEnv } from '../types.ts'
import type { Maintenance } from './checks/maintenance.ts'
import type { MethodOverride } from './checks/method-override.ts'
import type { GatewayConsole } from './console/types.ts'
import type { ReadyOptions } from './endpoints/ready.ts'
import type { Route } from './routes/route.ts'
import type { GatewayThrottle } from './throttle/types.ts'

/** A server behind the gateway. Exactly one of `url`, `binding`, `assets` and `app` is set. */
export type Upstream<E = ProjectEnv> = UpstreamSource<E> & UpstreamSettings

/** The source of an upstream: an address, a binding, assets or an app. */
export type UpstreamSource<E = ProjectEnv> =
  | (UrlUpstream<E> & Without<'binding' | 'assets' | 'app' | 'baseUrl'>)
  | (BindingUpstream<E> & Without<'url' | 'assets' | 'app'>)
  | (AssetsUpstream<E> & Without<'url' | 'binding' | 'app'>)
  | (AppUpstream<E> & Without<'url' | 'binding' | 'assets'>)

type Without<Option extends string> = { readonly [Name in Option]?: never }

/** A server that is reached by its address. */
export interface UrlUpstream<E = ProjectEnv> {
  /**
   * The address of the server: http or https, without credentials, query or fragment. A path becomes a prefix of every request's path.
   * Never taken from a request; a link-local address (where clouds keep their metadata) is refused.
   */
  readonly url: FromEnv<string, E>
}

/** An upstream that a binding of the platform reaches. */
export interface BindingUpstream<E = ProjectEnv> extends WithBaseUrl<E> {
  /**
   * Anything with `fetch`: `(c) => c.env.APP` for a service binding or a VPC service, `(c) => c.env.ROOMS.getByName('a')` for
   * a Durable Object or a Container. It is read anew for each request, and for a retry.
   */
  readonly binding: FromEnv<FetchBinding, E>
}

/** Files that were deployed with the Worker. */
export interface AssetsUpstream<E = ProjectEnv> extends WithBaseUrl<E> {
  /**
   * The assets binding: `(c) => c.env.ASSETS`. Its routes are `anonymous` unless they say otherwise, and it cannot have
   * `sessions`. wrangler.toml needs `run_worker_first = true`, or the platform serves the files and asks no gateway.
   */
  readonly assets: FromEnv<FetchBinding, E>
}

/** An app in the same isolate. */
export interface AppUpstream<E = ProjectEnv> extends WithBaseUrl<E> {
  /**
   * A Hono app, any other object with a `fetch` handler, or such a handler: it is called with the request, and with the
   * environment and the context that the gateway was called with.
   */
  readonly app: FetchApp | FetchHandler
}

interface WithBaseUrl<E> {
  /**
   * Scheme and host of the requests that it gets, and a prefix of their paths: `http://inventory.internal:8080/v1`. It does
   * not decide where they go, except for a VPC service or a Container, which read the scheme or the host of it. Default: the
   * public origin that the visitor asked.
   */
  readonly baseUrl?: FromEnv<string, E>
}

/** Options that every kind of upstream has. */
export interface UpstreamSettings {
  /**
   * Whether it may answer with `Portcullis-Session`. Such upstreams get a nonce and, where there is a session, the signed
   * assertion with every request. All of them are one trust domain. Default false.
   */
  readonly sessions?: boolean
  /** Milliseconds until its first byte; then 504. Default 30,000, at most 300,000. Bodies may take as long as they like. */
  readonly timeoutMs?: number
  /**
   * Whether its answers of 500 and more are replaced by the gateway's own page, unless they are JSON: what is in there may be
   * a stack trace. Default false: error pages of an upstream are forwarded as they are.
   */
  readonly hideErrors?: boolean
  /**
   * Allows a `url` in a private network, on this machine or under `.internal`. `reviewGateway`,
   * which `npx portcullis check` runs, reads it: from where a gateway is deployed such an address
   * is often another machine. Default false; where the public origin is this machine too, its own
   * addresses are allowed.
   */
  readonly insecurePrivateAddress?: boolean
  /** Pauses it while it keeps failing: `circuitBreaker()`. Default off. */
  readonly breaker?: BreakerRules | false
  /**
   * Path under `url` of a health check (2xx or 3xx), such as `/health`. The cron trigger (`uptime`)
   * requests it, and `/.portcullis/ready` if the option `ready` has `upstreams: true`. Default: no
   * health check.
   */
  readonly probe?: string
  /**
   * Frameworks and servers behind it, whose further paths of a page are guarded as the page is: `'next'`, `'rails'`,
   * `['php', 'wordpress']`; or a function of path and query that lists the pages they may lead to, such as
   * `nextAliases({ basePath, locales })`. Default: the aliases that every server may have; see docs/gateway.md, "Aliases of a page".
   */
  readonly aliases?: AliasName | AliasReader | ReadonlyArray<AliasName | AliasReader>
  /**
   * Further request headers to remove: `['X-Company-User', 'X-Sso-*']`, names or prefixes with a
   * `*`. Name every header from which the upstream reads the user. Default: the documented ones of
   * common proxies; see docs/proxy.md.
   */
  readonly dropHeaders?: readonly string[]
  /**
   * `methodOverride()` where the upstream takes the method of a POST from `_method` in a form, JSON or the query, as Rails, Laravel,
   * Symfony and Spring can: then the guards of that method's route hold, too. For a body that servers read differently, or
   * over 10 MB, the guards of all methods hold.
   *
   * @default undefined `_method` is not read; headers such as `X-HTTP-Method-Override` never reach an upstream
   */
  readonly methodOverride?: MethodOverride
}

/** Where requests that may change something can come from, for every route. */
export type GatewayCsrf = Pick<
  CrossOriginOptions,
  'trustedOrigins' | 'missing' | 'trustSameSite' | 'isolation'
>

/**
 * The signed assertion for upstreams: an ES256 JWT in `Portcullis-Assertion` (RFC 7519) that names
 * the user and the session.
 */
export interface AssertionOptions<E = ProjectEnv> {
  /**
   * ES256 private keys, each a JWK as JSON, or one text that is a JSON list of them: the first signs, all are published at
   * `/.portcullis/jwks.json`. Rotate in two deploys: append the new one, then move it first.
   */
  readonly key: FromEnv<string | readonly string[], E>
  /** Seconds an assertion is good for, at most 60. Default 60. */
  readonly lifetime?: number
}

/** The configuration of a gateway. */
export interface GatewayConfig<
  N extends string = string,
  Data extends object = object,
  E = ProjectEnv,
> {
  /** The origin visitors see, such as `https://app.example.com`: never read from a request. */
  readonly publicOrigin: FromEnv<string, E>
  /**
   * Further hosts that are answered: `www.example.com`, `localhost:8080`, or `127.0.0.1:*` for any port. A request for any
   * other host gets 421; `/.portcullis/health` answers all. Default: only the public origin's.
   */
  readonly hosts?: FromEnv<readonly string[], E>
  /** How large url, query and headers may be. Default on; see {@link RequestLimits}. */
  readonly limits?: RequestLimits | false
  /** The platform in front, which vouches for the address of a client. Default `'cloudflare'`. */
  readonly platform?: Platform
  /** The servers behind, by name. */
  readonly upstreams: { readonly [Name in N]: Upstream<E> }
  /** The strategy of the sessions. Default: none. */
  readonly session?: SessionStrategy<Data>
  /** Reads the user of a session: `sub` of the assertion. */
  readonly user?: (data: Data) => string | undefined
  /** Roles of a session, for `access: { role }`. */
  readonly roles?: (data: Data) => readonly string[]
  /**
   * Reads further claims of the assertion beside `sub`, `sid` and `auth_time`: at most 4 KB of
   * JSON. Default: none.
   */
  readonly claims?: (data: Data) => object
  /**
   * Path of the sign-in page: a navigation that needs a session is sent there with `return_to`. Default: 401. It must match
   * a public route.
   */
  readonly signIn?: string
  /**
   * Signs people in at identity providers: `gatewayLogin({ providers })` of `portcullis/login`. Its pages are under
   * `/.portcullis/`, and a navigation that needs a session is sent there. Needs `session`; not beside `signIn`.
   * Default: none.
   */
  readonly login?: GatewayLogin
  /**
   * The assertion that names the user and the session to upstreams. Default: none; upstreams with
   * `sessions` need it.
   */
  readonly assertion?: AssertionOptions<E>
  /**
   * How many failed logins are allowed, and where they are counted, for the routes that have a `throttle`:
   * `gatewayThrottle({ ... })`. Default: none.
   */
  readonly throttle?: GatewayThrottle
  /**
   * The rate limit of all routes without `limit: false`: `limitGate({ ... })` of
   * `portcullis/limit`. If it counts in the Redis of the sessions, both use one round trip.
   * Default: no limit.
   */
  readonly limit?: LimitGate<LimitedContext>
  /** Default: from the public origin only. See `csrf` of a route for one route. */
  readonly csrf?: GatewayCsrf
  /**
   * Security headers of every answer. Default: the recommended ones, but what the policy for pages would break is only
   * reported (`contentSecurityPolicy: 'observe'`) until a preset or a policy is named. Reports go to
   * `/.portcullis/reports`, which tells them as events `csp-report`.
   */
  readonly headers?: HeaderOptions
  /** First match wins; nothing that matches is 404. The first host and path that match decide, also which methods there are. */
  readonly routes: ReadonlyArray<Route<NoInfer<N>, NoInfer<Data>>>
  /** The look and the languages of every page of the gateway: `pages({ ... })` of `portcullis/page`. Default: plain, in English. */
  readonly pages?: PageTemplate
  /** Receives security events. What it throws is ignored. Default none. */
  readonly onEvent?: Emit
  /** Makes audit records of events: `auditTrail(sinks)` of `portcullis/monitor`. Default none. */
  readonly audit?: AuditTrail
  /** Takes faults: a configuration that cannot be served, an upstream out of reach. Default: a line of JSON on `console.error`. */
  readonly onFault?: ReportError
  /** Tells of every request; see `monitor` of `portcullis/monitor`. Default: nothing is watched, and nothing costs anything. */
  readonly monitor?: Monitor
  /**
   * A page for administrators under `/.portcullis/console`: `gatewayConsole({ access: { role: 'admin' } })`. Default: none.
   */
  readonly console?: GatewayConsole
  /**
   * Header in which something of yours in front names each request, such as `cf-ray`. What is 8 to 64 letters, digits, `-` and
   * `_` becomes the request's id; anything else gets a random one. Only a header that clients cannot set. Default none.
   */
  readonly requestIdHeader?: string
  /**
   * Responds with 503 to every request, except those for the gateway's own endpoints and from
   * allowed addresses. No session is opened. Default false.
   */
  readonly maintenance?: FromEnv<boolean | Maintenance, E>
  /** Further conditions of `/.portcullis/ready`, beside a valid environment. Default: none. */
  readonly ready?: ReadyOptions
  /**
   * Notifies receivers when an upstream or the store goes down or comes back; see `uptime` of
   * `portcullis/monitor`. Default: nobody is notified.
   */
  readonly uptime?: Uptime
  /** For tests. Default the runtime's. */
  readonly fetch?: typeof fetch
  /** Now; for tests. Default `Date.now`. */
  readonly clock?: Clock
}

/**
 * Types a configuration: the names of upstreams, bindings and options are checked in the editor. It
 * returns its argument; {@link createGateway} validates it.
 *
 * @example
 * ```ts
 * export default defineGateway({
 *   publicOrigin: (c) => c.env.PUBLIC_ORIGIN,
 *   upstreams: { app: { url: (c) => c.env.UPSTREAM_URL } },
 *   routes: [{ path: '/*', to: 'app', access: 'public' }],
 * })
 * ```
 */
export function defineGateway<N extends string, Data extends object = object, E = ProjectEnv>(
  config: GatewayConfig<N, Data, E>,
): GatewayConfig<N, Data, E> {
  return config
}
