/**
 * Reads the session of a request behind a guard, for Server Components, Server Functions and route handlers.
 * Applications call `verifySession()` where they read the data that it protects. It resolves with undefined if nobody
 * is signed in. It rejects with `ERR_STORE_UNAVAILABLE` if the session store cannot be reached, and with a
 * `ConfigError` for an invalid environment. It writes no cookies, so a session that needs renewal is not renewed.
 */
import { readCookies } from '../cookie/index.ts'
import type {
  CookieStoreLike,
  SessionContext,
  SessionInfo,
  SessionStrategy,
} from '../session/index.ts'

/**
 * The source of the cookies: `{ cookies: await cookies() }`, `{ headers: await headers() }`, a request, or a Cookie
 * header.
 */
export type SessionSource =
  | string
  | null
  | { readonly cookies: Pick<CookieStoreLike, 'get'> }
  | { readonly headers: { get(cookieName: string): string | null } }

/** Options of {@link verifySession}. */
export interface VerifySessionOptions {
  /** The environment, which the strategy's `FromEnv` functions read as `c.env`. Default: an empty object. */
  readonly env?: unknown
  /**
   * Whether sessions that were not started by a login count too, such as those with a visitor's cart. Default false.
   */
  readonly visitors?: boolean
}

/** A valid session. */
export interface VerifiedSession<Data> {
  /** A copy of the session's data. */
  readonly data: Data
  /** Facts about the session, as `info()` of a session handle returns them. */
  readonly info: SessionInfo
}

/**
 * Reads a session without writing anything, since rendering has no response for a cookie. It resolves
 * with undefined if nobody is signed in. Call it where you read protected data, and in each Server
 * Function: a mistake in a matcher can bypass the guard. To change the session, use
 * `openSession(strategy, { cookies })`.
 *
 * @example
 * ```ts
 * const session = await verifySession(sessions, { cookies: await cookies() })
 * if (session === undefined) redirect('/login')
 * ```
 * @throws {PortcullisError} `ERR_STORE_UNAVAILABLE` if the store cannot be reached; the session is not ended by that
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
