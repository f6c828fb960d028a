/** Decides whether what an upstream asks of a session is granted here, and does it. */
import { PortcullisError } from '../errors.ts'
import { isSafeMethod } from '../request/index.ts'
import type { SessionHandle } from '../session/index.ts'
import type { Route } from './config.ts'
import { type ParsedHeader, parseSessionHeader, type SessionOrder } from './protocol.ts'

/** The answer a header came with. */
export interface Occasion {
  readonly method: string
  readonly status: number
  readonly route: Route
  /** What this very request told the upstream; undefined where it told nothing. */
  readonly nonce: string | undefined
}

/** Reads the header and judges it by the answer, the method and what the route grants. */
export function judgeHeader(value: string, { method, status, route, nonce }: Occasion): ParsedHeader {
  if (nonce === undefined) return { ok: false, reason: 'not-granted' }
  const parsed = parseSessionHeader(value, nonce)
  if (!parsed.ok) return parsed
  const { order } = parsed
  if (method === 'OPTIONS') return { ok: false, reason: 'method' }
  const done = status >= 200 && status < 400 && status !== 304
  // Whoever asks for an end gets it, also from a page that says 401 or 404.
  if (!done && !(order.verb === 'end' && status >= 400 && status < 500)) return { ok: false, reason: 'status' }
  if (!route.sessions?.includes(order.verb)) return { ok: false, reason: 'not-granted' }
  // A link or an image must not be able to log somebody in, or out everywhere.
  const grave = order.verb === 'start' || order.verb === 'endAll'
  if (grave && isSafeMethod(method) && !(method === 'GET' && route.startOnGet === true)) {
    return { ok: false, reason: 'unsafe-method' }
  }
  // Versions come with stored sessions, and so does ending another user's.
  const versioned = order.verb === 'set' && order.ifVersion !== undefined
  if (versioned || (order.verb === 'endAll' && order.user !== undefined)) return { ok: false, reason: 'unsupported' }
  return parsed
}

/**
 * Does what was granted. Resolves when it is certain, so that no answer promises what was not kept.
 *
 * @throws {PortcullisError} what the verbs of a session throw
 */
export async function applyOrder(session: SessionHandle<object>, order: SessionOrder): Promise<void> {
  if (order.verb === 'end') return session.end()
  if (order.verb === 'endAll') return session.endAll()
  if (order.verb === 'start') return session.start(order.data, { keep: order.keep as never[] })
  const { set, unset, incr, flash } = order
  if (set.size + unset.length + incr.size > 0) {
    await session.update((data) => {
      const next = new Map<string, unknown>(Object.entries(data ?? {}))
      for (const [name, value] of set) next.set(name, value)
      for (const name of unset) next.delete(name)
      for (const [name, by] of incr) next.set(name, sum(next.get(name), by))
      return Object.fromEntries(next)
    })
  }
  for (const [name, value] of flash) session.flash(name, value)
}

function sum(value: unknown, by: number): number {
  const total = (value ?? 0) as number
  if (Number.isSafeInteger(total) && Number.isSafeInteger(total + by)) return total + by
  throw new PortcullisError('ERR_SESSION_DATA', 'incr names a member that is no whole number, or would be none')
}
