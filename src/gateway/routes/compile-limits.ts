/**
 * Validates the option `limit` of the gateway and of each route, and lists the rate limits that count a
 * route's requests. `validate-routes.ts` calls it while building. A value that no `limitGate` has created
 * is reported as an issue and then ignored.
 */
import type { LimitedContext, LimitGate } from '../../limit/gate.ts'
import type { Issues } from '../../options/index.ts'

type Gate = LimitGate<LimitedContext>

/** Validates an option `limit`, of the gateway or of a route. */
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

/** Lists the limits of a route: the gateway's and its own. If the option is `false`, its requests are not counted. */
export function compileRouteLimits(
  value: unknown,
  gatewayLimit: Gate | undefined,
  issues: Issues,
): readonly Gate[] {
  if (value === false) return []
  const routeLimit = compileGatewayLimit(value, issues)
  return [gatewayLimit, routeLimit].filter((gate) => gate !== undefined)
}
