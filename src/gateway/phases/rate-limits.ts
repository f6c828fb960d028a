/**
 * Counts a request against the rate limits of its route. Counts in Redis are sent in one batch with the
 * read of the session and the count of a login attempt. `phases/list.ts` creates the phase, and
 * `handle-route.ts` runs it and later calls `decide`. A request over a limit gets the limit's own response
 * (429). If a store is down, each limit decides by its options whether to allow or deny. Other errors of a
 * limit reject. If the request ends before `decide`, the pending counts are dropped without an error.
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
  /**
   * The response to a request that the counts of this isolate deny, so that Redis need not be asked; otherwise
   * undefined.
   */
  readonly denied: Response | undefined
  /** Sends the counts that no other phase has sent. It resolves with the response if the request is over a limit. */
  decide(): Promise<Response | undefined> | undefined
}

/** Begins to count a request against the limits of its route. */
export type BeginRateLimits = (ctx: RouteContext) => RateLimitCount | Promise<RateLimitCount>

const notCounted: RateLimitCount = { denied: undefined, decide: () => undefined }

/**
 * Creates the phase. When it resolves, its Redis commands wait in the request's batch, so that the read of the session
 * and the count of a login attempt can be sent with them.
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

/** Adds the calls to the request's batches. The function that it returns sends them and awaits the decisions. */
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
  // The decisions are awaited below. If another phase ends the request before, their rejections must not be unhandled.
  for (const decision of pending) decision.catch(() => {})

  return async () => {
    await Promise.all([...batches.values()].map((batch) => batch.send()))
    return applyDecisions(ctx, [...localDecisions, ...(await Promise.all(pending))])
  }
}

/**
 * Returns the response of the limit that denied the request, if any. The response gets the header fields of all limits
 * that counted the request; a response that is not denied gets them later.
 */
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
  throw new TypeError('A rate limit without Redis clients must not ask for a Redis batch')
}
