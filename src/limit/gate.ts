/**
 * Compiles the options of `rateLimit()` to a guard in two steps, `prepare` and `decide`, so that a
 * caller can send the commands of several modules to Redis in one HTTP request. `rateLimit()`,
 * `portcullis()` and the gateway's routes and rate limit phase call it. Wrong options throw a
 * `ConfigError` while building. At a request it rejects for wrong values of the environment
 * (`ERR_CONFIG`), for a cost that is not a whole number of at least 1 (`RangeError`), and where the
 * application's `skip`, `key` or `cost` rejects. While the store is down, each policy's `onOutage`
 * decides.
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

/** The parts of a Hono Context that rate limits read. */
export interface LimitedContext {
  /** The request as it came in. */
  readonly req: { readonly raw: Request }
  /** The environment, which options that are functions receive. */
  readonly env?: unknown
  /** Variables of the context; `requestId` goes into events. */
  readonly var?: { readonly requestId?: unknown } | Readonly<Record<string, unknown>>
}

/** The reason of a rejection, which the option `refuse` receives. */
export type LimitVerdict = Verdict & {
  readonly ok: false
  /**
   * The seconds to wait; `Infinity` where the request costs more than the limit and is never
   * allowed.
   */
  readonly retryAfter: number
  readonly results: readonly PolicyResult[]
}

/** Options of {@link limitGate}. Absent = default. */
export interface RateLimitOptions<C = LimitedContext> extends PolicyOptions<C> {
  /**
   * Returns true for requests that are not counted. A CORS preflight is never counted, because it
   * has no credentials and changes nothing. Default: every other request is counted.
   */
  readonly skip?: (c: C) => boolean | Promise<boolean>
  /** `'observe'` counts and emits the same events, but rejects nothing and sets no header. Default `'enforce'`. */
  readonly mode?: 'enforce' | 'observe'
  /** Returns the response to a rejected request; Retry-After and `Cache-Control: no-store` are added where they are missing. */
  readonly refuse?: (verdict: LimitVerdict, c: C) => Response | Promise<Response>
  /**
   * Receives `rate-limited` or `rate-limit-observed` for each policy that denied, and
   * `rate-limit-degraded` (with the store's reason) for each policy that could not be counted. The
   * event's subject is the policy's name. Default none.
   */
  readonly onEvent?: Emit
}

/** The limits of one request, ready to be consumed. */
export interface PreparedLimits {
  /** The Redis clients that must be called. An empty list means that this isolate decides alone. */
  readonly clients: readonly Redis[]
  /**
   * Adds all calls to the batches before it returns. The promise resolves once those batches were
   * sent.
   */
  decide(askOf: (client: Redis) => RedisBatch): Promise<Decision>
}

/** Creates the limits of each request. */
export interface LimitGate<C> {
  /**
   * Computes the keys, and consumes the units of limiters that count in this isolate. Returns
   * undefined for a request that is not limited.
   *
   * @param emit - receives the events if the options have no `onEvent`, because a limit that cannot
   *   count must be reported.
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
  const listener = optionalListener(issues, 'onEvent', input.onEvent)
  const settings: DecisionSettings<C> = {
    observing: parseChoice(issues, 'mode', input.mode, ['enforce', 'observe']) === 'observe',
    refuse: optionalFunction(issues, 'refuse', input.refuse),
    emit: listener ?? (() => {}),
  }

  issues.throwIfAny()

  async function createKey({ name, key }: Policy<C>, c: C): Promise<string> {
    if (key === 'address') {
      // Requests without an address share the key `unknown`, which is no address.
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
          const policyOutcomes: Array<PolicyOutcome<C>> = []

          for (const [index, { policy, key, cost }] of takes.entries()) {
            const outcome = outcomes[index]
            // A wrong configuration is not an outage: with a fallback, nobody would notice that the
            // limit never counts.
            if (outcome?.status === 'rejected' && isUsageError(outcome.reason)) throw outcome.reason
            policyOutcomes.push({ policy, key, cost, outcome })
          }

          return decideOutcomes(
            policyOutcomes,
            c,
            listener === undefined && emit !== undefined ? { ...settings, emit } : settings,
          )
        },
      }
    },
  }
}

/** Reports whether an error is the application's: a wrong configuration or an invalid cost. */
function isUsageError(error: unknown): boolean {
  return error instanceof RangeError || isPortcullisError(error, 'ERR_CONFIG')
}
