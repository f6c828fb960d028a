/**
 * Defines a connection to one Redis and creates it: it serializes script calls to commands, and a
 * transport carries them. The sources of connections (`http-source.ts`, `send-source.ts`,
 * `upstash-source.ts`) create it, and batches send through it. It rejects with the error of its
 * transport. Traits of a Redis, such as its breaker, are shared by all connections to it in this
 * isolate.
 */
import { createStoreBreaker, type StoreBreaker } from './breaker.ts'
import type { Deadline } from './deadline.ts'
import type { Reply } from './transport/send.ts'

/** A script call to send. */
export interface Command {
  readonly verb: 'evalsha' | 'eval'
  /** The digest for `evalsha`, the source for `eval`. */
  readonly script: string
  readonly keys: readonly string[]
  readonly args: readonly string[]
}

/** A command in Redis's form: its name, then its arguments. */
export type RedisCommand = ReadonlyArray<string | number>

/** Sends commands to one Redis and returns as many replies, in the same order. */
export type CarryCommands = (
  commands: readonly RedisCommand[],
  deadline: Deadline,
) => Promise<Reply[]>

/** Facts about one Redis, shared by all its clients in this isolate. */
export interface RedisTraits {
  /**
   * Whether this Redis does not know the flag `allow-key-locking`, so that scripts are sent without
   * it.
   */
  plain: boolean
  /** The breaker, which knows whether this Redis is unavailable. */
  readonly breaker: StoreBreaker
}

/** A connection to one Redis. */
export interface RedisConnection {
  readonly traits: RedisTraits
  /** Sends all commands in one round trip, and returns their replies in the same order. */
  send(commands: readonly Command[], deadline: Deadline): Promise<Reply[]>
}

/** Finds the Redis of a request for a client. */
export interface ConnectionSource {
  /**
   * Returns the connection for this environment.
   *
   * @throws {ConfigError} where it is not configured
   */
  connect(env: unknown): RedisConnection
  /**
   * Validates the values in the environment without sending anything.
   *
   * @throws {ConfigError}
   */
  check(env: unknown): void
  /**
   * Returns a value that is equal for two clients which may share one round trip. Absent where each
   * client is its own.
   */
  identify?(env: unknown): unknown
}

/** Returns the traits of a Redis before its first call. */
export function createTraits(): RedisTraits {
  return { plain: false, breaker: createStoreBreaker() }
}

/** Creates a connection. Clients of one Redis share its traits. */
export function openConnection(
  carry: CarryCommands,
  traits: RedisTraits = createTraits(),
): RedisConnection {
  return {
    traits,
    send: (commands, deadline) => carry(commands.map(serializeCommand), deadline),
  }
}

/** @see Redis's EVALSHA: the script, the number of keys, the keys, the arguments */
function serializeCommand({ verb, script, keys, args }: Command): RedisCommand {
  return [verb, script, keys.length, ...keys, ...args]
}
