/**
 * Defines the types of a gateway's configuration: public origin, upstreams, routes, sessions, login and
 * limits. Applications write a configuration with `defineGateway`, `create.ts` and `compile.ts` compile
 * it, the review of `npx portcullis check` reads it, and most files of `src/gateway` use its types.
 * `defineGateway` returns its argument and validates nothing; wrong options are a `ConfigError` of
 * `createGateway`.
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
   * The address of the server: http or https, without credentials, query or fragment. Its path becomes a prefix of
   * every request's path. It is never read from a request. A link-local address, where clouds serve their metadata, is
   * an issue.
   */
  readonly url: FromEnv<string, E>
}

/** An upstream that a binding of the platform reaches. */
export interface BindingUpstream<E = ProjectEnv> extends WithBaseUrl<E> {
  /**
   * Any object with a `fetch` method: `(c) => c.env.APP` for a service binding or a VPC service, `(c) =>
   * c.env.ROOMS.getByName('a')` for a Durable Object or a Container. It is read again for each request and each retry.
   */
  readonly binding: FromEnv<FetchBinding, E>
}

/** Files that were deployed with the Worker. */
export interface AssetsUpstream<E = ProjectEnv> extends WithBaseUrl<E> {
  /**
   * The assets binding: `(c) => c.env.ASSETS`. Its routes are `anonymous` by default, and it cannot have `sessions`.
   * wrangler.toml needs `run_worker_first = true`, or the platform serves the files without running the gateway.
   */
  readonly assets: FromEnv<FetchBinding, E>
}

/** An app in the same isolate. */
export interface AppUpstream<E = ProjectEnv> extends WithBaseUrl<E> {
  /**
   * A Hono app, any other object with a `fetch` method, or a function. It is called with the request, and with the
   * environment and the context that the gateway received.
   */
  readonly app: FetchApp | FetchHandler
}

interface WithBaseUrl<E> {
  /**
   * Scheme and host of the requests that the upstream receives, and a prefix of their paths:
   * `http://inventory.internal:8080/v1`. It does not decide where the requests go, except for a VPC service or a
   * Container, which read its scheme or host. Default: the public origin that the visitor requested.
   */
  readonly baseUrl?: FromEnv<string, E>
}

/** Options that every kind of upstream has. */
export interface UpstreamSettings {
  /**
   * Whether the upstream may start and change sessions by the response header `Portcullis-Session`. It then receives a
   * nonce with every request and, if there is a session, the signed assertion. Such upstreams can act for each other's
   * sessions, so all of them must be trusted alike. Default false.
   */
  readonly sessions?: boolean
  /**
   * Milliseconds until the first byte of a response; then 504. Default 30,000, at most 300,000. The body has no time
   * limit.
   */
  readonly timeoutMs?: number
  /**
   * Whether responses with a status of 500 and more are replaced by the gateway's own page, unless they are JSON, since
   * they may contain a stack trace. Default false: error pages of an upstream are forwarded as they are.
   */
  readonly hideErrors?: boolean
  /**
   * Allows a `url` in a private network, on this machine or under `.internal`. Otherwise
   * `reviewGateway`, which `npx portcullis check` runs, reports such an address as a fault, since it
   * often means another machine where the gateway is deployed. `createGateway` does not read this
   * option. Default false; loopback addresses are allowed if the public origin is one, too.
   */
  readonly insecurePrivateAddress?: boolean
  /** Pauses requests to the upstream while it keeps failing: `circuitBreaker()`. Default off. */
  readonly breaker?: BreakerRules | false
  /**
   * Path under `url` of a health check (2xx or 3xx), such as `/health`. The cron trigger (`uptime`)
   * requests it, and `/.portcullis/ready` if the option `ready` has `upstreams: true`. Default: no
   * health check.
   */
  readonly probe?: string
  /**
   * Names the frameworks and servers behind the upstream: `'next'`, `'rails'`, `['php', 'wordpress']`. Such a framework
   * serves a page under further paths, and the guards of the page hold for these too. A function of path and query may
   * list the pages instead, such as `nextAliases({ basePath, locales })`. Default: the aliases that every server may
   * have; see docs/gateway.md, "Aliases of a page".
   */
  readonly aliases?: AliasName | AliasReader | ReadonlyArray<AliasName | AliasReader>
  /**
   * Further request headers to remove: `['X-Company-User', 'X-Sso-*']`, names or prefixes with a
   * `*`. Name every header from which the upstream reads the user. Default: the documented ones of
   * common proxies; see docs/proxy.md.
   */
  readonly dropHeaders?: readonly string[]
  /**
   * `methodOverride()` if the upstream takes the method of a POST from `_method` in a form, JSON or the query, as
   * Rails, Laravel, Symfony and Spring can. The guards of that method's route then hold, too. The guards of all methods
   * hold for a body that servers may read differently, or that is over 10 MB.
   *
   * @default undefined `_method` is not read; headers such as `X-HTTP-Method-Override` never reach an upstream
   */
  readonly methodOverride?: MethodOverride
}

