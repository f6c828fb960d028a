/** Decides whether what an upstream asks of a session is granted here, and does it. */
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

/** Reads the header and judges it by the answer, the method and what the route grants. */
export function authorizeHeader(
  value: string,
  { method, status, route, nonce, versions }: SessionHeaderContext,
): ParsedHeader {
  if (nonce === undefined) return { ok: false, reason: 'not-granted' }
  const parsed = parseSessionHeader(value, nonce)
  if (!parsed.ok) return parsed
  const { order } = parsed
  if (method === 'OPTIONS') return { ok: false, reason: 'method' }
  const done = status >= 200 && status < 400 && status !== 304
  // A command to end the session is applied whatever the status, also with a page of 401 or 404.
  if (!done && !(order.verb === 'end' && status >= 400 && status < 500))
    return { ok: false, reason: 'status' }
  if (!route.sessions?.includes(order.verb)) return { ok: false, reason: 'not-granted' }
  // A link or an image must not be able to log somebody in, or out everywhere.
  const needsUnsafeMethod = requiresUnsafeMethod(order.verb)
  if (
    needsUnsafeMethod &&
    isSafeMethod(method) &&
    !(method === 'GET' && route.startOnGet === true)
  ) {
    return { ok: false, reason: 'unsafe-method' }
  }
  const versioned = order.verb === 'set' && order.ifVersion !== undefined
  return versioned && !versions ? { ok: false, reason: 'unsupported' } : parsed
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
 * Does what was granted. Resolves when it is certain, so that no answer promises what was not kept.
 *
 * @throws {PortcullisError} what the verbs of a session throw; `ERR_CONFIG` for one that these sessions cannot keep
 */
export async function applyCommand(
  target: SessionCommandTarget,
  order: SessionCommand,
): Promise<void> {
  const { session } = target
  // A logout leaves nothing behind but what is said after it; anything else is written together with its messages.
  const ends =
    (order.verb === 'end' && order.id === undefined) ||
    (order.verb === 'endAll' && !order.exceptCurrent)
  if (ends) await applyVerb(target, order)
  for (const [name, value] of order.flash ?? []) session.flash(name, value)
  if (!ends) await applyVerb(target, order)
}

async function applyVerb(
  { session, strategy, env, context, user }: SessionCommandTarget,
  order: SessionCommand,
): Promise<void> {
  if (order.verb === 'end')
    return order.id === undefined ? session.end() : void (await session.endOne(order.id))
  if (order.verb === 'endAll') return session.endAll({ exceptCurrent: order.exceptCurrent })
  if (order.verb === 'endAny') return endAny(strategy, order.user, { env, context, user })
  if (order.verb === 'start') return session.start(order.data, { keep: order.keep as never[] })
  const { set, unset, incr, ifVersion } = order
  if (set.size + unset.length + incr.size === 0 && ifVersion === undefined) return
  await session.update(
    (data) => {
      const next = new Map<string, unknown>(Object.entries(data ?? {}))
      for (const [name, value] of set) next.set(name, value)
      for (const name of unset) next.delete(name)
      for (const [name, by] of incr) next.set(name, addNumber(next.get(name), by))
      return Object.fromEntries(next)
    },
    ifVersion === undefined ? {} : { ifVersion },
  )
}

/** Also where the strategy of this environment turns out to store nothing: an account that was closed must not stay open. */
async function endAny(
  strategy: SessionStrategy<object>,
  user: string,
  asked: Pick<SessionCommandTarget, 'env' | 'context' | 'user'>,
): Promise<void> {
  const { endAll } = strategy as Partial<ChosenStrategy<object>>
  if (endAll === undefined)
    throw new ConfigError([
      { option: 'session', problem: 'is stateless: it cannot end the sessions of a user' },
    ])
  const { env, context, user: administrator } = asked
  const by = { actor: 'origin', ...(administrator && { user: administrator }) } as const
  await endAll({ user, env, context, by })
}

function addNumber(value: unknown, by: number): number {
  const total = (value ?? 0) as number
  if (Number.isSafeInteger(total) && Number.isSafeInteger(total + by)) return total + by
  throw new PortcullisError(
    'ERR_SESSION_DATA',
    'incr names a member that is no whole number, or would be none',
  )
}
