/**
 * Opens a connection to one Redis: it writes script calls as commands and has them carried there.
 * Sources of connections create it, and `batch.ts` sends through it. It throws what its carrier
 * throws.
 */
import { createStoreBreaker, type StoreBreaker } from './breaker.ts'
import type { Deadline } from './deadline.ts'
import type { Reply } from './transport/send.ts'

/** One script call, ready to be sent. */
export interface Command {
  readonly verb: 'evalsha' | 'eval'
  /** Digest or source. */
  readonly script: string
  readonly keys: readonly string[]
  readonly args: readonly string[]
}

/** A command as Redis has it: its name, then its arguments. */
export type RedisCommand = ReadonlyArray<string | number>

/** Carries commands to one Redis and brings back as many replies, in their order. */
export type CarryCommands = (
  commands: readonly RedisCommand[],
  deadline: Deadline,
) => Promise<Reply[]>

/** Traits of one Redis, learned once for every client of it. */
export interface RedisTraits {
  /** This Redis does not know the flag `allow-key-locking`. */
  plain: boolean
  /** Whether it is away, as far as this isolate knows. */
  readonly breaker: StoreBreaker
}

/** A connection to one Redis. */
export interface RedisConnection {
  readonly traits: RedisTraits
  /** Sends all commands in one round trip. Replies in their order. */
  send(commands: readonly Command[], deadline: Deadline): Promise<Reply[]>
}

/** How a client finds the Redis of a request. */
export interface ConnectionSource {
  /** The connection for this environment. @throws {ConfigError} where it is not set up */
  connect(env: unknown): RedisConnection
  /** Validates what the environment holds, and sends nothing. @throws {ConfigError} */
  check(env: unknown): void
  /** Returns a value that is the same for two clients that may share one round trip. Absent: they are one client. */
  identify?(env: unknown): unknown
}

/** The traits of a Redis before it was asked. */
export function createTraits(): RedisTraits {
  return { plain: false, breaker: createStoreBreaker() }
}

/** Makes a connection. Clients of one Redis share its traits. */
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
