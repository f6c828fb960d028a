/** How often a request may come: its counts, which travel to Redis with whatever else the request asks there. */
import type { Decision } from '../../limit/decide.ts'
import type { LimitedContext, LimitGate, PreparedLimits } from '../../limit/gate.ts'
import type { Redis, RedisBatch } from '../../redis/index.ts'
import { sharedAsk } from '../../redis/shared.ts'
import type { CompiledGateway } from '../compile.ts'
import type { RequestContext } from '../request-context.ts'

/** A request that is being counted. */
export type RateLimitPhase =
  /** It is over a limit that this isolate knows of: nobody need be asked. */
  | { readonly is: 'refused'; readonly response: Response }
  | {
      readonly is: 'asked'
      /** Sends what has not gone out with something else. The answer to a request that came too often, or undefined. */
      decide(): Promise<Response | undefined>
    }

/**
 * Counts a request against every gate. What Redis must be asked waits in the request's Ask when this resolves, so that
 * the read of a session and a login's try can join it.
 */
export async function beginRateLimits(
  plan: CompiledGateway,
  visit: RequestContext,
  gates: ReadonlyArray<LimitGate<LimitedContext>>,
): Promise<RateLimitPhase> {
  const { request, env, requestId } = visit
  const context: LimitedContext = { req: { raw: request }, env, var: { requestId } }
  const decided: Decision[] = []
  const remote: PreparedLimits[] = []
  for (const gate of gates) {
    const prepared = await gate.prepare(context, plan.emit)
    if (prepared === undefined) continue
    if (prepared.clients.length > 0) {
      remote.push(prepared)
      continue
    }
    const decision = await prepared.decide(throwNoBatch)
    decided.push(decision)
    if (decision.refused !== undefined)
      return { is: 'refused', response: applyDecisions(plan, visit, decided) as Response }
  }
  const asks = new Map<Redis, RedisBatch>()
  const findBatch = (client: Redis): RedisBatch => {
    const ask = asks.get(client) ?? sharedAsk(env, client) ?? client.ask(env)
    asks.set(client, ask)
    return ask
  }
  const waiting = remote.map((prepared) => prepared.decide(findBatch))
  // Awaited below, unless something else ends the request before.
  for (const decision of waiting) decision.catch(() => {})
  return {
    is: 'asked',
    async decide(): Promise<Response | undefined> {
      await Promise.all([...asks.values()].map((ask) => ask.send()))
      return applyDecisions(plan, visit, [...decided, ...(await Promise.all(waiting))])
    },
  }
}

/** Clients are told of every limit that was asked, whether one of them refused or not. */
function applyDecisions(
  plan: CompiledGateway,
  visit: RequestContext,
  decisions: readonly Decision[],
): Response | undefined {
  const found = decisions.find(({ refused }) => refused !== undefined)
  const others = decisions.filter((decision) => decision !== found)
  const decorate = (response: Response): Response =>
    others.reduce((made, each) => each.decorate(made), response)
  if (found?.refused === undefined) {
    if (others.length > 0) visit.decorate = decorate
    return undefined
  }
  const reason = found.refused.status === 503 ? 'store-unavailable' : 'rate-limited'
  if (visit.notes !== undefined) visit.notes.reason = reason
  plan.emit({ type: 'request-refused', reason, request: visit.requestId })
  return decorate(found.refused)
}

function throwNoBatch(): never {
  throw new TypeError('Limits of this isolate ask nobody')
}
