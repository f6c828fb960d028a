/** Judges how often requests may come, for the gateway and for one route. */
import type { LimitedContext, LimitGate } from '../limit/gate.ts'
import type { Faults } from '../options/index.ts'

type Gate = LimitGate<LimitedContext>

/** Judges the option `limit` of the gateway. */
export function judgeGatewayLimit(given: unknown, faults: Faults): Gate | undefined {
  if (given === undefined) return undefined
  if (typeof given === 'object' && given !== null && 'prepare' in given && typeof given.prepare === 'function') {
    return given as Gate
  }
  faults.add('limit', 'must be limitGate({ ... }), which comes from portcullis/limit')
  return undefined
}

/** What a route's requests are counted against; one that says `false` is not counted at all. */
export function judgeLimit(given: unknown, all: Gate | undefined, faults: Faults): readonly Gate[] {
  if (given === false) return []
  const own = judgeGatewayLimit(given, faults)
  return [all, own].filter((gate) => gate !== undefined)
}
