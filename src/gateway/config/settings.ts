/**
 * Resolves the settings of a gateway from the environment: public origin, hosts, addresses of upstreams
 * and the keys of the assertion. `compile.ts` creates the resolver. `create.ts` calls it at each
 * request, and `endpoints/scheduled.ts` at each cron trigger. The settings are cached until a value
 * changes. Invalid values reject with one `ConfigError` (`ERR_CONFIG`), which the gateway answers with
 * 503. Failures are not cached, so each request validates again. Several requests that arrive before
 * the first settings are ready each resolve them. `find-route.ts` calls `settingsForHost`; the console,
 * readiness and routes use the type.
 */
import { type AssertionKeys, importKeys, parseKeys } from '../../assertion/keys.ts'
import { createIssues, type Issues, resolveFrom } from '../../options/index.ts'
import { parseOrigin, parseUpstreamUrl } from '../../proxy/fetch/parse-url.ts'
import type { ForwardSettings } from '../../proxy/forward/context.ts'
import { createTarget } from '../../proxy/target.ts'
import { compileKnownHosts, type IsKnownHost } from '../../request/index.ts'
import type { FromEnv } from '../../types.ts'
import { hostCovers } from '../routes/host-pattern.ts'

/**
 * The validated values of one environment. For a request whose route names a host, `publicOrigin` and `publicHost` are
 * those of that host.
 */
export interface Settings extends ForwardSettings {
  /** Checks whether the gateway serves a host other than the public one. */
  readonly hosts: IsKnownHost
}

/** The options from which {@link Settings} are resolved. */
export interface SettingsSources {
  readonly publicOrigin: FromEnv<string, never> | undefined
  readonly hosts?: FromEnv<readonly string[], never> | undefined
  readonly upstreams: ReadonlyArray<{
    readonly name: string
    /** The option that holds the address of the upstream. `url` is required, `baseUrl` is not. */
    readonly option: 'url' | 'baseUrl'
    readonly url: FromEnv<string, never> | undefined
  }>
  readonly key: FromEnv<string | readonly string[], never> | undefined
  /** Hosts that routes name, each with the option that names it. */
  readonly routeHosts?: ReadonlyArray<{ readonly option: string; readonly host: string }>
  /**
   * Parts that read further values from the environment and validate them: sessions, throttle, login, bindings of
   * upstreams.
   */
  readonly checks?: ReadonlyArray<{ check(env: unknown): void } | undefined>
}

type PrivateKeys = ReturnType<typeof parseKeys>

interface ParsedHosts {
  readonly known: IsKnownHost
  /** Without their ports. */
  readonly names: readonly string[]
}

/** The options as functions of `env`. Each caches its result, and returns the same object for an equal value. */
interface Resolvers {
  readonly publicOrigin: (env: unknown) => URL | undefined
  readonly hosts: (env: unknown) => ParsedHosts
  readonly upstreams: ReadonlyArray<(env: unknown) => URL | undefined>
  readonly keys: (env: unknown) => PrivateKeys | undefined
}

/** The values of one environment; undefined for a value that had an issue. */
interface ResolvedValues {
  readonly publicOrigin: URL | undefined
  readonly hosts: ParsedHosts | undefined
  readonly upstreams: ReadonlyArray<URL | undefined>
  readonly keys: PrivateKeys | undefined
}

const unknownHostProblem =
  'is not a host that the gateway serves; add it to hosts, or use the host of publicOrigin'

const loopProblem =
  'is the public origin, so requests would loop; use the address of the server behind the gateway'

/**
 * Validates plain values immediately, and functions of the environment at each request.
 *
 * @returns a function of `env`. It returns the cached settings if the values are those of the last request, otherwise a
 *   promise. The promise rejects with one ConfigError that names every wrong value of the environment.
 */
export function createSettingsResolver(
  sources: SettingsSources,
  issues: Issues,
): (env: unknown) => Settings | Promise<Settings> {
  const resolvers = createResolvers(sources, issues)
  const { publicOrigin, hosts } = resolvers
  const arePlain = [sources.publicOrigin, sources.hosts].every(
    (optionValue) => typeof optionValue !== 'function',
  )
  if (arePlain && !issues.any) {
    rejectUnknownRouteHosts(sources, publicOrigin({}), hosts({}), issues)
  }

  let lastResolved: { readonly values: ResolvedValues; readonly settings: Settings } | undefined

  async function resolveSettings(env: unknown): Promise<Settings> {
    const envIssues = createIssues()
    const resolvedValues = resolveValues(resolvers, env, envIssues)
    for (const envCheck of sources.checks ?? [])
      collectIssues(envIssues, () => envCheck?.check(env))

    rejectSelfReference(sources, resolvedValues, envIssues)
    rejectUnknownRouteHosts(sources, resolvedValues.publicOrigin, resolvedValues.hosts, envIssues)
    const keys = resolvedValues.keys?.length
      ? await importKeys(resolvedValues.keys, envIssues.at('assertion.key'))
      : undefined
    envIssues.throwIfAny()
    const settings = buildSettings(resolvedValues, keys)
    lastResolved = { values: resolvedValues, settings }

    return settings
  }

  return (env) => {
    if (lastResolved !== undefined && isUnchanged(resolvers, lastResolved.values, env))
      return lastResolved.settings
    return resolveSettings(env)
  }
}

