/**
 * Authorizes and applies the command with which an upstream changes the session of its client (the response header
 * `Portcullis-Session`). `proxy/forward/session-header.ts` calls it for each response with that header;
 * `validate-routes.ts` uses `requiresUnsafeMethod`. A command that is not granted gives a reason and changes nothing.
 * Applying a command rejects with the errors of the session, such as `ERR_STORE_UNAVAILABLE`, with
 * `ERR_SESSION_DATA` for an impossible `incr`, and with `ERR_CONFIG` for a verb that these sessions do not support.
 */
import { ConfigError, PortcullisError } from '../errors.ts'
import { isSafeMethod } from '../request/index.ts'
import type { ChosenStrategy, SessionHandle, SessionStrategy } from '../session/index.ts'
import type { SessionGrants, SessionVerb } from './grants.ts'
import { type ParsedHeader, parseSessionHeader, type SessionCommand } from './parse.ts'

/** The response that has the header, and the rights of its route. */
export interface SessionHeaderContext {
  readonly method: string
  readonly status: number
  readonly route: SessionGrants
  /** The nonce that the upstream received with this request; undefined if it received none. */
  readonly nonce: string | undefined
  /** Whether the sessions have versions, as stored ones do. */
  readonly versions: boolean
}

/** Parses the header, and authorizes its command by the status, the method and the grants of the route. */
export function authorizeHeader(
  headerValue: string,
  { method, status, route, nonce, versions }: SessionHeaderContext,
): ParsedHeader {
  if (nonce === undefined) return { ok: false, reason: 'not-granted' }
  const parsedHeader = parseSessionHeader(headerValue, nonce)
  if (!parsedHeader.ok) return parsedHeader
  const { order: command } = parsedHeader
  if (method === 'OPTIONS') return { ok: false, reason: 'method' }
  const hasSucceeded = status >= 200 && status < 400 && status !== 304
  // `end` is also applied with a status of 4xx, such as a page of 401 or 404.
  if (!hasSucceeded && !(command.verb === 'end' && status >= 400 && status < 500))
    return { ok: false, reason: 'status' }

  if (!route.sessions?.includes(command.verb)) return { ok: false, reason: 'not-granted' }
  // A link or an image must not be able to sign a user in, or to end all sessions.
  const needsUnsafeMethod = requiresUnsafeMethod(command.verb)
  if (
    needsUnsafeMethod &&
    isSafeMethod(method) &&
    !(method === 'GET' && route.startOnGet === true)
  ) {
    return { ok: false, reason: 'unsafe-method' }
  }

  const hasVersion = command.verb === 'set' && command.ifVersion !== undefined

  return hasVersion && !versions ? { ok: false, reason: 'unsupported' } : parsedHeader
}

/** Whether a verb is only granted on methods that may change data. */
export function requiresUnsafeMethod(verb: SessionVerb): boolean {
  return verb === 'start' || verb === 'endAll' || verb === 'endAny'
}

/** The session to which a command is applied, and its context. */
export interface SessionCommandTarget {
  readonly session: SessionHandle<object>
  /** The strategy that is used in this environment. */
  readonly strategy: SessionStrategy<object>
  readonly env: unknown
  /** The object with which events are emitted, so that they reach the listener of the request. */
  readonly context: object
  /** The user of the session; undefined for a visitor. */
  readonly user: string | undefined
}

/**
 * Applies an authorized command. It resolves when the store has confirmed the change, so that no
 * response promises a change that was lost.
 *
 * @throws {PortcullisError} with the errors of the session; `ERR_CONFIG` for a verb that these sessions do not support
 */
export async function applyCommand(
  target: SessionCommandTarget,
  command: SessionCommand,
): Promise<void> {
  const { session } = target
  // Sessions are ended before messages are added, so that the messages survive. Other changes are
  // written together with their messages.
  const endSessions =
    (command.verb === 'end' && command.id === undefined) ||
    (command.verb === 'endAll' && !command.exceptCurrent)
  if (endSessions) await applyVerb(target, command)
  for (const [memberName, message] of command.flash ?? []) session.flash(memberName, message)
  if (!endSessions) await applyVerb(target, command)
}

async function applyVerb(
  { session, strategy, env, context, user }: SessionCommandTarget,
  command: SessionCommand,
): Promise<void> {
  if (command.verb === 'end')
    return command.id === undefined ? session.end() : void (await session.endOne(command.id))

  if (command.verb === 'endAll') return session.endAll({ exceptCurrent: command.exceptCurrent })
  if (command.verb === 'endAny') return endAny(strategy, command.user, { env, context, user })
  if (command.verb === 'start')
    return session.start(command.data, { keep: command.keep as never[] })

  const { set: setMembers, unset: unsetNames, incr: increments, ifVersion } = command
  if (setMembers.size + unsetNames.length + increments.size === 0 && ifVersion === undefined) return
  await session.update(
    (data) => {
      const members = new Map<string, unknown>(Object.entries(data ?? {}))
      for (const [memberName, memberValue] of setMembers) members.set(memberName, memberValue)
      for (const memberName of unsetNames) members.delete(memberName)
      for (const [memberName, amount] of increments)
        members.set(memberName, addNumber(members.get(memberName), amount))

      return Object.fromEntries(members)
    },
    ifVersion === undefined ? {} : { ifVersion },
  )
}

/**
 * Ends all sessions of a user. It throws if the strategy of this environment cannot do that: otherwise a user whose
 * account was closed would stay signed in without notice.
 */
async function endAny(
  strategy: SessionStrategy<object>,
  user: string,
  caller: Pick<SessionCommandTarget, 'env' | 'context' | 'user'>,
): Promise<void> {
  const { endAll } = strategy as Partial<ChosenStrategy<object>>
  if (endAll === undefined)
    throw new ConfigError([
      { option: 'session', problem: 'is stateless: it cannot end the sessions of a user' },
    ])

  const { env, context, user: administrator } = caller
  const actorFields = { actor: 'origin', ...(administrator && { user: administrator }) } as const
  await endAll({ user, env, context, by: actorFields })
}

function addNumber(currentValue: unknown, amount: number): number {
  const currentTotal = (currentValue ?? 0) as number
  if (Number.isSafeInteger(currentTotal) && Number.isSafeInteger(currentTotal + amount))
    return currentTotal + amount

  throw new PortcullisError(
    'ERR_SESSION_DATA',
    'incr needs a member that is a safe integer before and after the change',
  )
}
