/**
 * Decides whether what an upstream asks of a session is granted, and applies it.
 * `proxy/forward/session-header.ts` calls it for each response with a command. A command that is
 * not granted is rejected with a reason; applying one throws what the verbs of a session throw.
 */
import { ConfigError, PortcullisError } from '../errors.ts'
import { isSafeMethod } from '../request/index.ts'
import type { ChosenStrategy, SessionHandle, SessionStrategy } from '../session/index.ts'
import type { SessionGrants, SessionVerb } from './grants.ts'
import { type ParsedHeader, parseSessionHeader, type SessionCommand } from './parse.ts'

/** The answer a header came with. */
export interface SessionHeaderContext {
  readonly method: string
  readonly status: number
  readonly route: SessionGrants
  /** The nonce that this request sent to the upstream; undefined where it sent none. */
  readonly nonce: string | undefined
  /** Whether sessions have versions: stored ones do. */
  readonly versions: boolean
}

/** Parses the header, and authorizes it by the status, the method and the grants of the route. */
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
  // A command to end the session is applied whatever the status, also with a page of 401 or 404.
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

/** Verbs for methods that may change something only. */
export function requiresUnsafeMethod(verb: SessionVerb): boolean {
  return verb === 'start' || verb === 'endAll' || verb === 'endAny'
}

/** Where an order is carried out. */
export interface SessionCommandTarget {
  readonly session: SessionHandle<object>
  /** The one that serves this environment. */
  readonly strategy: SessionStrategy<object>
  readonly env: unknown
  /** By this object events find the listener of the request. */
  readonly context: object
  /** The user of the session; undefined for a visitor. */
  readonly user: string | undefined
}

/**
 * Applies an authorized command. Resolves when the store has confirmed it, so that no response
 * promises a change that was lost.
 *
 * @throws {PortcullisError} what the verbs of a session throw; `ERR_CONFIG` for one that these sessions cannot keep
 */
export async function applyCommand(
  target: SessionCommandTarget,
  command: SessionCommand,
): Promise<void> {
  const { session } = target
  // End first, so that messages survive the end; any other change is written together with its
  // messages.
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
      const next = new Map<string, unknown>(Object.entries(data ?? {}))
      for (const [memberName, memberValue] of setMembers) next.set(memberName, memberValue)
      for (const memberName of unsetNames) next.delete(memberName)
      for (const [memberName, amount] of increments)
        next.set(memberName, addNumber(next.get(memberName), amount))

      return Object.fromEntries(next)
    },
    ifVersion === undefined ? {} : { ifVersion },
  )
}

/** Also where the strategy of this environment turns out to store nothing: an account that was closed must not stay open. */
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
    'incr needs a member that is a safe integer, before and after',
  )
}
