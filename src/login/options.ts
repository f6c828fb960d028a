/**
 * Defines the options of a login, as applications write them. `settings.ts` validates them.
 * Nothing here runs.
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
  /** The sessions that logins begin: `statelessSessions` or `storedSessions`. */
  readonly session: SessionStrategy<Data>
  /**
   * Providers by name, 1 to 20. A name is part of a registered address (`/callback/<name>`): lower-case
   * letters, digits and dashes.
   */
  readonly providers: Readonly<Record<string, ProviderOptions>>
  /**
   * Makes the session's data from what the provider says, or undefined to admit nobody. The member
   * `login` is added. Default `{ user, roles: [] }`.
   */
  readonly identify?: Identify<Omit<Data, keyof LoginData>>
  /** Where the endpoints are. Default `/.portcullis`. */
  readonly base?: string
  /**
   * The origin that the provider has registered, such as `https://app.example.com`. Requests to another
   * host get 421. Default: the origin of the request.
   */
  readonly publicOrigin?: string
  /** A page of yours that lists the providers. Default a page without script. */
  readonly chooser?: string
  /** Where a login ends that began nowhere. Default `/`. */
  readonly afterLogin?: string
  /** Where a logout ends; the provider must have it registered. Default `<base>/logged-out`. */
  readonly afterLogout?: string
  /** `local` leaves the session at the provider alone. Default `provider`. */
  readonly logout?: 'provider' | 'local'
  /** Takes logout tokens of the provider. Default: where sessions can be ended. */
  readonly backchannel?: boolean
  /** `most` logins under way in one browser (5, at most 10), each for `life` seconds (3600). */
  readonly attempts?: { readonly most?: number; readonly life?: number }
  /**
   * Keeps the tokens of a login for upstreams, in a row of their own: `redisTokens({ redis })`. Needs
   * stored sessions. Default: they are forgotten.
   */
  readonly tokens?: TokenOption
  /**
   * Seconds after which the provider is asked again about a person, 60 to 86,400. Needs `tokens` and a
   * refresh token. Default never: a session says what was true when it began.
   */
  readonly revalidate?: number
  /** Serves `GET <base>/me` with the value that it returns for the session's data. Default off. */
  readonly me?: (data: Data) => unknown
  /** Seconds that the provider's clock may differ. Default 60, at most 300. */
  readonly tolerance?: number
  /** Milliseconds for one request to a provider. Default 5000, at most 30,000. */
  readonly timeoutMs?: number
  /** Another fetch, of a service binding or a test. It must heed `signal`. Default the global one. */
  readonly fetch?: LoginFetch
  /** Now; for tests. Default `Date.now`. */
  readonly clock?: Clock
  /** Takes events; see docs/monitoring.md. */
  readonly onEvent?: Emit
}

/** Options of {@link gatewayLogin}: a gateway and `vercel()` have the session, the origin, the clock and the events. */
export interface GatewayLoginOptions<Data extends object>
  extends Omit<LoginOptions<Data>, 'session' | 'publicOrigin' | 'base'> {
  /** Accepts access tokens in place of a session, on routes with `bearer`: `bearerTokens({ audience })`. Default none. */
  readonly bearer?: BearerOption
  /**
   * Takes the identity that an edge in front of the gateway has proved: `cloudflareAccess`, `googleIap` or `awsAlb`.
   * `providers` may then be empty. Default none.
   */
  readonly edge?: EdgeOption
}
