/**
 * Compiles the cross-origin (csrf) policy of each route from the option `csrf` of the gateway and that of
 * the route. While building, `compile.ts` validates the gateway's option and `validate-routes.ts` compiles
 * each route. Wrong options are reported as issues. A route with `csrf: false` has no policy, so its
 * requests are accepted from any origin.
 */
import { type CrossOriginPolicy, csrfPolicy } from '../../csrf/index.ts'
import { checkKeys, type Issues } from '../../options/index.ts'
import type { Settings } from '../config/settings.ts'
import type { GatewayCsrf } from '../config.ts'
import type { Route } from './route.ts'

const csrfKeys = ['trustedOrigins', 'missing', 'trustSameSite', 'isolation']

/** Validates the option `csrf` of the gateway, which applies to all routes. */
export function validateGatewayCsrf(value: GatewayCsrf | undefined, issues: Issues): void {
  if (value === undefined) return
  checkKeys(issues, value, csrfKeys)
  csrfPolicy(pickKnown(value), issues)
}

/**
 * Compiles the policy of one route; undefined if its check is off. Issues of the gateway's own option
 * are not reported again, since `validateGatewayCsrf` reports them.
 */
export function compileRouteCsrf(
  gatewayCsrf: GatewayCsrf | undefined,
  routeCsrf: Route['csrf'],
  issues: Issues,
): CrossOriginPolicy | undefined {
  if (routeCsrf === false) return undefined
  if (routeCsrf !== undefined) {
    checkKeys(issues.at('csrf'), routeCsrf, ['trustedOrigins'])
    csrfPolicy({ trustedOrigins: routeCsrf?.trustedOrigins ?? [] }, issues.at('csrf'))
  }

  const trustedOrigins = [
    ...toList(gatewayCsrf?.trustedOrigins),
    ...toList(routeCsrf?.trustedOrigins),
  ]
  const policy = csrfPolicy(
    { ...pickKnown(gatewayCsrf), trustedOrigins: [...new Set(trustedOrigins)] },
    issues.child(''),
  )

  // This policy is checked with the gateway's settings in place of an environment, since they hold the validated
  // origin.
  return { ...policy, publicOrigins: (settings) => [(settings as Settings).publicOrigin] }
}

function pickKnown(value: GatewayCsrf | undefined): GatewayCsrf {
  const { trustedOrigins, missing, trustSameSite, isolation } = Object(value) as GatewayCsrf
  return {
    ...(trustedOrigins !== undefined && { trustedOrigins }),
    ...(missing !== undefined && { missing }),
    ...(trustSameSite !== undefined && { trustSameSite }),
    ...(isolation !== undefined && { isolation }),
  }
}

function toList(value: unknown): readonly string[] {
  return Array.isArray(value) ? value : []
}
