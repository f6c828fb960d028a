/**
 * Creates the guard behind `rateLimit()` in two halves, so that a caller can send the commands of
 * several modules to Redis in one request. The middleware, `portcullis()` and the gateway call it.
 * Wrong options are a `ConfigError`. While the store is down, the policy decides; wrong values of the
 * environment, and a cost that is no whole number, throw at the request.
 */
import { isPortcullisError } from '../errors.ts'
import { createIssues, optionalFunction, optionalListener, parseChoice } from '../options/index.ts'
import { checkKeys } from '../options/keys.ts'
import type { RedisBatch } from '../redis/batch.ts'
import type { Redis } from '../redis/client.ts'
import { addressPrefix, clientAddress } from '../request/address/address.ts'
import { isPreflight } from '../request/kind.ts'
import type { Emit, Verdict } from '../types.ts'
import {
  type Decision,
  type DecisionSettings,
  decideOutcomes,
  type PolicyOutcome,
  type PolicyResult,
} from './decide.ts'
import { joinUnambiguously } from './keys.ts'
import {
  compilePolicies,
  type Policy,
  type PolicyOptions,
  policyKeys,
  policyOwnKeys,
} from './policies.ts'
import { prepareTakes, type Take } from './takes.ts'

/** A Hono Context, as far as limits need one. */
export interface LimitedContext {
  /** The request as it came in. */
  readonly req: { readonly raw: Request }
  /** The environment, the argument of `From` functions. */
  readonly env?: unknown
  /** Variables of the context; `requestId` goes into events. */
  readonly var?: { readonly requestId?: unknown } | Readonly<Record<string, unknown>>
}

/** The facts that a custom response may state. */
export type LimitVerdict = Verdict & {
  readonly ok: false
  /** Seconds; `Infinity` where it will never be allowed. */
  readonly retryAfter: number
  readonly results: readonly PolicyResult[]
}

/** Options of {@link limitGate}. Absent = default. */
export interface RateLimitOptions<C = LimitedContext> extends PolicyOptions<C> {
  /** Requests that are not counted. A CORS preflight never is: it has no credentials and does nothing. Default none. */
  readonly skip?: (c: C) => boolean | Promise<boolean>
  /** `'observe'` counts and emits the same events, but rejects nothing and sets no header. Default `'enforce'`. */
  readonly mode?: 'enforce' | 'observe'
  /** Returns the response to a rejected request; Retry-After and `Cache-Control: no-store` are added where they are missing. */
  readonly refuse?: (verdict: LimitVerdict, c: C) => Response | Promise<Response>
  /**
   * Receives `rate-limited` or `rate-limit-observed` for each policy that denied, and `rate-limit-degraded` (with the store's
   * reason) for each that could not be counted; the policy is the subject. Default none.
   */
  readonly onEvent?: Emit
}

/** The limits of one request, ready to be consumed. */
export interface PreparedLimits {
  /** The clients of Redis that must be called. An empty list means that this isolate decides alone. */
  readonly clients: readonly Redis[]
  /** Adds all calls to the batches before it returns. Its promise resolves once these were sent. */
  decide(askOf: (client: Redis) => RedisBatch): Promise<Decision>
}

/** Creates the limits of each request. */
export interface LimitGate<C> {
  /**
   * Computes the keys, and counts what this isolate counts. Returns undefined for a request that is not limited.
   *
   * @param emit - receives the events of a gate without `onEvent`, since a limit that cannot count must be reported.
   */
  prepare(c: C, emit?: Emit): Promise<PreparedLimits | undefined>
}

/**
 * Creates the guard behind `rateLimit()`, in two steps: `prepare` computes the keys, and `decide` consumes the units. Use it
 * to send the commands of several modules to Redis in one HTTP request.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 * @example
 * const prepared = await limitGate(options).prepare(c)
 * const decision = prepared && (await askAlone(prepared, c.env))
 * if (decision?.refused) return decision.refused
 */
export function limitGate<C extends LimitedContext>(options: RateLimitOptions<C>): LimitGate<C> {
  const issues = createIssues('rateLimit')
  checkKeys(issues, options, [...policyKeys, ...policyOwnKeys, 'skip', 'mode', 'refuse', 'onEvent'])

  const input = { ...options } as RateLimitOptions<C>
  const { policies, platform, ipv6Bits } = compilePolicies(input, issues)
  const skip = optionalFunction(issues, 'skip', input.skip)
  const own = optionalListener(issues, 'onEvent', input.onEvent)
  const settings: DecisionSettings<C> = {
    observing: parseChoice(issues, 'mode', input.mode, ['enforce', 'observe']) === 'observe',
    refuse: optionalFunction(issues, 'refuse', input.refuse),
    emit: own ?? (() => {}),
  }

  issues.throwIfAny()

  async function createKey({ name, key }: Policy<C>, c: C): Promise<string> {
    if (key === 'address') {
      // Requests without an address share the bucket `unknown`; no address has that name.
      return joinUnambiguously(
        name,
        'address',
        addressPrefix(clientAddress(c.req.raw.headers, platform), ipv6Bits),
      )
    }

    const value = await key(c)
    return value === undefined || value === ''
      ? joinUnambiguously(name, 'nobody')
      : joinUnambiguously(name, 'key', `${value}`)
  }

  return {
    async prepare(c, emit) {
      if (isPreflight(c.req.raw) || (await skip?.(c))) return undefined

      const takes: Array<Take & { readonly policy: Policy<C> }> = []
      for (const policy of policies) {
        const cost = typeof policy.cost === 'function' ? await policy.cost(c) : policy.cost
        if (cost !== 0)
          takes.push({ policy, limiter: policy.limiter, key: await createKey(policy, c), cost })
      }

      const { clients, decide } = await prepareTakes(takes, { env: c.env })
      return {
        clients,
        async decide(askOf) {
          const outcomes = await decide(askOf)
          const taken: Array<PolicyOutcome<C>> = []

          for (const [index, { policy, key, cost }] of takes.entries()) {
            const outcome = outcomes[index]
            // A wrong configuration is not an outage: the fallback would hide that nothing is ever counted.
            if (outcome?.status === 'rejected' && isUsageError(outcome.reason)) throw outcome.reason
            taken.push({ policy, key, cost, outcome })
          }

          return decideOutcomes(
            taken,
            c,
            own === undefined && emit !== undefined ? { ...settings, emit } : settings,
          )
        },
      }
    },
  }
}

/** Checks for an error of the application: a wrong configuration or an invalid cost. */
function isUsageError(error: unknown): boolean {
  return error instanceof RangeError || isPortcullisError(error, 'ERR_CONFIG')
}
