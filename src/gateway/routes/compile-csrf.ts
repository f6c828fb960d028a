/** Which requests a route takes from elsewhere, validated while building. */
import { type CrossOriginPolicy, csrfPolicy } from '../../csrf/index.ts'
import { checkKeys, type Issues } from '../../options/index.ts'
import type { Settings } from '../config/settings.ts'
import type { GatewayCsrf } from '../config.ts'
import type { Route } from './route.ts'

const known = ['trustedOrigins', 'missing', 'trustSameSite', 'isolation']

/** Validates what holds for every route. */
export function validateGatewayCsrf(value: GatewayCsrf | undefined, issues: Issues): void {
  if (value === undefined) return
  checkKeys(issues, value, known)
  csrfPolicy(pickKnown(value), issues)
}

/** The policy of one route; undefined where its check is left out. What holds for every route was judged before. */
export function compileRouteCsrf(
  all: GatewayCsrf | undefined,
  own: Route['csrf'],
  issues: Issues,
): CrossOriginPolicy | undefined {
  if (own === false) return undefined
  if (own !== undefined) {
    checkKeys(issues.at('csrf'), own, ['trustedOrigins'])
    csrfPolicy({ trustedOrigins: own?.trustedOrigins ?? [] }, issues.at('csrf'))
  }
  const trusted = [...toList(all?.trustedOrigins), ...toList(own?.trustedOrigins)]
  const policy = csrfPolicy(
    { ...pickKnown(all), trustedOrigins: [...new Set(trusted)] },
    issues.child(''),
  )
  // The environment of this policy is the gateway's settings, where the origin has been judged.
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
