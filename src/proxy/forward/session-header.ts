/**
 * Applies the session command in an upstream's response, before the first byte of the response is
 * sent. `forward.ts` calls it. A command that is not granted is ignored with an event; a store
 * that is down rejects, so that no response promises a change that was lost.
 */
import { isPortcullisError } from '../../errors.ts'
import { emitEvent } from '../../events.ts'
import { findHeaders } from '../../request/index.ts'
import { neverStore } from '../../session/handle/caching.ts'
import type { FlushableHandle, SessionStrategy } from '../../session/index.ts'
import { applyCommand, authorizeHeader } from '../../session-protocol/apply.ts'
import type { HeaderRejection, SessionCommand } from '../../session-protocol/parse.ts'
import type { Emit } from '../../types.ts'
import type { ForwardContext, LoadedSession, LoginAttemptHooks } from './context.ts'

/** The sessions behind the session protocol. */
export interface ForwardSessions<C extends ForwardContext> {
  /** The strategy of an environment; undefined where there are no sessions. */
  findStrategy(env: unknown): SessionStrategy<object> | undefined
  /** Opens the handle of a request once, whichever code asks first. */
  open(ctx: C): FlushableHandle<object> | undefined
}

/** An upstream's response to a request that is known. */
export interface SessionResponse<C extends ForwardContext> {
  readonly ctx: C
  /** The session that the upstream knew of. */
  readonly session: LoadedSession | undefined
  readonly login: LoginAttemptHooks | undefined
  /** The nonce of the very request that was responded to. */
  readonly nonce: string | undefined
  /** The status of the upstream's response. */
  readonly status: number
  /** The header `Portcullis-Session` of the upstream's response. */
  readonly sessionHeader: string
  /** The response for the client. */
  readonly response: Response
}

/** Applies the header `Portcullis-Session` where the route grants what it commands. */
export type ApplySessionHeader<C extends ForwardContext> = (
  sessionResponse: SessionResponse<C>,
) => Promise<void>

/** The options of the function, besides the sessions. */
export interface SessionHeaderOptions {
  readonly emit: Emit
  /** The user of a session's data. */
  readonly user: ((data: object) => string | undefined) | undefined
}

/** Creates the function for one gateway. */
export function createSessionHeaderApplier<C extends ForwardContext>(
  sessions: ForwardSessions<C>,
  { emit, user: readUser }: SessionHeaderOptions,
): ApplySessionHeader<C> {
  function emitRejected(
    { requestId, upstream, eventContext }: ForwardContext,
    reason: HeaderRejection,
  ): void {
    const subject = upstream.name
    const event = { type: 'session-header-refused', reason, request: requestId, subject } as const
    emitEvent(emit, event, eventContext)
  }

  return async function applySessionHeader(sessionResponse) {
    const { ctx, nonce, sessionHeader, response } = sessionResponse
    // Even where it is rejected: a response that speaks of one session is for no other client.
    if (response.status !== 101) neverStore(findHeaders(response))

    const strategy = sessions.findStrategy(ctx.env)
    const authorizedHeader = authorizeHeader(sessionHeader, {
      method: ctx.head.method,
      status: sessionResponse.status,
      route: ctx.rules,
      nonce,
      versions: strategy?.kind === 'stored',
    })

    if (!authorizedHeader.ok) return emitRejected(ctx, authorizedHeader.reason)
    const handle = sessions.open(ctx)
    if (strategy === undefined || handle === undefined) return emitRejected(ctx, 'not-granted')

    const { env, eventContext: context } = ctx
    const user = sessionResponse.session && readUser?.(sessionResponse.session.data)
    const target = { session: handle, strategy, env, context, user }
    try {
      await runCommand(sessionResponse, authorizedHeader.order, () =>
        applyCommand(target, authorizedHeader.order),
      )
    } catch (error) {
      if (!isHarmlessWrite(sessionResponse, authorizedHeader.order, error)) throw error
      const { requestId, upstream, eventContext } = ctx
      const subject = upstream.name
      const event = { type: 'session-write-dropped', reason: 'ended', subject } as const
      emitEvent(emit, { ...event, request: requestId }, eventContext)
    }
  }
}

/** Tells a login attempt when a session starts, which may be what proves that the login succeeded. */
async function runCommand(
  { login, response }: Pick<SessionResponse<ForwardContext>, 'login' | 'response'>,
  command: SessionCommand,
  applyCommand: () => Promise<void>,
): Promise<void> {
  const startsSession = command.verb === 'start'
  if (startsSession) login?.beforeSessionStart(response)
  await applyCommand()
  if (startsSession) login?.afterSessionStart()
}

/**
 * Whether a write failed because the session was ended on another device, and the upstream had received no session: then its
 * page holds nothing personal, and is served without the write.
 */
function isHarmlessWrite(
  { session }: Pick<SessionResponse<ForwardContext>, 'session'>,
  { verb }: SessionCommand,
  error: unknown,
): boolean {
  return verb === 'set' && session === undefined && isPortcullisError(error, 'ERR_SESSION_ENDED')
}
