/**
 * Rejects requests with 503 while the gateway is in maintenance, except those from allowed
 * addresses. `compile.ts` creates the check, and `handle-request.ts` runs it before routing. Wrong
 * options are reported as issues while building.
 */
import { checkKeys, type Issues, parseWholeNumber, resolveFrom } from '../../options/index.ts'
import { isRecord } from '../../options/is-object.ts'
import { type AddressRange, inRanges, parseRange } from '../../request/index.ts'
import type { FromEnv } from '../../types.ts'
import type { RequestRejecter } from '../reject.ts'
import type { RequestCheck } from './check.ts'

/** How a gateway is closed for maintenance. */
export interface Maintenance {
  /** Seconds after which clients may ask again: `Retry-After`. Default 300, at most 86,400. */
  readonly retryAfter?: number
  /**
   * Addresses and ranges that pass all the same, such as `198.51.100.0/24`: those of an office or a VPN. By address and not by
   * role, since sessions may be what is being worked on. Default none.
   */
  readonly allow?: readonly string[]
}

interface CompiledMaintenance {
  readonly closed: boolean
  readonly retryAfter: number
  readonly ranges: readonly AddressRange[]
}

const notInMaintenance: CompiledMaintenance = { closed: false, retryAfter: 0, ranges: [] }

/** Validates the option and creates the check; undefined where the option is absent or always off. */
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
  if (!Array.isArray(allow)) issues.add('allow', 'must be a list of addresses')
  else {
    for (const [index, rangeText] of allow.entries()) {
      const range = typeof rangeText === 'string' ? parseRange(rangeText) : undefined
      if (range === undefined)
        issues.add(`allow.${index}`, 'must be an address or a range such as 198.51.100.0/24')
      else allowedRanges.push(range)
    }
  }

  return {
    closed: true,
    retryAfter: parseWholeNumber(issues, 'retryAfter', retryAfter, bounds) ?? 300,
    ranges: allowedRanges,
  }
}
