/**
 * Rejects requests with 503 and `Retry-After` while the option `maintenance` closes the gateway,
 * except requests from allowed addresses. `compile.ts` creates the check, and `handle-request.ts`
 * runs it after the gateway's own endpoints and before routing; the login calls it for its own pages.
 * `config.ts` and applications use the type `Maintenance`. Wrong options are reported as issues while
 * building. If the option is a function of the environment, a wrong result is a `ConfigError`
 * (`ERR_CONFIG`) at the request, which the gateway answers with 503. A client whose address is
 * unknown is never allowed.
 */
import { checkKeys, type Issues, parseWholeNumber, resolveFrom } from '../../options/index.ts'
import { isRecord } from '../../options/is-object.ts'
import { type AddressRange, inRanges, parseRange } from '../../request/index.ts'
import type { FromEnv } from '../../types.ts'
import type { RequestRejecter } from '../reject.ts'
import type { RequestCheck } from './check.ts'

/** How a gateway is closed for maintenance. */
export interface Maintenance {
  /** Seconds after which clients may retry, sent as `Retry-After`. Default 300, at most 86,400. */
  readonly retryAfter?: number
  /**
   * IP addresses and ranges that are not rejected, such as `198.51.100.0/24`: those of an office or a VPN. They are
   * addresses and not roles, since the maintenance may be of the session store. Default none.
   */
  readonly allow?: readonly string[]
}

interface CompiledMaintenance {
  readonly closed: boolean
  readonly retryAfter: number
  readonly ranges: readonly AddressRange[]
}

const notInMaintenance: CompiledMaintenance = { closed: false, retryAfter: 0, ranges: [] }

/** Validates the option and creates the check; returns undefined if the option is absent or `false`. */
export function createMaintenanceCheck(
  value: FromEnv<boolean | Maintenance, never> | undefined,
  reject: RequestRejecter,
  issues: Issues,
): RequestCheck | undefined {
  if (value === undefined || value === false) return undefined
  const resolve = resolveFrom(issues, 'maintenance', value, parseMaintenance)
  return function checkMaintenance(ctx) {
    const { closed: isClosed, retryAfter, ranges: allowedRanges } = resolve(ctx.env)
    if (!isClosed || inRanges(allowedRanges, ctx.address)) return undefined
    return reject(ctx, 'maintenance', [['Retry-After', `${retryAfter}`]])
  }
}

function parseMaintenance(maintenance: boolean | Maintenance, issues: Issues): CompiledMaintenance {
  if (maintenance === false) return notInMaintenance
  const options = maintenance === true ? {} : maintenance
  checkKeys(issues, options, ['retryAfter', 'allow'])
  const { retryAfter, allow = [] } = isRecord(options) ? (options as Maintenance) : {}
  const bounds = { min: 1, max: 86_400, unit: 'seconds' }
  const allowedRanges: AddressRange[] = []
  if (!Array.isArray(allow)) issues.add('allow', 'must be a list of IP addresses')
  else {
    for (const [index, rangeText] of allow.entries()) {
      const range = typeof rangeText === 'string' ? parseRange(rangeText) : undefined
      if (range === undefined)
        issues.add(`allow.${index}`, 'must be an IP address or a range such as 198.51.100.0/24')
      else allowedRanges.push(range)
    }
  }

  return {
    closed: true,
    retryAfter: parseWholeNumber(issues, 'retryAfter', retryAfter, bounds) ?? 300,
    ranges: allowedRanges,
  }
}
