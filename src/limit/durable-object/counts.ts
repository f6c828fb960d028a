/**
 * Counts takes inside a Durable Object by the exact rule of `exact/log.ts`. `PortcullisObject`
 * runs each verb in a transaction, and nothing here waits, so takes at the same time are counted
 * one after the other.
 */
import type { ObjectSql } from '../../store/durable-object/platform.ts'
import {
  createValueSchema,
  openValueTable,
  type ValueTableParts,
} from '../../store/durable-object/value-table.ts'
import type { PartAnswer } from '../contract.ts'
import { evaluateLog, findResolution, type KeptLog } from '../exact/log.ts'

/** One take, as it is sent to an object. */
export interface ObjectTake {
  readonly key: string
  readonly limit: number
  readonly windowMs: number
  readonly cost: number
  readonly now: number
  /** Id of this take: sent twice it counts once. Absent: it only looks. */
  readonly write?: string
}

/** The result of a take; `retryAt` is null where it will never be allowed. */
export type ObjectTakeAnswer = Omit<PartAnswer, 'retryAt'> & { readonly retryAt: number | null }

/** Makes the table. */
export function createCountTables(sql: ObjectSql): void {
  createValueSchema(sql, 'counts')
}

/** Milliseconds for which a take is remembered that may be sent again. */
const resendMs = 60_000

/** The verbs over a database whose table is there. */
export function createCounts(parts: ValueTableParts) {
  const { find, keep, forget } = openValueTable('counts', parts)

  function evaluate({ key, limit, windowMs, cost, now, write }: ObjectTake): PartAnswer {
    const rule = { limit, windowMs, grainMs: findResolution(limit, windowMs) }
    const answer = evaluateLog(find<KeptLog>(`l ${key}`) ?? { log: [], shift: 0 }, rule, cost, now)
    const { allowed, free, retryAt, resetAt, next, nextResetAt, afterDenial, keepUntil } = answer
    if (write === undefined) return { allowed, free, retryAt, resetAt }

    const kept = allowed ? next : afterDenial
    // Five seconds more, for takes that were sent before it expires and arrive after it.
    if (kept !== undefined) keep(`l ${key}`, kept, Math.max(0, keepUntil - now) + 5_000)
    return allowed
      ? { allowed, free: free - cost, retryAt, resetAt: nextResetAt }
      : { allowed, free, retryAt, resetAt }
  }

  return {
    take(part: ObjectTake): ObjectTakeAnswer {
      const before = part.write && find<ObjectTakeAnswer>(`t ${part.write}`)
      if (before) return before
      const { retryAt, ...answer } = evaluate(part)
      const sent = { ...answer, retryAt: Number.isFinite(retryAt) ? retryAt : null }
      if (part.write !== undefined && answer.allowed) keep(`t ${part.write}`, sent, resendMs)
      return sent
    },
    forget(key: string): boolean {
      forget(`l ${key}`)
      return true
    },
  }
}
