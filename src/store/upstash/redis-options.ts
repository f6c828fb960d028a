/** The two options that everything in Redis has. */
import type { Issues } from '../../options/index.ts'
import type { Redis } from '../../redis/redis.ts'

/** Judges the client; one with faults must not be used. */
export function validateRedis(value: Redis | undefined, issues: Issues): Redis {
  if (typeof value?.call === 'function' && typeof value.ask === 'function') return value
  issues.add('redis', value === undefined ? 'is required' : 'must be a client made by redis()')
  return value as unknown as Redis
}

/** Judges what every key begins with. Default `portcullis:`. */
export function validatePrefix(value: string | undefined, issues: Issues): string {
  if (value === undefined) return 'portcullis:'
  if (typeof value === 'string' && /^[!-~]{1,64}$/.test(value)) return value
  issues.add('prefix', 'must be 1 to 64 printable characters without spaces')
  return 'portcullis:'
}
