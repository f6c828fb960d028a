/**
 * Helpers that every step of a login shares: the context of one request, the connection to a
 * provider, events, and two small cookies. `login-turns` counts completed logins, so that a browser
 * that keeps no session does not go round in a loop; `login-none` pauses silent logins. The steps
 * in `flow/`, bearer tokens, edges and kept tokens (`tokens/`) call it; `serve.ts` reads facts by it.
 *
 * `connectProvider` throws a `LoginError` where the provider's metadata cannot be fetched, and
 * `ERR_CONFIG` for a wrong value in the environment. Both cookies are hints that a client may
 * forge or delete: a count of another form is read as 0. `dropTokens` swallows the errors of a token
 * store that is down.
 */
import { cookieSettings, expireCookie, readCookies, serializeCookie } from '../cookie/index.ts'
import { isPortcullisError } from '../errors.ts'
import { emitEvent as emit } from '../events.ts'
import { createIssues } from '../options/index.ts'
import type { SessionHandle } from '../session/core/types.ts'
import type { OutgoingCookie } from '../types.ts'
import type { ProtocolContext } from './protocol/protocol.ts'
import type { LoginSettings } from './settings.ts'
import type { KeptTokens } from './tokens/contract.ts'
import type { LoginData, LoginFacts } from './types.ts'

/** A request to an endpoint of the login. */
export interface FlowContext {
  readonly request: Request
  readonly url: URL
  readonly env: unknown
  /** The public origin of this site, as it is registered at the provider. */
  readonly origin: string
  readonly session: SessionHandle<object>
  readonly requestId?: string
  /** The key by which events find the listener of this request: the Hono context, or the gateway's context. */
  readonly eventContext?: object
  readonly waitUntil: ((work: Promise<unknown>) => void) | undefined
}

/** Collects what requests to a provider need. @throws {LoginError} where its metadata cannot be fetched */
export async function connectProvider(
  settings: LoginSettings,
  { env, waitUntil }: Pick<FlowContext, 'env' | 'waitUntil'>,
  name: string,
): Promise<ProtocolContext> {
  const provider = settings.readProvider(name, env)
  const connection = settings.connect(provider)
  const { fetch, clock, timeoutMs, tolerance } = settings
  const metadata = await connection.readMetadata(waitUntil)

  return { provider, metadata, connection, fetch, clock, timeoutMs, tolerance, waitUntil }
}

/** Seconds that the count of completed logins lives after the last one. */
const turnsLife = 20
/** Completed logins at which a further one is stopped with a page: without and with a session afterwards. */
const mostTurns = { without: 3, with: 8 } as const
const turnsShape = /^[0-9]{1,2}$/

function turnsSettings(settings: LoginSettings): ReturnType<typeof cookieSettings> {
  const { insecurePlainHttp } = settings.attempts
  return cookieSettings({ name: 'login-turns', insecurePlainHttp }, createIssues())
}

function readTurns(settings: LoginSettings, request: Request): number {
  const [value] = readCookies(request.headers.get('cookie'), turnsSettings(settings).name)
  return value !== undefined && turnsShape.test(value) ? Number(value) : 0
}

/** Creates the cookie that counts one more completed login. */
export function countTurn(settings: LoginSettings, request: Request): OutgoingCookie {
  const turns = Math.min(99, readTurns(settings, request) + 1)
  return serializeCookie(turnsSettings(settings), `${turns}`, turnsLife)
}

/** Creates the cookie that ends the count. */
export function resetTurns(settings: LoginSettings): OutgoingCookie {
  return expireCookie(turnsSettings(settings))
}

/**
 * Whether this browser logs in again and again: it keeps no session cookie, or it is sent back to the login by an
 * access rule that its login never meets.
 */
export function isLoop(settings: LoginSettings, request: Request, isSignedIn: boolean): boolean {
  return readTurns(settings, request) >= (isSignedIn ? mostTurns.with : mostTurns.without)
}

/** Seconds for which a silent login is not tried again after the provider refused one. */
const silentPause = 300

function silentSettings(settings: LoginSettings): ReturnType<typeof cookieSettings> {
  const { insecurePlainHttp } = settings.attempts
  return cookieSettings({ name: 'login-none', insecurePlainHttp }, createIssues())
}

/** Whether the provider has refused a silent login within the last `silentPause` seconds. */
export function isSilentPaused(settings: LoginSettings, request: Request): boolean {
  return readCookies(request.headers.get('cookie'), silentSettings(settings).name).length > 0
}

/** Creates the cookie that pauses silent logins, so that not every page tries one. */
export function pauseSilent(settings: LoginSettings): OutgoingCookie {
  return serializeCookie(silentSettings(settings), '1', silentPause)
}

/** Whether the session cookie is `SameSite=Strict`: browsers then omit it on redirects that began at another site. */
export function isStrictSession(settings: LoginSettings, env: unknown): boolean {
  return settings.readKeys(env).internals.cookie.attributes.sameSite === 'strict'
}

/** Emits an event of this request. */
export function emitEvent(
  settings: LoginSettings,
  { requestId, eventContext }: Pick<FlowContext, 'requestId' | 'eventContext'>,
  event: Parameters<LoginSettings['emit']>[0],
): void {
  const named = { ...event, ...(requestId !== undefined && { request: requestId }) }
  emit(settings.emit, named, eventContext)
}

/** Reads the facts of the login that began the session of a request; undefined where nobody is signed in. */
export async function readFacts(session: SessionHandle<object>): Promise<LoginFacts | undefined> {
  return ((await session.get()) as Partial<LoginData> | undefined)?.login
}

/**
 * Deletes the tokens of a session that ends. Where the store is down it returns undefined: the row expires by itself.
 */
export async function dropTokens(
  settings: LoginSettings,
  context: FlowContext,
  row: string,
): Promise<KeptTokens | undefined> {
  try {
    return await settings.tokens?.drop(context, row)
  } catch (error) {
    if (isPortcullisError(error) && !isPortcullisError(error, 'ERR_CONFIG')) return undefined
    throw error
  }
}
