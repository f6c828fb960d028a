/**
 * Consumes the units of several limiters for one request: those of this isolate first, then
 * everything that Redis decides in one HTTP request. `gate.ts` and applications call it. The
 * outcome of a limiter whose store fails holds the error; the caller decides about it.
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
  /** Where units are taken. */
  readonly limiter: BasicLimiter
  /** The key whose units are taken, as the policy names it; the limiter digests it. */
  readonly key: string
  /** How many units. */
  readonly cost: number
}

/** The result of each take, in their order; undefined: another one denied before it was this one's turn. */
export type Outcomes = ReadonlyArray<PromiseSettledResult<TakeResult> | undefined>

/** The second half. */
export interface PreparedTakes {
  /** Clients that have to be asked; none: all is decided. */
  readonly clients: readonly Redis[]
  /**
   * Puts all calls into the Asks before it returns; its promise resolves once those were sent, and never rejects.
   * `askOf` gives the request's Ask of a client.
   */
  decide(askOf: (client: Redis) => RedisBatch): Promise<Outcomes>
}

type TakePartItem = Extract<PreparedTake, { is: 'part' }>

/**
 * Prepares to consume units of several limiters. Limiters of this isolate consume at once, in order; the first that denies
 * ends it, and no other limiter is asked. The same is true of a key that is known to be blocked. In Redis, all exact
 * limiters of one client are decided by one script: if one denies, none consumes. Those of @upstash/ratelimit decide
 * independently in the same request, and have consumed even where another one denies.
 *
 * @example
 * const { decide, clients } = await prepareTakes([{ limiter, key: 'user:7', cost: 1 }], { env })
 */
export async function prepareTakes(
  takes: readonly Take[],
  context: LimitContext,
): Promise<PreparedTakes> {
  const outcomes: Array<PromiseSettledResult<TakeResult> | undefined> = takes.map(() => undefined)
  const decided: PreparedTakes = { clients: [], decide: async () => outcomes }
  const remote: Array<
    readonly [at: number, client: Redis, prepared: Exclude<PreparedTake, { is: 'blocked' }>]
  > = []

  for (const [index, { limiter, key, cost }] of takes.entries()) {
    if (!isRedisLimiter(limiter)) continue

    const prepared = await limiter.prepareTake(key, cost, context)
    if (prepared.is !== 'blocked') {
      remote.push([index, limiter.redis, prepared])
      continue
    }

    outcomes[index] = { status: 'fulfilled', value: prepared.result }
    return decided
  }

  for (const [index, { limiter, key, cost }] of takes.entries()) {
    if (isRedisLimiter(limiter)) continue

    const outcome = await settlePromise(limiter.take(key, cost, context))
    outcomes[index] = outcome
    if (outcome.status === 'fulfilled' && !outcome.value.allowed) return decided
  }

  const storeOutcome = (index: number, outcome: PromiseSettledResult<TakeResult>): void => {
    outcomes[index] = outcome
  }
  const clients = [...new Set(remote.map(([, client]) => client))]

  function decide(askOf: (client: Redis) => RedisBatch): Promise<Outcomes> {
    const waiting: Array<Promise<void>> = []
    for (const client of clients) {
      const redisBatch = askOf(client)
      const parts: Array<readonly [at: number, part: TakePartItem]> = []

      for (const [index, of, prepared] of remote) {
        if (of !== client) continue
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

/** Parts of one script. */
function sendTogether(
  parts: ReadonlyArray<readonly [at: number, part: TakePartItem]>,
  redisBatch: RedisBatch,
  outcomes: Array<PromiseSettledResult<TakeResult> | undefined>,
): Promise<void> {
  const list = addUp(parts.map(([, { part }]) => part))
  const keys = list.map(({ key }) => key)

  return redisBatch
    .call(takeScript, keys, serializeTakes(list, true))
    .then((reply) => {
      const answers = parseTakeReplies(reply, list.length)
      for (const [i, [index, { settle }]] of parts.entries()) {
        const [answer, sent] = [answers[i], list[i]]
        if (answer && sent) outcomes[index] = { status: 'fulfilled', value: settle(answer, sent) }
      }
    })
    .catch((reason: unknown) => {
      for (const [index] of parts) outcomes[index] = { status: 'rejected', reason }
    })
}

/**
 * The script judges each part against what was there before all of them, and the last one of a key is what is kept. A part
 * whose key an earlier one has costs both together: so each take of a request counts the ones before it.
 */
function addUp(parts: readonly TakePartItem['part'][]): Array<TakePartItem['part']> {
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
 * Sends prepared commands, one HTTP request for each Redis client, together with commands that the web request has already
 * queued.
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
  const asks = new Map<Redis, RedisBatch>(
    clients.map((client) => [client, sharedAsk(env, client) ?? client.ask(env)]),
  )
  const decision = decide((client) => asks.get(client) ?? client.ask(env))
  decision.catch(() => {}) // until it is awaited below
  await Promise.all([...asks.values()].map((redisBatch) => redisBatch.send()))

  return decision
}