/** Returns the settings with the public origin of a host that a route names. */
export function settingsForHost(settings: Settings, host: string): Settings {
  if (host === settings.publicHost) return settings
  return {
    ...settings,
    publicHost: host,
    publicOrigin: `${settings.https ? 'https' : 'http'}://${host}`,
  }
}

function createResolvers(sources: SettingsSources, issues: Issues): Resolvers {
  const { key: assertionKey } = sources
  return {
    publicOrigin: resolveFrom(issues, 'publicOrigin', sources.publicOrigin, parseOrigin),
    upstreams: sources.upstreams.map(({ name: upstreamName, option, url: urlOption }) =>
      option === 'baseUrl' && urlOption === undefined
        ? () => undefined
        : resolveFrom(issues, `upstreams.${upstreamName}.${option}`, urlOption, parseUpstreamUrl),
    ),
    keys:
      assertionKey === undefined
        ? () => undefined
        : resolveFrom(issues, 'assertion.key', assertionKey, parseKeys),
    hosts: resolveFrom(issues, 'hosts', sources.hosts ?? [], parseHosts),
  }
}

function resolveValues(resolvers: Resolvers, env: unknown, issues: Issues): ResolvedValues {
  const { publicOrigin, hosts, upstreams, keys } = resolvers
  return {
    publicOrigin: collectIssues(issues, () => publicOrigin(env)),
    hosts: collectIssues(issues, () => hosts(env)),
    upstreams: upstreams.map((resolve) => collectIssues(issues, () => resolve(env))),
    keys: collectIssues(issues, () => keys(env)),
  }
}

/**
 * Whether an environment holds the same values as before. Equal values resolve to the same object, so identity is
 * compared.
 */
function isUnchanged(resolvers: Resolvers, previous: ResolvedValues, env: unknown): boolean {
  try {
    return (
      resolvers.publicOrigin(env) === previous.publicOrigin &&
      resolvers.hosts(env) === previous.hosts &&
      resolvers.upstreams.every((resolve, index) => resolve(env) === previous.upstreams[index]) &&
      resolvers.keys(env) === previous.keys
    )
  } catch {
    return false
  }
}

function buildSettings(
  { publicOrigin, hosts, upstreams }: ResolvedValues,
  assertionKeys: AssertionKeys | undefined,
): Settings {
  if (publicOrigin === undefined || hosts === undefined) {
    throw new TypeError('Settings were built without publicOrigin or hosts')
  }
  return {
    publicOrigin: publicOrigin.origin,
    publicHost: publicOrigin.host,
    issuer: publicOrigin.origin,
    https: publicOrigin.protocol === 'https:',
    hosts: hosts.known,
    targets: upstreams.map((targetUrl) => targetUrl && createTarget(targetUrl)),
    keys: assertionKeys,
  }
}

function parseHosts(hostsOption: readonly string[], issues: Issues): ParsedHosts {
  const isKnown = compileKnownHosts(hostsOption, issues)
  const hostList: readonly unknown[] = Array.isArray(hostsOption) ? hostsOption : []
  return {
    known: isKnown,
    names: hostList.map((host) => `${host}`.replace(/:(?:\*|\d{1,5})$/, '')),
  }
}

/** Reports an upstream whose address is that of the gateway itself. */
function rejectSelfReference(
  sources: SettingsSources,
  { publicOrigin, upstreams }: ResolvedValues,
  issues: Issues,
): void {
  for (const [index, targetUrl] of upstreams.entries()) {
    if (publicOrigin === undefined || targetUrl?.host !== publicOrigin.host) continue
    const { name: upstreamName, option } = sources.upstreams[index] ?? {}
    if (option === 'url') issues.add(`upstreams.${upstreamName}.url`, loopProblem)
  }
}

/** Reports routes that name a host which this gateway does not serve. */
function rejectUnknownRouteHosts(
  { routeHosts = [] }: SettingsSources,
  publicOrigin: URL | undefined,
  hosts: ParsedHosts | undefined,
  issues: Issues,
): void {
  if (publicOrigin === undefined || hosts === undefined) return
  const servedHosts = [publicOrigin.hostname, ...hosts.names]
  for (const { option, host } of routeHosts) {
    if (!servedHosts.some((servedHost) => hostCovers(host, servedHost)))
      issues.add(option, unknownHostProblem)
  }
}

/**
 * Returns the result of a function. If it throws a ConfigError, its issues are added to `issues`; other errors are
 * rethrown.
 */
function collectIssues<T>(issues: Issues, resolve: () => T): T | undefined {
  try {
    return resolve()
  } catch (error) {
    issues.collect(error)
    return undefined
  }
}
