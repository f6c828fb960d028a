/** The servers behind a gateway, judged while building. */
import { checkKeys, type Faults, flag, oneOf, wholeNumber } from '../options/index.ts'
import { type AliasReader, canonicalPath, checkAliases } from '../request/index.ts'
import type { Breaker, BreakerRules } from './breaker.ts'
import type { Upstream } from './config.ts'
import { checkDropHeaders } from './names.ts'
import { type RetryBudget, retryBudget } from './retry.ts'

/** A server behind the gateway, as requests use it. */
export interface PlannedUpstream {
  readonly name: string
  /** Its place among the upstreams, which is that of its target in the settings. */
  readonly index: number
  readonly sessions: boolean
  readonly timeoutMs: number
  readonly hideErrors: boolean
  readonly retries: RetryBudget
  /** Undefined where it is never paused. */
  readonly breaker: Breaker | undefined
  /** Path that says whether it is well; undefined where nobody asks. */
  readonly probe: string | undefined
  /** Reads a path as the pages that it serves for it. */
  readonly aliases: AliasReader
  /** Further headers of clients that it does not get. */
  readonly drops: ((name: string) => boolean) | undefined
  /** Whether it takes the method of a POST from its form. */
  readonly methodOverride: boolean
}

/** How long a server may think before its first byte. */
export const timeoutBounds = { least: 1, most: 300_000, unit: 'milliseconds' } as const

const known: ReadonlyArray<keyof Upstream> = [
  'url',
  'sessions',
  'timeoutMs',
  'hideErrors',
  'insecurePrivateAddress',
  'breaker',
  'probe',
  'aliases',
  'dropHeaders',
  'methodOverride',
]

/** Judges the option `upstreams`, all but the values of its urls. */
export function judgeUpstreams(given: unknown, faults: Faults): ReadonlyMap<string, PlannedUpstream> {
  const upstreams = new Map<string, PlannedUpstream>()
  if (!isObject(given) || Object.keys(given).length === 0) {
    faults.add('', 'must name at least one server')
    return upstreams
  }
  for (const [index, [name, upstream]] of Object.entries(given).entries()) {
    const at = faults.under(name)
    // The name is the assertion's `aud` and stands in logs.
    if (!/^[a-z][\w-]{0,63}$/i.test(name)) at.add('', 'must be named with letters, digits, - and _, a letter first')
    checkKeys(at, upstream, known)
    const {
      sessions,
      timeoutMs,
      breaker,
      probe,
      hideErrors,
      insecurePrivateAddress,
      aliases,
      dropHeaders,
      methodOverride,
    } = isObject(upstream) ? (upstream as Partial<Upstream>) : {}
    // Only the review looks at addresses.
    flag(at, 'insecurePrivateAddress', insecurePrivateAddress, false)
    upstreams.set(name, {
      name,
      index,
      sessions: flag(at, 'sessions', sessions, false),
      timeoutMs: wholeNumber(at, 'timeoutMs', timeoutMs, 30_000, timeoutBounds),
      hideErrors: flag(at, 'hideErrors', hideErrors, false),
      retries: retryBudget(),
      breaker: judgeBreaker(breaker, at),
      probe: judgeProbe(probe, at),
      aliases: checkAliases(aliases, at),
      drops: checkDropHeaders(dropHeaders, at),
      methodOverride: oneOf(at, 'methodOverride', methodOverride, ['form'], undefined) === 'form',
    })
  }
  return upstreams
}

function judgeBreaker(given: unknown, faults: Faults): Breaker | undefined {
  if (given === undefined || given === false) return undefined
  if (isObject(given) && typeof given.start === 'function') return (given as unknown as BreakerRules).start()
  faults.add('breaker', 'must be circuitBreaker({ ... }), or absent')
  return undefined
}

function judgeProbe(given: unknown, faults: Faults): string | undefined {
  if (given === undefined) return undefined
  const canonical =
    typeof given === 'string' && given.startsWith('/') ? canonicalPath(`http://host${given}`) : undefined
  if (canonical?.ok && canonical.path === given) return given
  faults.add('probe', 'must be a canonical path without a query, such as /health')
  return undefined
}

/** Whether something given is an object with options. */
export function isObject(given: unknown): given is Record<string, unknown> {
  return typeof given === 'object' && given !== null && !Array.isArray(given)
}
