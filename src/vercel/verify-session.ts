/**
 * Reads the session behind a guard, for Server Components, Server Functions and route handlers.
 * Applications call `verifySession()` next to the data. It gives undefined where nobody is signed
 * in, and rejects with `ERR_STORE_UNAVAILABLE` where the store cannot be reached.
 */
import { readCookies } from '../cookie/index.ts'
import type {
  CookieStoreLike,
  SessionContext,
  SessionInfo,
  SessionStrategy,
} from '../session/index.ts'

/** Where the cookies are: `{ cookies: await cookies() }`, `{ headers: await headers() }`, a request, or a Cookie header. */
export type SessionSource =
  | string
  | null
  | { readonly cookies: Pick<CookieStoreLike, 'get'> }
  | { readonly headers: { get(cookieName: string): string | null } }

/** Options of {@link verifySession}. */
export interface VerifySessionOptions {
  /** The environment: `c.env` of the strategy's `FromEnv` functions. Default: an empty object. */
  readonly env?: unknown
  /** Takes sessions that no login started, too, such as a visitor's cart. Default false. */
  readonly visitors?: boolean
}

/** A session that holds. */
export interface VerifiedSession<Data> {
  /** A copy. */
  readonly data: Data
  /** Facts about the session, as `info()` of a handle tells them. */
  readonly info: SessionInfo
}

/**
 * Reads a session without writing anything: rendering has no response to set a cookie on. undefined
 * if nobody is signed in. Call it next to the data, in each Server Function too: a mistake in a
 * matcher can bypass a guard in front. To change the session there, use `openSession(strategy, {
 * cookies })`.
 *
 * @example
 * ```ts
 * const session = await verifySession(sessions, { cookies: await cookies() })
 * if (session === undefined) redirect('/login')
 * ```
 * @throws {PortcullisError} `ERR_STORE_UNAVAILABLE` where the store cannot be asked: nobody is logged out by that
 * @throws {ConfigError} `ERR_CONFIG`
 */
export async function verifySession<Data extends object>(
  strategy: SessionStrategy<Data>,
  sessionSource: SessionSource,
  { env = {}, visitors = false }: VerifySessionOptions = {},
): Promise<VerifiedSession<Data> | undefined> {
  const handle = strategy.open(readOnly(sessionSource, env))
  const data = await handle.get()
  const sessionInfo = data && (await handle.info())

  return data && sessionInfo && (visitors || sessionInfo.signedIn)
    ? { data, info: sessionInfo }
    : undefined
}

function readOnly(sessionSource: SessionSource, env: unknown): SessionContext {
  const readCookieHeaders =
    sessionSource !== null && typeof sessionSource === 'object' && 'cookies' in sessionSource
      ? (cookieName: string): string[] => {
          const cookieValues = sessionSource.cookies.get(cookieName)
          return cookieValues === undefined ? [] : [cookieValues.value]
        }
      : (cookieName: string): string[] =>
          readCookies(
            sessionSource === null || typeof sessionSource === 'string'
              ? sessionSource
              : sessionSource.headers.get('cookie'),
            cookieName,
          )
  return { jar: { env, read: readCookieHeaders, write(): void {} } }
}
