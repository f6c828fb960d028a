/** Parts of one script, there and back. Pure. */
import { refused } from '../redis/failure.ts'
import type { Part, PartAnswer } from './contract.ts'

/** Arguments of the script for these parts. */
export function takeArgs(parts: readonly Part[], write: boolean): string[] {
  const args = [write ? '1' : '0']
  for (const { now, limit, windowMs, cost, grainMs, burst } of parts) {
    args.push(`${now}`, `${limit}`, `${windowMs}`, `${cost}`, `${grainMs}`, `${burst}`)
  }
  return args
}

/**
 * What the script answered, part by part.
 *
 * @throws {PortcullisError} `ERR_STORE_REFUSED` for what is no such answer: never a reason to let somebody pass
 */
export function takeAnswers(reply: unknown, count: number): PartAnswer[] {
  if (!Array.isArray(reply) || reply.length !== count * 4) throw refused('strange-answer', 'limit-take')
  const answers: PartAnswer[] = []
  for (let at = 0; at < reply.length; at += 4) {
    const [free, retryAt, resetAt] = [number(reply[at + 1]), number(reply[at + 2]), number(reply[at + 3])]
    if (reply[at] !== '0' && reply[at] !== '1') throw refused('strange-answer', 'limit-take')
    const never = retryAt < 0
    answers.push({ allowed: reply[at] === '1', free, retryAt: never ? Number.POSITIVE_INFINITY : retryAt, resetAt })
  }
  return answers
}

function number(text: unknown): number {
  if (typeof text === 'string' && /^-?\d{1,16}$/.test(text)) return Number(text)
  throw refused('strange-answer', 'limit-take')
}
