/**
 * Starts a session without a login page, by calling the session strategy of an application
 * directly. Tests call `createSignedInCookie()`, and the test browser's `signIn` calls
 * `startSession()`. A strategy that sets no cookie throws an `Error`; a strategy that rejects, for
 * example because its store is unavailable, rejects here too.
 */
import type { ThreeVerbs } from '../../session/index.ts'

/** Options of {@link createSignedInCookie}. */
export interface SignedInCookieOptions {
  /** The environment, which options that are functions receive as `c.env`. Default none. */
  readonly env?: unknown
}

/**
 * Starts a session and returns it as the value of a `Cookie` header. It works with every strategy: stateless and stored
 * sessions, `sessionsBy`, and an object with the three verbs that writes to `context.headers`.
 *
 * @example
 * ```ts
 * const cookie = await createSignedInCookie(sessions, { user: 'ada' })
 * const response = await app.request('/account', { headers: { cookie } })
 * ```
 * @throws {Error} for a strategy that set no cookie
 */
export async function createSignedInCookie<Data>(
  sessions: ThreeVerbs<Data>,
  data: Data,
  { env }: SignedInCookieOptions = {},
): Promise<string> {
  const lines = await startSession(sessions, data, env)
  return lines.map((line) => line.split(';', 1)[0]).join('; ')
}

/** Starts a session. Resolves to the Set-Cookie lines that a browser would receive. */
export async function startSession<Data>(
  sessions: ThreeVerbs<Data>,
  data: Data,
  env: unknown,
): Promise<string[]> {
  const headers = new Headers()
  const context = { request: { headers: new Headers() }, headers, env }
  await sessions.start({ context, data })

  const lines = headers.getSetCookie()
  if (lines.length === 0)
    throw new Error(
      'start() of the session strategy set no cookie; it must append Set-Cookie to context.headers',
    )
  return lines
}
