/**
 * Serializes takes to the arguments of the exact limiter's script, and parses the script's replies.
 * `exactLimiter()` and `takes.ts` call it. A reply of any other shape throws `ERR_STORE_REFUSED`,
 * so it never counts as allowed. A batch that mixes several takes is parsed whole or not at all.
 */
import { createRejectedError } from '../../redis/failure.ts'
import type { PartAnswer, TakePart } from '../contract.ts'

/**
 * Serializes takes to the script's arguments. `write` is false for a peek, which changes nothing.
 */
export function serializeTakes(parts: readonly TakePart[], write: boolean): string[] {
  const args = [write ? '1' : '0']
  for (const { now, limit, windowMs, cost, grainMs, burst } of parts) {
    args.push(`${now}`, `${limit}`, `${windowMs}`, `${cost}`, `${grainMs}`, `${burst}`)
  }
  return args
}

/**
 * Parses the script's reply, which has four texts for each take.
 *
 * @throws {PortcullisError} `ERR_STORE_REFUSED` for any other reply, so that none of them allows a
 *   request
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
