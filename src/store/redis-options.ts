/** The two options that everything in Redis has. */
import type { Faults } from '../options/index.ts'
import type { Redis } from '../redis/redis.ts'

/** Judges the client; one with faults must not be used. */
export function judgeRedis(given: Redis | undefined, wrong: Faults): Redis {
  if (typeof given?.call === 'function' && typeof given.ask === 'function') return given
  wrong.add('redis', given === undefined ? 'is required' : 'must be a client made by redis()')
  return given as unknown as Redis
}

/** Judges what every key begins with. Default `portcullis:`. */
export function judgePrefix(given: string | undefined, wrong: Faults): string {
  if (given === undefined) return 'portcullis:'
  if (typeof given === 'string' && /^[!-~]{1,64}$/.test(given)) return given
  wrong.add('prefix', 'must be 1 to 64 printable characters without spaces')
  return 'portcullis:'
}
