/** A connection to one Redis: words script calls as Upstash's REST API has them; `carry.ts` takes them there. */

import type { Deadline } from './deadline.ts'
import { type RedisEndpoint, type Reply, sendCommands } from './send.ts'

/** One script call, ready to be sent. */
export interface Command {
  readonly verb: 'evalsha' | 'eval'
  /** Digest or source. */
  readonly script: string
  readonly keys: readonly string[]
  readonly args: readonly string[]
}

/** A client for one address and token. */
export interface RedisConnection {
  /** This Redis does not know the flag `allow-key-locking`: learned once, then remembered. */
  plain: boolean
  /** Sends all commands as one HTTP request. Replies in their order. */
  send(commands: readonly Command[], deadline: Deadline): Promise<Reply[]>
}

/**
 * Makes a client. Replies come as JSON has them: text is not asked for in base64, which costs CPU, and not parsed as JSON
 * once more, which would turn `"123"` into 123.
 *
 * @see Redis's EVALSHA: the script, the number of keys, the keys, the arguments
 */
export function openConnection(place: RedisEndpoint): RedisConnection {
  return {
    plain: false,
    send: (commands, deadline) => sendCommands(commands.map(serializeCommand), place, deadline),
  }
}

function serializeCommand({ verb, script, keys, args }: Command): readonly (string | number)[] {
  return [verb, script, keys.length, ...keys, ...args]
}
