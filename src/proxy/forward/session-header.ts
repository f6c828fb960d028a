/**
 * Applies the session command in an upstream's response (the header `Portcullis-Session`), before the response is sent.
 * `forward.ts` creates the function and calls it for responses with the header. A command that is not granted or
 * malformed is ignored and emits `session-header-refused`. It rejects as the session store does, so that no response
 * promises a change that was lost. A write to a session that was ended elsewhere is dropped with an event if the
 * upstream had not seen the session.
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

/** The sessions that commands change. */
export interface ForwardSessions<C extends ForwardContext> {
  /** Finds the strategy that is used in an environment; undefined if there are no sessions. */
  findStrategy(env: unknown): SessionStrategy<object> | undefined
  /** Opens the session handle of a request at the first call and returns the same one later. */
  open(ctx: C): FlushableHandle<object> | undefined
}

/** An upstream's response that has a session header, and its request. */
export interface SessionResponse<C extends ForwardContext> {
  readonly ctx: C
  /** The session that was described to the upstream. */
  readonly session: LoadedSession | undefined
  readonly login: LoginAttemptHooks | undefined
  /** The nonce that the upstream received with this request. */
  readonly nonce: string | undefined
  /** The status of the upstream's response. */
  readonly status: number
  /** The header `Portcullis-Session` of the upstream's response. */
  readonly sessionHeader: string
  /** The response for the client. */
  readonly response: Response
}

/** Applies the header `Portcullis-Session` if the route grants its command. */
export type ApplySessionHeader<C extends ForwardContext> = (
  sessionResponse: SessionResponse<C>,
) => Promise<void>

/** Options of applying commands. */
export interface SessionHeaderOptions {
  readonly emit: Emit
  /** Reads the user from a session's data. */
  readonly user: ((data: object) => string | undefined) | undefined
}

/** Creates the function that applies session headers. */
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
    // The response must not be stored even if the command is rejected, since it was written for one session.
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

/**
 * Applies a command. If it starts a session, the login attempt is notified, since that may prove that the login
 * succeeded.
 */
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
 * Whether a write may be dropped: the session was ended on another device, and the upstream had received no session.
 * Then its page holds nothing personal, and is sent without the write.
 */
function isHarmlessWrite(
  { session }: Pick<SessionResponse<ForwardContext>, 'session'>,
  { verb }: SessionCommand,
  error: unknown,
): boolean {
  return verb === 'set' && session === undefined && isPortcullisError(error, 'ERR_SESSION_ENDED')
}
