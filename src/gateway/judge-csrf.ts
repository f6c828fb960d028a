/** Which requests a route takes from elsewhere, judged while building. */
import { type CrossOriginPolicy, csrfPolicy } from '../csrf/index.ts'
import { checkKeys, type Faults } from '../options/index.ts'
import type { GatewayCsrf } from './config.ts'
import type { Route } from './route.ts'
import type { Settings } from './settings.ts'

const known = ['trustedOrigins', 'missing', 'trustSameSite', 'isolation']

/** Judges what holds for every route. */
export function judgeGatewayCsrf(given: GatewayCsrf | undefined, faults: Faults): void {
  if (given === undefined) return
  checkKeys(faults, given, known)
  csrfPolicy(pick(given), faults)
}

/** The policy of one route; undefined where its check is left out. What holds for every route was judged before. */
export function judgeCsrf(
  all: GatewayCsrf | undefined,
  own: Route['csrf'],
  faults: Faults,
): CrossOriginPolicy | undefined {
  if (own === false) return undefined
  if (own !== undefined) {
    checkKeys(faults.under('csrf'), own, ['trustedOrigins'])
    csrfPolicy({ trustedOrigins: own?.trustedOrigins ?? [] }, faults.under('csrf'))
  }
  const trusted = [...list(all?.trustedOrigins), ...list(own?.trustedOrigins)]
  const policy = csrfPolicy({ ...pick(all), trustedOrigins: [...new Set(trusted)] }, faults.fresh(''))
  // The environment of this policy is the gateway's settings, where the origin has been judged.
  return { ...policy, publicOrigins: (settings) => [(settings as Settings).publicOrigin] }
}

function pick(given: GatewayCsrf | undefined): GatewayCsrf {
  const { trustedOrigins, missing, trustSameSite, isolation } = Object(given) as GatewayCsrf
  return {
    ...(trustedOrigins !== undefined && { trustedOrigins }),
    ...(missing !== undefined && { missing }),
    ...(trustSameSite !== undefined && { trustSameSite }),
    ...(isolation !== undefined && { isolation }),
  }
}

function list(given: unknown): readonly string[] {
  return Array.isArray(given) ? given : []
}
