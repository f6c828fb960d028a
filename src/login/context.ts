/**
 * The context of one request to the login, and the small cookies beside attempts. The steps in
 * `flow/` and the tokens use it. Connecting to a provider throws a `LoginError` where its metadata
 * cannot be fetched.
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
  /** The origin that the provider has registered. */
  readonly origin: string
  readonly session: SessionHandle<object>
  readonly requestId?: string
  /** By this object events find the listener of the request: the Hono context, or that of a gateway. */
  readonly eventContext?: object
  readonly waitUntil: ((work: Promise<unknown>) => void) | undefined
}

/** Everything to speak with a provider. @throws {LoginError} where its metadata cannot be had */
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

/** Seconds in which completed logins count as one loop. */
const turnsLife = 20
/** Logins without a session afterwards, and with one, until the person is told. */
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

/** The cookie that counts a completed login. */
export function countTurn(settings: LoginSettings, request: Request): OutgoingCookie {
  const turns = Math.min(99, readTurns(settings, request) + 1)
  return serializeCookie(turnsSettings(settings), `${turns}`, turnsLife)
}

/** Creates the cookie that ends the count. */
export function resetTurns(settings: LoginSettings): OutgoingCookie {
  return expireCookie(turnsSettings(settings))
}

/** Whether logins follow each other without an end: the browser keeps no session, or a rule is never met. */
export function isLoop(settings: LoginSettings, request: Request, isSignedIn: boolean): boolean {
  return readTurns(settings, request) >= (isSignedIn ? mostTurns.with : mostTurns.without)
}

/** Seconds for which a silent login is not tried again after the provider refused one. */
const silentPause = 300

function silentSettings(settings: LoginSettings): ReturnType<typeof cookieSettings> {
  const { insecurePlainHttp } = settings.attempts
  return cookieSettings({ name: 'login-none', insecurePlainHttp }, createIssues())
}

/** Whether the provider refused a silent login moments ago. */
export function isSilentPaused(settings: LoginSettings, request: Request): boolean {
  return readCookies(request.headers.get('cookie'), silentSettings(settings).name).length > 0
}

/** The cookie that keeps silent logins from being tried at every page. */
export function pauseSilent(settings: LoginSettings): OutgoingCookie {
  return serializeCookie(silentSettings(settings), '1', silentPause)
}

/** Whether the browser keeps the session's cookie from the redirect chain that began elsewhere. */
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

/** How the session of a request began; undefined where nobody is signed in. */
export async function readFacts(session: SessionHandle<object>): Promise<LoginFacts | undefined> {
  return ((await session.get()) as Partial<LoginData> | undefined)?.login
}

/** Deletes the tokens of a session that ends. A store that is away changes nothing: the row ends by itself. */
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
