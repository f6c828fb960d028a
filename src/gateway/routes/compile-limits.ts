/**
 * Validates the rate limits of the gateway and of one route. `validate-routes.ts` calls it. A
 * value that is no `limitGate` is reported as an issue.
 */
import type { LimitedContext, LimitGate } from '../../limit/gate.ts'
import type { Issues } from '../../options/index.ts'

type Gate = LimitGate<LimitedContext>

/** Validates the option `limit` of the gateway. */
export function compileGatewayLimit(value: unknown, issues: Issues): Gate | undefined {
  if (value === undefined) return undefined
  if (
    typeof value === 'object' &&
    value !== null &&
    'prepare' in value &&
    typeof value.prepare === 'function'
  ) {
    return value as Gate
  }

  issues.add('limit', 'must be limitGate({ ... }), which comes from portcullis/limit')

  return undefined
}

/** Lists the limits of a route; `false` means that its requests are not counted. */
export function compileRouteLimits(
  value: unknown,
  gatewayLimit: Gate | undefined,
  issues: Issues,
): readonly Gate[] {
  if (value === false) return []
  const routeLimit = compileGatewayLimit(value, issues)
  return [gatewayLimit, routeLimit].filter((gate) => gate !== undefined)
}
