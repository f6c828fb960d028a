/**
 * Counts takes inside a Durable Object, by the rule of `exact/log.ts`, in a SQL table of the
 * object. The class `PortcullisObject` calls these functions for `durableObjectLimiter()`, each
 * inside a transaction. Nothing here awaits, so parallel takes are counted one after another. A
 * take that is sent twice within 60 s, because its reply was lost, counts once; later it counts
 * again. Arguments are not validated here, and SQL errors are thrown to the object.
 */
import type { ObjectSql } from '../../store/durable-object/platform.ts'
import {
  createValueSchema,
  openValueTable,
  type ValueTableParts,
} from '../../store/durable-object/value-table.ts'
import type { PartAnswer } from '../contract.ts'
import { evaluateLog, findResolution, type KeptLog } from '../exact/log.ts'

/** A take as the limiter sends it to the object. */
export interface ObjectTake {
  readonly key: string
  readonly limit: number
  readonly windowMs: number
  readonly cost: number
  readonly now: number
  /**
   * The id of this take, by which a repeated one counts once. Absent for a peek, which changes
   * nothing.
   */
  readonly write?: string
}

/**
 * The result of a take. `retryAt` is null where it will never be allowed, since Infinity is no
 * JSON.
 */
export type ObjectTakeAnswer = Omit<PartAnswer, 'retryAt'> & { readonly retryAt: number | null }

/** Creates the table of counts. */
export function createCountTables(sql: ObjectSql): void {
  createValueSchema(sql, 'counts')
}

/** How long the result of a take is stored for a repetition, in ms. */
const resendMs = 60_000

/** Creates the functions of an object whose table exists. */
export function createCounts(parts: ValueTableParts) {
  const { find, keep, forget } = openValueTable('counts', parts)

  function evaluate({ key, limit, windowMs, cost, now, write }: ObjectTake): PartAnswer {
    const rule = { limit, windowMs, grainMs: findResolution(limit, windowMs) }
    const answer = evaluateLog(find<KeptLog>(`l ${key}`) ?? { log: [], shift: 0 }, rule, cost, now)
    const { allowed, free, retryAt, resetAt, next, nextResetAt, afterDenial, keepUntil } = answer
    if (write === undefined) return { allowed, free, retryAt, resetAt }

    const nextLog = allowed ? next : afterDenial
    // It is stored five seconds longer, for takes that were sent before it expires and arrive
    // afterwards.
    if (nextLog !== undefined) keep(`l ${key}`, nextLog, Math.max(0, keepUntil - now) + 5_000)
    return allowed
      ? { allowed, free: free - cost, retryAt, resetAt: nextResetAt }
      : { allowed, free, retryAt, resetAt }
  }

  return {
    take(part: ObjectTake): ObjectTakeAnswer {
      const earlierAnswer = part.write && find<ObjectTakeAnswer>(`t ${part.write}`)
      if (earlierAnswer) return earlierAnswer
      const { retryAt, ...answer } = evaluate(part)
      const takeAnswer = { ...answer, retryAt: Number.isFinite(retryAt) ? retryAt : null }
      if (part.write !== undefined && answer.allowed) keep(`t ${part.write}`, takeAnswer, resendMs)
      return takeAnswer
    },
    forget(key: string): boolean {
      forget(`l ${key}`)
      return true
    },
  }
}
