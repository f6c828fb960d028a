/**
 * Serializes takes to arguments of the limiter's script, and parses its replies. `exact.ts` and
 * `takes.ts` call it. A reply of another form throws `ERR_STORE_REFUSED`; it never counts as
 * allowed.
 */
import { createRejectedError } from '../../redis/failure.ts'
import type { PartAnswer, TakePart } from '../contract.ts'

/** Arguments of the script for these parts. */
export function serializeTakes(parts: readonly TakePart[], write: boolean): string[] {
  const args = [write ? '1' : '0']
  for (const { now, limit, windowMs, cost, grainMs, burst } of parts) {
    args.push(`${now}`, `${limit}`, `${windowMs}`, `${cost}`, `${grainMs}`, `${burst}`)
  }
  return args
}

/**
 * Parses the reply of the script, part by part.
 *
 * @throws {PortcullisError} `ERR_STORE_REFUSED` for what is no such answer: never a reason to let somebody pass
 */
export function parseTakeReplies(reply: unknown, count: number): PartAnswer[] {
  if (!Array.isArray(reply) || reply.length !== count * 4)
    throw createRejectedError('strange-answer', 'limit-take')

  const answers: PartAnswer[] = []
  for (let index = 0; index < reply.length; index += 4) {
    const [free, retryAt, resetAt] = [
      parseNumber(reply[index + 1]),
      parseNumber(reply[index + 2]),
      parseNumber(reply[index + 3]),
    ]

    if (reply[index] !== '0' && reply[index] !== '1')
      throw createRejectedError('strange-answer', 'limit-take')

    const never = retryAt < 0
    answers.push({
      allowed: reply[index] === '1',
      free,
      retryAt: never ? Number.POSITIVE_INFINITY : retryAt,
      resetAt,
    })
  }

  return answers
}

function parseNumber(text: unknown): number {
  if (typeof text === 'string' && /^-?\d{1,16}$/.test(text)) return Number(text)
  throw createRejectedError('strange-answer', 'limit-take')
}
