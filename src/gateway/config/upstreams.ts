/**
 * Compiles the option `upstreams`: the servers, bindings, assets and apps behind a gateway. `compile.ts`
 * calls it while building; the checks, phases and endpoints use the compiled upstreams. Wrong options
 * are reported as issues. `config/settings.ts` validates addresses, since they may come from the
 * environment. A binding that is missing in an environment is a `ConfigError` of `check(env)`.
 */

import { booleanOption, checkKeys, type Issues, parseWholeNumber } from '../../options/index.ts'
import { isRecord } from '../../options/is-object.ts'
import { type ConnectUpstream, compileApp, compileBinding } from '../../proxy/fetch/bindings.ts'
import type { Breaker, BreakerRules } from '../../proxy/fetch/breaker.ts'
import { createRetryBudget } from '../../proxy/fetch/retry.ts'
import type { UpstreamRules } from '../../proxy/forward/context.ts'
import { checkDropHeaders } from '../../proxy/header-filters.ts'
import { type AliasReader, canonicalPath, checkAliases } from '../../request/index.ts'
import type { FindOverriddenRoute, MethodOverride } from '../checks/method-override.ts'
import type { Upstream } from '../config.ts'

/** The compiled options of one upstream. */
export interface CompiledUpstream extends UpstreamRules {
  /**
   * Creates the client of one request; undefined for an upstream with an address, which the gateway's own client
   * requests.
   */
  readonly connect: ConnectUpstream | undefined
  /** Throws a ConfigError if the environment lacks the binding of the upstream. */
  check(env: unknown): void
  /** True if the upstream serves files, which are the same for every client. */
  readonly isAssets: boolean
  /** True if error pages of the upstream are replaced by the gateway's own. */
  readonly hideErrors: boolean
  /** Path of the health check; undefined if there is none. */
  readonly probe: string | undefined
  /** Lists the pages that the upstream may serve for a path. */
  readonly aliases: AliasReader
  /** Finds the route of a POST by the method in its form; undefined if the upstream uses the method of the request. */
  readonly methodOverride: FindOverriddenRoute | undefined
}

type AnyUpstream = Upstream<never>

/** Bounds of the time until the first byte of a response. */
export const timeoutBounds = { min: 1, max: 300_000, unit: 'milliseconds' } as const

// `compileSource` relies on this order: exactly one of the first four is set, and `baseUrl` belongs to the three after
// `url`.
const upstreamKeys: ReadonlyArray<keyof Upstream> = [
  'url',
  'binding',
  'assets',
  'app',
  'baseUrl',
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

/** Validates and compiles the option `upstreams`, except for the values of its addresses. */
export function compileUpstreams(
  value: unknown,
  issues: Issues,
): ReadonlyMap<string, CompiledUpstream> {
  const upstreams = new Map<string, CompiledUpstream>()
  if (!isRecord(value) || Object.keys(value).length === 0) {
    issues.add('', 'must be an object with at least one upstream, such as { app: { url } }')
    return upstreams
  }

  for (const [index, [upstreamName, upstream]] of Object.entries(value).entries()) {
    const upstreamIssues = issues.at(upstreamName)
    // The name becomes the `aud` of assertions and appears in logs.
    if (!/^[a-z][\w-]{0,63}$/i.test(upstreamName))
      upstreamIssues.add('', 'must be named with letters, digits, - and _, starting with a letter')

    checkKeys(upstreamIssues, upstream, upstreamKeys)
    const options: Partial<AnyUpstream> = isRecord(upstream) ? upstream : {}
    const { sessions, timeoutMs, breaker, probe, hideErrors } = options
    const { insecurePrivateAddress, aliases, dropHeaders, methodOverride } = options
    // Only `reviewGateway` uses the value of this option.
    booleanOption(upstreamIssues, 'insecurePrivateAddress', insecurePrivateAddress, false)
    const connect = compileSource(options, upstreamIssues)
    upstreams.set(upstreamName, {
      name: upstreamName,
      index,
      connect,
      check: (env) => void connect?.({ env, context: undefined }),
      isAssets: options.assets !== undefined,
      sessions: booleanOption(upstreamIssues, 'sessions', sessions, false),
      timeoutMs: parseWholeNumber(upstreamIssues, 'timeoutMs', timeoutMs, timeoutBounds) ?? 30_000,
      hideErrors: booleanOption(upstreamIssues, 'hideErrors', hideErrors, false),
      retries: createRetryBudget(),
      breaker: validateBreaker(breaker, upstreamIssues),
      probe: parseProbePath(probe, upstreamIssues),
      aliases: checkAliases(aliases, upstreamIssues),
      drops: checkDropHeaders(dropHeaders, upstreamIssues),
      methodOverride: validateMethodOverride(methodOverride, upstreamIssues),
    })
  }

  return upstreams
}

/** Compiles the binding, assets or app of an upstream. An address is validated with the settings of an environment. */
function compileSource(options: Partial<AnyUpstream>, issues: Issues): ConnectUpstream | undefined {
  const { url, binding, assets, app, sessions } = options
  const exclusiveOptions = upstreamKeys.slice(0, url === undefined ? 4 : 5)
  const givenSources = exclusiveOptions.filter((sourceName) => options[sourceName] !== undefined)
  if (givenSources.length > 1) issues.add('', `must have only one of ${givenSources.join(', ')}`)
  if (assets !== undefined && sessions) issues.add('sessions', 'cannot be combined with assets')

  if (app !== undefined) return compileApp(app, issues)
  if (binding !== undefined) return compileBinding('binding', binding, issues)
  return assets === undefined ? undefined : compileBinding('assets', assets, issues)
}

function validateBreaker(breakerOption: unknown, issues: Issues): Breaker | undefined {
  if (breakerOption === undefined || breakerOption === false) return undefined
  if (isRecord(breakerOption) && typeof breakerOption.start === 'function')
    return (breakerOption as unknown as BreakerRules).start()

  issues.add('breaker', 'must be circuitBreaker({ ... }) or false')

  return undefined
}

function validateMethodOverride(
  overrideOption: unknown,
  issues: Issues,
): FindOverriddenRoute | undefined {
  if (overrideOption === undefined) return undefined
  if (isRecord(overrideOption) && typeof overrideOption.findRoute === 'function') {
    return (overrideOption as unknown as MethodOverride).findRoute
  }

  issues.add('methodOverride', 'must be methodOverride(), which comes from portcullis/gateway')

  return undefined
}

function parseProbePath(probeOption: unknown, issues: Issues): string | undefined {
  if (probeOption === undefined) return undefined
  const canonical =
    typeof probeOption === 'string' && probeOption.startsWith('/')
      ? canonicalPath(`http://host${probeOption}`)
      : undefined
  if (canonical?.ok && canonical.path === probeOption) return probeOption
  issues.add('probe', 'must be a canonical path without a query, such as /health')

  return undefined
}
