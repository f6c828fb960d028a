/**
 * Compiles the cross-origin policy of a route. `validate-routes.ts` and `compile.ts` call it.
 * Wrong options are reported as issues; a route without the check has no policy.
 */
import { type CrossOriginPolicy, csrfPolicy } from '../../csrf/index.ts'
import { checkKeys, type Issues } from '../../options/index.ts'
import type { Settings } from '../config/settings.ts'
import type { GatewayCsrf } from '../config.ts'
import type { Route } from './route.ts'

const csrfKeys = ['trustedOrigins', 'missing', 'trustSameSite', 'isolation']

/** Validates what holds for every route. */
export function validateGatewayCsrf(value: GatewayCsrf | undefined, issues: Issues): void {
  if (value === undefined) return
  checkKeys(issues, value, csrfKeys)
  csrfPolicy(pickKnown(value), issues)
}

/**
 * Compiles the policy of one route; undefined where its check is off. The options of all routes
 * have been validated before.
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

  // The environment of this policy is the gateway's settings, which hold the validated origin.
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
