/**
 * Defines the options of a login, as applications write them for `login()` (`middleware.ts`) and
 * `gatewayLogin()` (`gateway/handler.ts`). `settings.ts` and `validate-parts.ts` validate them and report
 * each wrong option as an issue. Nothing here runs.
 */
import type { SessionStrategy } from '../session/core/types.ts'
import type { Clock, Emit } from '../types.ts'
import type { BearerOption } from './bearer/contract.ts'
import type { EdgeOption } from './edge/contract.ts'
import type { Identify } from './identify.ts'
import type { ProviderOptions } from './providers/provider-options.ts'
import type { LoginFetch } from './providers/send.ts'
import type { TokenOption } from './tokens/contract.ts'
import type { LoginData } from './types.ts'

/** Options of {@link login}. Absent = default. */
export interface LoginOptions<Data extends object> {
  /** The sessions that a login starts: `statelessSessions` or `storedSessions`. */
  readonly session: SessionStrategy<Data>
  /**
   * Providers by name, 1 to 20. A name is part of a registered address (`/callback/<name>`): lower-case
   * letters, digits and dashes.
   */
  readonly providers: Readonly<Record<string, ProviderOptions>>
  /**
   * Returns the session's data for the person whom the provider names; undefined denies the person. The
   * member `login` is added. Default `{ user, roles: [] }`.
   */
  readonly identify?: Identify<Omit<Data, keyof LoginData>>
  /** The path below which the endpoints are served. Default `/.portcullis`. */
  readonly base?: string
  /**
   * The public origin of this site, as it is registered at the provider, such as `https://app.example.com`.
   * Requests to the login at another host get 421. Default: the origin of the request.
   */
  readonly publicOrigin?: string
  /** The path of your own page that lists the providers. Default: a built-in page without script. */
  readonly chooser?: string
  /** The path to which a login returns if it was not started from a page. Default `/`. */
  readonly afterLogin?: string
  /** The path to which a logout returns; it must be registered at the provider. Default `<base>/logged-out`. */
  readonly afterLogout?: string
  /** `provider` also ends the session at the provider, `local` only the one here. Default `provider`. */
  readonly logout?: 'provider' | 'local'
  /** Accepts logout tokens of the provider. Default: true where sessions can be ended from outside. */
  readonly backchannel?: boolean
  /** `most` unfinished logins in one browser (default 5, at most 10), each for `life` seconds (default 3600). */
  readonly attempts?: { readonly most?: number; readonly life?: number }
  /**
   * Stores the tokens of a login for calls to upstreams: `redisTokens({ redis })`. Needs stored sessions.
   * Default: the tokens are discarded.
   */
  readonly tokens?: TokenOption
  /**
   * Seconds after which the provider is asked again about a person, 60 to 86,400. Needs `tokens` and a
   * refresh token. Default never: a session keeps the data with which it began.
   */
  readonly revalidate?: number
  /** Turns on `GET <base>/me`, which answers with the value that this function returns as JSON. Default off. */
  readonly me?: (data: Data) => unknown
  /** Seconds that the provider's clock may differ. Default 60, at most 300. */
  readonly tolerance?: number
  /** Milliseconds for one request to a provider. Default 5000, 100 to 30,000. */
  readonly timeoutMs?: number
  /** A replacement for `fetch`, such as a service binding. It must honour `signal`. Default the global `fetch`. */
  readonly fetch?: LoginFetch
  /** Returns the current time; for tests. Default `Date.now`. */
  readonly clock?: Clock
  /** Receives events; see docs/monitoring.md. */
  readonly onEvent?: Emit
}

/**
 * Options of {@link gatewayLogin}. A gateway and `vercel()` supply the session, the public origin and the path under
 * which the pages are; clock and events are theirs unless these options have their own.
 */
export interface GatewayLoginOptions<Data extends object>
  extends Omit<LoginOptions<Data>, 'session' | 'publicOrigin' | 'base'> {
  /**
   * Accepts access tokens instead of a session, on routes with `bearer`: `bearerTokens({ audience })`. Default none.
   */
  readonly bearer?: BearerOption
  /**
   * Accepts the user whom an edge in front of the gateway has signed in: `cloudflareAccess`, `googleIap` or `awsAlb`.
   * `providers` may then be empty. Default none.
   */
  readonly edge?: EdgeOption
}
