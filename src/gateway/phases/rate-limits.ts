/**
 * Counts a request against its rate limits, in the same request to Redis as everything else that
 * it needs there. `handle-route.ts` runs this phase. A request over a limit is rejected with 429;
 * a store that is down is handled as the limit says, open or closed.
 */
import { shareListener } from '../../events.ts'
import type { Decision } from '../../limit/decide.ts'
import type { LimitedContext, PreparedLimits } from '../../limit/gate.ts'
import type { Redis, RedisBatch } from '../../redis/index.ts'
import { sharedAsk } from '../../redis/shared.ts'
import type { Emit } from '../../types.ts'
import type { RequestContext, RouteContext } from '../request-context.ts'

/** A request that is being counted. */
export interface RateLimitCount {
  /** The response where this isolate knows that the request is over a limit: Redis need not be asked. */
  readonly denied: Response | undefined
  /** Sends what no other phase has sent. It resolves with the response if the request is over a limit. */
  decide(): Promise<Response | undefined> | undefined
}

/** Begins to count a request against the limits of its route. */
export type BeginRateLimits = (ctx: RouteContext) => RateLimitCount | Promise<RateLimitCount>

const notCounted: RateLimitCount = { denied: undefined, decide: () => undefined }

/**
 * Creates the phase. What Redis must be asked waits in the request's batch when it resolves, so that the read of the session
 * and the count of a login attempt can join it.
 */
export function createRateLimits(emit: Emit): BeginRateLimits {
  async function beginCount(
    ctx: RouteContext,
    limits: NonNullable<RouteContext['route']['limits']>,
  ): Promise<RateLimitCount> {
    const { request, env, requestId } = ctx
    const context: LimitedContext = { req: { raw: request }, env, var: { requestId } }
    shareListener(ctx.eventContext, context)
    const decisions: Decision[] = []
    const remoteLimits: PreparedLimits[] = []
    for (const limit of limits) {
      const preparedLimit = await limit.prepare(context, emit)
      if (preparedLimit === undefined) continue
      if (preparedLimit.clients.length > 0) {
        remoteLimits.push(preparedLimit)
        continue
      }

      const decision = await preparedLimit.decide(throwNoBatch)
      decisions.push(decision)
      if (decision.refused !== undefined) {
        return { denied: applyDecisions(ctx, decisions), decide: notCounted.decide }
      }
    }

    return { denied: undefined, decide: startRemoteLimits(ctx, decisions, remoteLimits) }
  }

  return function beginRateLimits(ctx) {
    const { limits = [] } = ctx.route
    return limits.length === 0 ? notCounted : beginCount(ctx, limits)
  }
}

/** Puts the calls into the request's batches; the function that it returns sends them. */
function startRemoteLimits(
  ctx: RequestContext,
  localDecisions: readonly Decision[],
  remoteLimits: readonly PreparedLimits[],
): RateLimitCount['decide'] {
  const { env } = ctx
  const batches = new Map<Redis, RedisBatch>()
  const findBatch = (redisClient: Redis): RedisBatch => {
    const batch = batches.get(redisClient) ?? sharedAsk(env, redisClient) ?? redisClient.ask(env)
    batches.set(redisClient, batch)
    return batch
  }

  const pending = remoteLimits.map((preparedLimit) => preparedLimit.decide(findBatch))
  // They are awaited below, unless another phase ends the request before.
  for (const decision of pending) decision.catch(() => {})

  return async () => {
    await Promise.all([...batches.values()].map((batch) => batch.send()))
    return applyDecisions(ctx, [...localDecisions, ...(await Promise.all(pending))])
  }
}

/** Clients receive the fields of every limit that counted them, whether or not one of the limits denied the request. */
function applyDecisions(ctx: RequestContext, decisions: readonly Decision[]): Response | undefined {
  const denial = decisions.find(({ refused }) => refused !== undefined)
  const otherDecisions = decisions.filter((decision) => decision !== denial)
  const addFields = (response: Response): Response =>
    otherDecisions.reduce((result, decision) => decision.decorate(result), response)
  if (denial?.refused === undefined) {
    if (otherDecisions.length > 0) ctx.response.addRateLimits = addFields
    return undefined
  }

  return addFields(denial.refused)
}

function throwNoBatch(): never {
  throw new TypeError('Limits that count in this isolate use no Redis batch')
}
