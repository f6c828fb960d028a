/**
 * Validates the policies of `rateLimit()` and the options by which client addresses are read, and
 * creates the in-memory fallback of each policy. `limitGate()` calls it while it is built. It adds
 * each invalid option to the caller's list of issues and throws nothing itself. Policies with the
 * same limiter and the same `isolates` share one fallback, which counts them together as the store
 * would.
 */
import { booleanOption, type Issues, parseChoice, parseWholeNumber } from '../options/index.ts'
import { checkKeys } from '../options/keys.ts'
import { checkPlatform, type Platform } from '../request/address/address.ts'
import type { BasicLimiter, Limiter } from './contract.ts'
import { policyItem } from './fields.ts'
import { memoryLimiter } from './memory/memory.ts'

/** How a request is handled whose limiter cannot reach its store. */
export type OnOutage = 'open' | 'closed' | 'local'

/** One limit: a limiter, and which requests it counts under which key. */
export interface LimitPolicy<C> {
  /**
   * The name of the policy for clients, events and keys: a lower-case word that may have digits and
   * dashes. Policies with the same name, limiter and key count together. Default `default` for a
   * single policy; required in `policies`.
   */
  readonly name?: string
  /** The limiter, with its limit and window: `exactLimiter`, `upstashLimiter`, `memoryLimiter`, `bindingLimiter`. */
  readonly limiter: BasicLimiter
  /**
   * The key whose units are consumed. `'address'` (default) is the client's address, which is read
   * from the headers of `platform`; an IPv6 address counts by its /64. A function returns any other
   * text, such as a user id. Requests for which it returns undefined or an empty text share one
   * key.
   */
  readonly key?: 'address' | ((c: C) => string | undefined | Promise<string | undefined>)
  /**
   * The units that a request consumes. Default 1. A function may return 0 for a request that
   * consumes nothing and is never rejected.
   */
  readonly cost?: number | ((c: C) => number | Promise<number>)
  /**
   * How requests are handled while the store is unavailable. `'local'` (default) counts in this
   * isolate, with the limit divided by `isolates`; `'open'` allows them; `'closed'` responds with
   * 503.
   */
  readonly onOutage?: OnOutage
  /**
   * Whether responses have the `RateLimit` fields of this policy. Default true. Use false where
   * clients must not see the count, such as a limit per account.
   */
  readonly headers?: boolean
}

/** The options of `rateLimit()` about its policies. */
export interface PolicyOptions<C> extends Partial<LimitPolicy<C>> {
  /** Several policies instead of one; a request must be within all of them. */
  readonly policies?: ReadonlyArray<LimitPolicy<C> & { readonly name: string }>
  /**
   * The platform in front of the application, which sets the header with the client's address.
   * Required where a key is `'address'`; never guessed.
   */
  readonly platform?: Platform
  /** The bits of an IPv6 address that identify one client: 32 to 128. Default 64. */
  readonly ipv6Bits?: number
  /**
   * How many isolates divide a limit among them while the store is unavailable and each counts
   * alone. Default 10, at most 10,000.
   */
  readonly isolates?: number
}

/** A validated policy. */
export interface Policy<C> extends Required<LimitPolicy<C>> {
  /**
   * The item of `RateLimit-Policy`, for the limit that the limiter had when this policy was
   * compiled.
   */
  readonly item: string
  /** The limiter in memory that counts while the store is unavailable, for `onOutage: 'local'`. */
  readonly fallback: Limiter | undefined
}

/** The names of the options about all policies. */
export const policyKeys: readonly string[] = ['policies', 'platform', 'ipv6Bits', 'isolates']
const policyOptionNames = ['name', 'limiter', 'key', 'cost', 'onOutage', 'headers'] as const
export const policyOwnKeys: readonly string[] = policyOptionNames

/** Validates the policies, and how addresses are read. */
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
    for (const name of policyOptionNames)
      if (value[name] !== undefined)
        issues.add(name, 'must be set in each entry of policies instead')
    for (const [index, policy] of value.policies.entries()) {
      const policyIssues = issues.at(`policies[${index}]`)
      checkKeys(policyIssues, policy, policyOptionNames)

      const compiledPolicy = compilePolicy({ ...policy }, policyIssues, isolates)
      if (policies.some(({ name }) => name === compiledPolicy.name))
        policyIssues.add('name', 'is the name of another policy; give each policy its own')
      policies.push(compiledPolicy)
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
    issues.add(
      'name',
      'must begin with a lower-case letter and hold at most 64 letters, digits and dashes',
    )

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

  if (!isLimiter)
    issues.add(
      'limiter',
      limiter === undefined ? 'is required' : 'must be a limiter, such as exactLimiter()',
    )
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

/** The fallback limiters by the limiter that they replace, and by their divided limit. */
const localLimiters = /* @__PURE__ */ new WeakMap<BasicLimiter, Map<number, Limiter>>()

/**
 * Returns the fallback of a limiter. Policies with one limiter share it, so that they count
 * together as they do in the store.
 */
function localLimiter(limiter: BasicLimiter, isolates: number): Limiter {
  const limit = Math.max(1, Math.floor(limiter.limit / isolates))
  const fallbacks = localLimiters.get(limiter) ?? new Map<number, Limiter>()
  localLimiters.set(limiter, fallbacks)

  const fallback = fallbacks.get(limit) ?? memoryLimiter({ limit, window: limiter.window })
  fallbacks.set(limit, fallback)

  return fallback
}
