/**
 * Creates `redisThrottle()`, which stores failed logins in Redis: each operation is one script in
 * one HTTP request. Applications pass it as `store` to `loginThrottle()` and to the gateway's login
 * throttle. Wrong options throw a `ConfigError` while building. Its functions reject with
 * `ERR_STORE_UNAVAILABLE` where Redis cannot be reached and with `ERR_STORE_REFUSED` where its
 * reply is not one of the script; the login must not be tried then. Every key expires within a day.
 */
import { PortcullisError } from '../../../errors.ts'
import { checkKeys, createIssues } from '../../../options/index.ts'
import { adoptRedis, type RedisSource } from '../../../redis/adopt.ts'
import type { Redis } from '../../../redis/client.ts'
import type { Script } from '../../../redis/script.ts'
import { sharedAsk } from '../../../redis/shared.ts'
import type { ProjectEnv } from '../../../types.ts'
import { attemptScript, settleScript } from './scripts.ts'
import type { AttemptReply, Counters, Outcome, ThrottleStore } from './store.ts'

/** Options of {@link redisThrottle}. */
export interface RedisThrottleOptions<E = ProjectEnv> {
  /** The client: `redis({ url, token })` of `portcullis/redis`, or one of `@upstash/redis`. */
  readonly redis: RedisSource<E>
  /**
   * The prefix of every key. Default `portcullis:`; at most 64 printable characters. Use a
   * different one for each environment.
   */
  readonly prefix?: string
}

/** One script call, ready to be sent, alone or among others. */
export interface ThrottleCall {
  /** The script that Redis runs. */
  readonly script: Script
  /** Every key that the script reads or writes. */
  readonly keys: readonly string[]
  /** Its arguments, in the order the script reads them. */
  readonly args: readonly string[]
}

/**
 * A store in Redis whose calls can also be built and parsed separately, so that they share a
 * request with other commands.
 */
export interface RedisThrottle extends ThrottleStore {
  /** The Redis client. A batch of this client may carry the calls below. */
  readonly redis: Redis
  /** Returns the call that counts an attempt, for a caller that sends several together. */
  attemptRequest(counters: Counters, nowMs: number): ThrottleCall
  /**
   * Parses the reply to `attemptRequest`.
   *
   * @throws {PortcullisError} `ERR_STORE_REFUSED` for a reply that the script does not give
   */
  attemptReply(reply: unknown): AttemptReply
  /** Returns the call that settles an attempt. */
  settleRequest(counters: Counters, outcome: Outcome): ThrottleCall
}

/**
 * Creates a store of failed logins in Redis, which must be a single primary with the policy
 * `noeviction`. Its keys are digests, its values counts and times, and all expire within a day. Its
 * functions reject with `ERR_STORE_UNAVAILABLE` or `ERR_STORE_REFUSED` within the timeout of the
 * client.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 * @example
 * loginThrottle({ store: redisThrottle({ redis: client }), secret, platform: 'cloudflare' })
 */
export function redisThrottle<E = ProjectEnv>(options: RedisThrottleOptions<E>): RedisThrottle {
  const issues = createIssues('redisThrottle')
  checkKeys(issues, options, ['redis', 'prefix'])
  const { prefix = 'portcullis:' } = options ?? {}
  const redis = adoptRedis(options?.redis, issues)
  if (typeof prefix !== 'string' || !/^[!-~]{1,64}$/.test(prefix)) {
    issues.add('prefix', 'must be 1 to 64 printable characters without spaces')
  }

  issues.throwIfAny()

  const listKeys = ({ ticket, streaks, days }: Counters): string[] => {
    const owns = streaks.map(({ key, own = key }) => own)
    return [ticket, ...[...streaks, ...days].map(({ key }) => key), ...owns].map(
      (key) => `${prefix}l:${key}`,
    )
  }

  function attemptRequest(counters: Counters, nowMs: number): ThrottleCall {
    const { streaks, days } = counters
    const bounds = [
      ...streaks.flatMap(({ free, longest }) => [free, longest]),
      ...days.map(({ most }) => most),
    ]

    return {
      script: attemptScript,
      keys: listKeys(counters),
      args: [nowMs, streaks.length, ...bounds].map(String),
    }
  }

  function settleRequest(counters: Counters, outcome: Outcome): ThrottleCall {
    return {
      script: settleScript,
      keys: listKeys(counters),
      args: [outcome, `${counters.streaks.length}`],
    }
  }

  const send = (env: unknown, { script, keys, args }: ThrottleCall): Promise<unknown> =>
    redis.call(env, script, keys, args)

  return {
    redis,
    attemptRequest,
    attemptReply: parseAttemptReply,
    settleRequest,
    check: (env) => redis.check(env),
    attempt: async (counters, nowMs, { env }) =>
      parseAttemptReply(await send(env, attemptRequest(counters, nowMs))),
    settle: async (counters, outcome, _nowMs, { env }) =>
      (await send(env, settleRequest(counters, outcome))) === '1',
    settleLater(counters, outcome, { env }) {
      const redisBatch = sharedAsk(env, redis)
      if (redisBatch === undefined) return undefined

      const { script, keys, args } = settleRequest(counters, outcome)
      const reply = redisBatch.call(script, keys, args)

      return { send: () => redisBatch.send().then(async () => (await reply) === '1') }
    },
  }
}

/**
 * Parses the reply of the attempt script. Any other reply throws, so that none of them allows a
 * login.
 */
function parseAttemptReply(reply: unknown): AttemptReply {
  if (Array.isArray(reply)) {
    const numbers = reply.slice(1).map(Number)
    if (numbers.every((n) => Number.isSafeInteger(n) && n >= 0)) {
      if (reply[0] === 'allowed') return { is: 'allowed', failures: numbers }
      const [waitMs, slowest] = numbers
      if (reply[0] === 'denied' && waitMs !== undefined && slowest !== undefined)
        return { is: 'denied', waitMs, by: slowest }
    }
  }

  throw new PortcullisError(
    'ERR_STORE_REFUSED',
    'Redis returned no result of the script login-attempt',
  )
}
