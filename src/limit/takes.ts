/**
 * Consumes the units of several limiters for one request: first limiters that count in this
 * isolate, then all that count in Redis, with one HTTP request for each Redis client.
 * `limitGate()`, `rateLimit()` and applications call it. `prepareTakes` rejects where a limiter
 * rejects the cost or its configuration. Afterwards nothing rejects: a limiter whose store fails
 * has an outcome with the error, and the caller decides what to do. Units that an earlier limiter
 * consumed stay consumed when a later one denies.
 */
import type { RedisBatch } from '../redis/batch.ts'
import type { Redis } from '../redis/client.ts'
import { sharedAsk } from '../redis/shared.ts'
import {
  type BasicLimiter,
  isRedisLimiter,
  type LimitContext,
  type PreparedTake,
  type TakeResult,
} from './contract.ts'
import { parseTakeReplies, serializeTakes } from './exact/reply.ts'
import { takeScript } from './exact/script.ts'

/** One take among several. */
export interface Take {
  /** The limiter whose units are consumed. */
  readonly limiter: BasicLimiter
  /**
   * The key whose units are consumed, as the policy returns it. The limiter digests it before it is
   * stored.
   */
  readonly key: string
  /** The number of units to consume. */
  readonly cost: number
}

/**
 * The result of each take, in the same order. A take is undefined where another limiter denied the
 * request before this one was evaluated.
 */
export type Outcomes = ReadonlyArray<PromiseSettledResult<TakeResult> | undefined>

/**
 * Takes that are ready: all local limiters have counted, and the commands for Redis are computed
 * but not sent.
 */
export interface PreparedTakes {
  /**
   * The Redis clients that must be called. An empty list means that everything is already decided.
   */
  readonly clients: readonly Redis[]
  /**
   * Adds all calls to the batches before it returns. The promise resolves once those batches were
   * sent, and never rejects. `askOf` returns the request's batch for a client.
   */
  decide(askOf: (client: Redis) => RedisBatch): Promise<Outcomes>
}

type TakePartItem = Extract<PreparedTake, { is: 'part' }>

/**
 * Prepares to consume units of several limiters. Limiters of this isolate consume immediately, in
 * order. The first that denies ends the process, and no other limiter is called; a key that this
 * isolate remembers as blocked does the same. In Redis, one script decides about all exact limiters
 * of one client: if one denies, none consumes. Limiters of @upstash/ratelimit decide independently
 * in the same request, so they consume even where another one denies.
 *
 * @example
 * const { decide, clients } = await prepareTakes([{ limiter, key: 'user:7', cost: 1 }], { env })
 */
export async function prepareTakes(
  takes: readonly Take[],
  context: LimitContext,
): Promise<PreparedTakes> {
  const outcomes: Array<PromiseSettledResult<TakeResult> | undefined> = takes.map(() => undefined)
  const decidedTakes: PreparedTakes = { clients: [], decide: async () => outcomes }
  const remote: Array<
    readonly [index: number, client: Redis, prepared: Exclude<PreparedTake, { is: 'blocked' }>]
  > = []

  for (const [index, { limiter, key, cost }] of takes.entries()) {
    if (!isRedisLimiter(limiter)) continue

    const prepared = await limiter.prepareTake(key, cost, context)
    if (prepared.is !== 'blocked') {
      remote.push([index, limiter.redis, prepared])
      continue
    }

    outcomes[index] = { status: 'fulfilled', value: prepared.result }
    return decidedTakes
  }

  for (const [index, { limiter, key, cost }] of takes.entries()) {
    if (isRedisLimiter(limiter)) continue

    const outcome = await settlePromise(limiter.take(key, cost, context))
    outcomes[index] = outcome
    if (outcome.status === 'fulfilled' && !outcome.value.allowed) return decidedTakes
  }

  const storeOutcome = (index: number, outcome: PromiseSettledResult<TakeResult>): void => {
    outcomes[index] = outcome
  }
  const clients = [...new Set(remote.map(([, client]) => client))]

  function decide(askOf: (client: Redis) => RedisBatch): Promise<Outcomes> {
    const waiting: Array<Promise<void>> = []
    for (const client of clients) {
      const redisBatch = askOf(client)
      const parts: Array<readonly [index: number, part: TakePartItem]> = []

      for (const [index, takeClient, prepared] of remote) {
        if (takeClient !== client) continue
        if (prepared.is === 'part') parts.push([index, prepared])
        else
          waiting.push(
            settlePromise(prepared.join(redisBatch)).then((outcome) =>
              storeOutcome(index, outcome),
            ),
          )
      }

      if (parts.length > 0) waiting.push(sendTogether(parts, redisBatch, outcomes))
    }

    return Promise.all(waiting).then(() => outcomes)
  }

  return { clients, decide }
}

/** Sends several takes in one call of the script, and writes the outcome of each into `outcomes`. */
function sendTogether(
  parts: ReadonlyArray<readonly [index: number, part: TakePartItem]>,
  redisBatch: RedisBatch,
  outcomes: Array<PromiseSettledResult<TakeResult> | undefined>,
): Promise<void> {
  const summedParts = addUpCosts(parts.map(([, { part }]) => part))
  const keys = summedParts.map(({ key }) => key)

  return redisBatch
    .call(takeScript, keys, serializeTakes(summedParts, true))
    .then((reply) => {
      const answers = parseTakeReplies(reply, summedParts.length)
      for (const [partIndex, [index, { settle }]] of parts.entries()) {
        const [answer, sent] = [answers[partIndex], summedParts[partIndex]]
        if (answer && sent) outcomes[index] = { status: 'fulfilled', value: settle(answer, sent) }
      }
    })
    .catch((reason: unknown) => {
      for (const [index] of parts) outcomes[index] = { status: 'rejected', reason }
    })
}

/**
 * Adds the costs of parts that have the same key: each part gets the sum of its own cost and all
 * earlier ones. The script compares each part with the state before all of them and stores only the
 * last part of a key, so without this sum two takes of one key would count as one.
 */
function addUpCosts(parts: readonly TakePartItem['part'][]): Array<TakePartItem['part']> {
  const costs = new Map<string, number>()
  return parts.map((part) => {
    const cost = (costs.get(part.key) ?? 0) + part.cost
    costs.set(part.key, cost)
    return { ...part, cost }
  })
}

function settlePromise<T>(work: Promise<T>): Promise<PromiseSettledResult<T>> {
  return work.then(
    (value) => ({ status: 'fulfilled', value }),
    (reason: unknown) => ({ status: 'rejected', reason }),
  )
}

/**
 * Sends prepared takes with one HTTP request for each Redis client. Commands that the web request
 * has already queued for that client travel along.
 *
 * @example
 * const prepared = await prepareTakes(takes, { env })
 * const outcomes = await askAlone(prepared, env)
 */
export async function askAlone<T>(
  {
    clients,
    decide,
  }: {
    readonly clients: readonly Redis[]
    decide(askOf: (client: Redis) => RedisBatch): Promise<T>
  },
  env: unknown,
): Promise<T> {
  const batches = new Map<Redis, RedisBatch>(
    clients.map((client) => [client, sharedAsk(env, client) ?? client.ask(env)]),
  )
  const decision = decide((client) => batches.get(client) ?? client.ask(env))
  decision.catch(() => {}) // until it is awaited below
  await Promise.all([...batches.values()].map((redisBatch) => redisBatch.send()))

  return decision
}
