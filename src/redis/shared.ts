/** Lets what several rooms ask Redis for one web request travel together, though none of them knows of the others. */
import type { RedisBatch } from './batch.ts'
import type { Redis } from './redis.ts'

// On environments that were made for one request each: nobody can keep an Ask longer than that. Not in a WeakMap, whose
// entries cost the collector more than the request they are for.
const shared = Symbol('shared')

interface SharedBatches {
  /** The environment it was made with; a copy of one shares nothing. */
  readonly of: object
  readonly asks: Map<Redis, RedisBatch>
}

/**
 * An environment for one web request, which finds everything that `env` holds. Whatever is called with it goes through the
 * request's one Ask of a client, and takes along what waits there.
 */
export function shareAsks(env: unknown): object {
  const made = Object.create((env ?? null) as object | null) as object
  ;(made as { [shared]?: SharedBatches })[shared] = { of: made, asks: new Map() }
  return made
}

/** The Ask that a request shares; undefined where `env` was made for none. What is called there waits for its `send`. */
export function sharedAsk(env: unknown, client: Redis): RedisBatch | undefined {
  const found =
    typeof env === 'object' && env !== null
      ? (env as { [shared]?: SharedBatches })[shared]
      : undefined
  if (found === undefined || found.of !== env) return undefined
  const { asks } = found
  const ask = asks.get(client) ?? client.ask(env)
  asks.set(client, ask)
  return ask
}
