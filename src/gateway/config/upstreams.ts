/** The servers behind a gateway, validated while building. */

import { booleanOption, checkKeys, type Issues, wholeNumber } from '../../options/index.ts'
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
  /** Whether it holds files, which are the same for everybody. */
  readonly isAssets: boolean
  /** Whether its error pages are replaced by the gateway's own. */
  readonly hideErrors: boolean
  /** Path that says whether it is healthy; undefined where it has none. */
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
const known: ReadonlyArray<keyof Upstream> = [
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
  for (const [index, [name, upstream]] of Object.entries(value).entries()) {
    const at = issues.at(name)
    // The name is the assertion's `aud` and stands in logs.
    if (!/^[a-z][\w-]{0,63}$/i.test(name))
      at.add('', 'must be named with letters, digits, - and _, a letter first')
    checkKeys(at, upstream, known)
    const options: Partial<AnyUpstream> = isRecord(upstream) ? upstream : {}
    const { sessions, timeoutMs, breaker, probe, hideErrors } = options
    const { insecurePrivateAddress, aliases, dropHeaders, methodOverride } = options
    // Only the review looks at addresses.
    booleanOption(at, 'insecurePrivateAddress', insecurePrivateAddress, false)
    const connect = compileSource(options, at)
    upstreams.set(name, {
      name,
      index,
      connect,
      check: (env) => void connect?.({ env, context: undefined }),
      isAssets: options.assets !== undefined,
      sessions: booleanOption(at, 'sessions', sessions, false),
      timeoutMs: wholeNumber(at, 'timeoutMs', timeoutMs, 30_000, timeoutBounds),
      hideErrors: booleanOption(at, 'hideErrors', hideErrors, false),
      retries: createRetryBudget(),
      breaker: validateBreaker(breaker, at),
      probe: parseProbePath(probe, at),
      aliases: checkAliases(aliases, at),
      drops: checkDropHeaders(dropHeaders, at),
      methodOverride: validateMethodOverride(methodOverride, at),
    })
  }
  return upstreams
}

/** Compiles what an upstream is. Its address is validated with the settings of an environment. */
function compileSource(options: Partial<AnyUpstream>, issues: Issues): ConnectUpstream | undefined {
  const { url, binding, assets, app, sessions } = options
  const exclusive = known.slice(0, url === undefined ? 4 : 5)
  const found = exclusive.filter((name) => options[name] !== undefined)
  if (found.length > 1) issues.add('', `must have only one of ${found.join(', ')}`)
  if (assets !== undefined && sessions) issues.add('sessions', 'must not stand beside assets')

  if (app !== undefined) return compileApp(app, issues)
  if (binding !== undefined) return compileBinding('binding', binding, issues)
  return assets === undefined ? undefined : compileBinding('assets', assets, issues)
}

function validateBreaker(value: unknown, issues: Issues): Breaker | undefined {
  if (value === undefined || value === false) return undefined
  if (isRecord(value) && typeof value.start === 'function')
    return (value as unknown as BreakerRules).start()
  issues.add('breaker', 'must be circuitBreaker({ ... }), or absent')
  return undefined
}

function validateMethodOverride(value: unknown, issues: Issues): FindOverriddenRoute | undefined {
  if (value === undefined) return undefined
  if (isRecord(value) && typeof value.findRoute === 'function') {
    return (value as unknown as MethodOverride).findRoute
  }
  issues.add('methodOverride', 'must be methodOverride(), which comes from portcullis/gateway')
  return undefined
}

function parseProbePath(value: unknown, issues: Issues): string | undefined {
  if (value === undefined) return undefined
  const canonical =
    typeof value === 'string' && value.startsWith('/')
      ? canonicalPath(`http://host${value}`)
      : undefined
  if (canonical?.ok && canonical.path === value) return value
  issues.add('probe', 'must be a canonical path without a query, such as /health')
  return undefined
}
