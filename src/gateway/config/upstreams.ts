/**
 * Compiles the option `upstreams`: the servers behind a gateway. `compile.ts` calls it while
 * building. Invalid options are reported as issues; urls that come from the environment are
 * validated with the settings.
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

/** A server behind the gateway, as requests use it. */
export interface CompiledUpstream extends UpstreamRules {
  /** Creates the client of a request; undefined where it has an address, and the gateway's own client reaches it. */
  readonly connect: ConnectUpstream | undefined
  /** Rejects an environment that lacks its binding. */
  check(env: unknown): void
  /** Whether it serves files, which are the same for every client. */
  readonly isAssets: boolean
  /** Whether its error pages are replaced by the gateway's own. */
  readonly hideErrors: boolean
  /** Path of its health check; undefined where it has none. */
  readonly probe: string | undefined
  /** Reads a path as the pages that the upstream serves for it. */
  readonly aliases: AliasReader
  /** Finds the route of a POST by the method in its form; undefined where the upstream takes the request's method. */
  readonly methodOverride: FindOverriddenRoute | undefined
}

type AnyUpstream = Upstream<never>

/** How long a server may think before its first byte. */
export const timeoutBounds = { min: 1, max: 300_000, unit: 'milliseconds' } as const

// The first four say what it is, and the fifth belongs to the last three of them.
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

/** Validates the option `upstreams`, all but the values of its urls. */
export function compileUpstreams(
  value: unknown,
  issues: Issues,
): ReadonlyMap<string, CompiledUpstream> {
  const upstreams = new Map<string, CompiledUpstream>()
  if (!isRecord(value) || Object.keys(value).length === 0) {
    issues.add('', 'must name at least one server')
    return upstreams
  }

  for (const [index, [upstreamName, upstream]] of Object.entries(value).entries()) {
    const upstreamIssues = issues.at(upstreamName)
    // The name is the assertion's `aud` and stands in logs.
    if (!/^[a-z][\w-]{0,63}$/i.test(upstreamName))
      upstreamIssues.add('', 'must be named with letters, digits, - and _, starting with a letter')

    checkKeys(upstreamIssues, upstream, upstreamKeys)
    const options: Partial<AnyUpstream> = isRecord(upstream) ? upstream : {}
    const { sessions, timeoutMs, breaker, probe, hideErrors } = options
    const { insecurePrivateAddress, aliases, dropHeaders, methodOverride } = options
    // Only the review looks at addresses.
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

/** Compiles what an upstream is. Its address is validated with the settings of an environment. */
function compileSource(options: Partial<AnyUpstream>, issues: Issues): ConnectUpstream | undefined {
  const { url, binding, assets, app, sessions } = options
  const exclusive = upstreamKeys.slice(0, url === undefined ? 4 : 5)
  const givenSources = exclusive.filter((sourceName) => options[sourceName] !== undefined)
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
