/**
 * Validates the policies of `rateLimit()`, and how client addresses are read. `gate.ts` calls it
 * while building. An invalid policy is reported as an issue.
 */
import { booleanOption, type Issues, parseChoice, parseWholeNumber } from '../options/index.ts'
import { checkKeys } from '../options/keys.ts'
import { checkPlatform, type Platform } from '../request/address/address.ts'
import type { BasicLimiter, Limiter } from './contract.ts'
import { policyItem } from './fields.ts'
import { memoryLimiter } from './memory/memory.ts'

/** How a request is handled that no limiter could count. */
export type OnOutage = 'open' | 'closed' | 'local'

/** One limit. */
export interface LimitPolicy<C> {
  /**
   * A dashed word, for clients, events and counts: policies of one name, limiter and key count together. Default
   * `default`, where there is one policy.
   */
  readonly name?: string
  /** The limiter, with its limit and window: `exactLimiter`, `upstashLimiter`, `memoryLimiter`, `bindingLimiter`. */
  readonly limiter: BasicLimiter
  /**
   * The key whose units are counted: `'address'` (default), the client's address as `platform`
   * tells it, IPv6 by its /64; or a function that says so. Where there is none, all such requests
   * share one bucket.
   */
  readonly key?: 'address' | ((c: C) => string | undefined | Promise<string | undefined>)
  /** Units that a request consumes. Default 1; 0 consumes none and is never rejected. */
  readonly cost?: number | ((c: C) => number | Promise<number>)
  /**
   * When the store is out of reach: `'local'` (default) counts in this isolate, with the limit divided by `isolates`;
   * `'open'` lets pass; `'closed'` answers 503.
   */
  readonly onOutage?: OnOutage
  /** Whether clients are told of it. Default true; false for limits whose count is nobody's business, such as an account's. */
  readonly headers?: boolean
}

/** Options about policies. */
export interface PolicyOptions<C> extends Partial<LimitPolicy<C>> {
  /** Several policies instead of one; a request must be within all of them. */
  readonly policies?: ReadonlyArray<LimitPolicy<C> & { readonly name: string }>
  /** The platform that vouches for the client's address; required where a key is `'address'`, and never guessed. */
  readonly platform?: Platform
  /** How many bits of an IPv6 address stand for one client: 32 to 128. Default 64. */
  readonly ipv6Bits?: number
  /** How many isolates share a limit while each counts for itself. Default 10, at most 10,000. */
  readonly isolates?: number
}

/** A policy that was judged. */
export interface Policy<C> extends Required<LimitPolicy<C>> {
  /** Its item of `RateLimit-Policy`, unless the limit changed. */
  readonly item: string
  /** Counts while the store is away. */
  readonly fallback: Limiter | undefined
}

/** Names of the options about policies. */
export const policyKeys: readonly string[] = ['policies', 'platform', 'ipv6Bits', 'isolates']
const ownKeys = ['name', 'limiter', 'key', 'cost', 'onOutage', 'headers'] as const
export const policyOwnKeys: readonly string[] = ownKeys

/** Judges the policies, and how addresses are read. */
export function compilePolicies<C>(
  value: PolicyOptions<C>,
  issues: Issues,
): { policies: ReadonlyArray<Policy<C>>; platform: Platform; ipv6Bits: number } {
  const isolates =
    parseWholeNumber(issues, 'isolates', value.isolates, {
      min: 1,
      max: 10_000,
      unit: 'isolates',
    }) ?? 10

  const ipv6Bits =
    parseWholeNumber(issues, 'ipv6Bits', value.ipv6Bits, {
      min: 32,
      max: 128,
      unit: 'bits',
    }) ?? 64

  const policies: Array<Policy<C>> = []
  if (value.policies === undefined) {
    policies.push(compilePolicy({ name: 'default', ...value }, issues, isolates))
  } else if (
    !Array.isArray(value.policies) ||
    value.policies.length === 0 ||
    value.policies.length > 16
  ) {
    issues.add('policies', 'must be a list of 1 to 16 policies')
  } else {
    for (const name of ownKeys)
      if (value[name] !== undefined) issues.add(name, 'must be set in each of policies')
    for (const [index, policy] of value.policies.entries()) {
      const under = issues.at(`policies[${index}]`)
      checkKeys(under, policy, ownKeys)

      const judged = compilePolicy({ ...policy }, under, isolates)
      if (policies.some(({ name }) => name === judged.name))
        under.add('name', 'is the name of another policy')
      policies.push(judged)
    }
  }

  const byAddress = policies.some(({ key }) => key === 'address')
  const platform = checkPlatform(value.platform, issues, byAddress ? undefined : 'none')

  return { policies, platform, ipv6Bits }
}

function compilePolicy<C>(
  value: Partial<LimitPolicy<C>>,
  issues: Issues,
  isolates: number,
): Policy<C> {
  const { name = '', key = 'address', cost = 1 } = value
  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]{0,63}$/.test(name))
    issues.add('name', 'must be lower-case letters, digits and dashes')

  if (key !== 'address' && typeof key !== 'function')
    issues.add('key', "must be 'address' or a function")
  if (typeof cost !== 'function')
    parseWholeNumber(issues, 'cost', cost, { min: 1, max: 1_000_000, unit: 'units' })

  const onOutage =
    parseChoice<OnOutage>(issues, 'onOutage', value.onOutage, ['open', 'closed', 'local']) ??
    'local'

  const headers = booleanOption(issues, 'headers', value.headers, true)
  const limiter = value.limiter as BasicLimiter
  const isLimiter = typeof limiter?.take === 'function' && limiter.limit >= 1 && limiter.window >= 1

  if (!isLimiter) issues.add('limiter', limiter === undefined ? 'is required' : 'must be a limiter')
  const fallback = isLimiter && onOutage === 'local' ? localLimiter(limiter, isolates) : undefined

  return {
    name,
    limiter,
    key,
    cost,
    onOutage,
    headers,
    item: isLimiter
      ? policyItem({ name, limit: limiter.limit, window: limiter.window }, limiter.limit)
      : '',
    fallback,
  }
}

/** Limiters that count by the divided limit while the store of another is away. */
const localLimiters = /* @__PURE__ */ new WeakMap<BasicLimiter, Map<number, Limiter>>()

/** Policies of one limiter share it, so that they count together as they do in the store. */
function localLimiter(limiter: BasicLimiter, isolates: number): Limiter {
  const limit = Math.max(1, Math.floor(limiter.limit / isolates))
  const known = localLimiters.get(limiter) ?? new Map<number, Limiter>()
  localLimiters.set(limiter, known)

  const found = known.get(limit) ?? memoryLimiter({ limit, window: limiter.window })
  known.set(limit, found)

  return found
}