/** The origins from which requests may change data, for every route. */
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
   * ES256 private keys: a list of JWKs, each as JSON text, or one JSON text that holds a list of them. The first key
   * signs, and all are published at `/.portcullis/jwks.json`. Rotate in two deployments: append the new key, then move
   * it to the front.
   */
  readonly key: FromEnv<string | readonly string[], E>
  /** Seconds for which an assertion is valid, from 5 to 60. Default 60. */
  readonly lifetime?: number
}

/** The configuration of a gateway. */
export interface GatewayConfig<
  N extends string = string,
  Data extends object = object,
  E = ProjectEnv,
> {
  /** The origin that visitors see, such as `https://app.example.com`. It is never read from a request. */
  readonly publicOrigin: FromEnv<string, E>
  /**
   * Further hosts that the gateway serves: `www.example.com`, `localhost:8080`, or `127.0.0.1:*` for any port. A
   * request for any other host gets 421, except for `/.portcullis/health` and `/.portcullis/ready`. Default: only the
   * public origin's host.
   */
  readonly hosts?: FromEnv<readonly string[], E>
  /** Maximum sizes of URL, query and headers. Default on; see {@link RequestLimits}. `false` turns them off. */
  readonly limits?: RequestLimits | false
  /** The platform in front of the gateway, whose headers name the address of a client. Default `'cloudflare'`. */
  readonly platform?: Platform
  /** The servers behind the gateway, by name. */
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
   * Path of the sign-in page, which must match a public route. A navigation that needs a session is redirected there,
   * with the requested path in `return_to`. Default: no page; such a navigation gets 401.
   */
  readonly signIn?: string
  /**
   * Signs people in at identity providers: `gatewayLogin({ providers })` of `portcullis/login`. Its pages are under
   * `/.portcullis/`, and a navigation that needs a session is redirected there. It needs `session`, and excludes
   * `signIn`. Default: none.
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
  /**
   * Origins from which requests may change data. Default: the public origin only. See `csrf` of a route for a single
   * route.
   */
  readonly csrf?: GatewayCsrf
  /**
   * Security headers of every response. Default: the recommended ones. Until a preset or a policy is named, the content
   * security policy is only reported and not enforced (`contentSecurityPolicy: 'observe'`). Browsers send reports to
   * `/.portcullis/reports`, which emits them as events `csp-report`.
   */
  readonly headers?: HeaderOptions
  /**
   * The route table. The first route whose host and path match decides, and other methods of that path get 405. A
   * request that matches no route gets 404.
   */
  readonly routes: ReadonlyArray<Route<NoInfer<N>, NoInfer<Data>>>
  /** The look and the languages of every page of the gateway: `pages({ ... })` of `portcullis/page`. Default: plain, in English. */
  readonly pages?: PageTemplate
  /** Receives security events. What it throws is ignored. Default none. */
  readonly onEvent?: Emit
  /** Writes audit records of events: `auditTrail(sinks)` of `portcullis/monitor`. Default none. */
  readonly audit?: AuditTrail
  /**
   * Receives errors that the operator must know: an invalid environment, an upstream that cannot be reached. Default:
   * one line of JSON on `console.error`.
   */
  readonly onFault?: ReportError
  /** Measures every request: `monitor({ ... })` of `portcullis/monitor`. Default: nothing is measured. */
  readonly monitor?: Monitor
  /**
   * A page for administrators under `/.portcullis/console`: `gatewayConsole({ access: { role: 'admin' } })`. Default: none.
   */
  readonly console?: GatewayConsole
  /**
   * Name of a header that holds the id of a request, set by a proxy of yours in front of the gateway, such as `cf-ray`.
   * Clients must not be able to set it. A value of 8 to 64 letters, digits, `-` and `_` becomes the request's id;
   * otherwise the id is random. Default none.
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
  /** Sends requests to upstreams, for tests. Default: the `fetch` of the runtime. */
  readonly fetch?: typeof fetch
  /** Returns the current time in milliseconds, for tests. Default `Date.now`. */
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
