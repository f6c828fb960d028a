/**
 * Resolves the settings of an environment: every `FromEnv` option of a gateway, validated
 * together, once per set of values. `create.ts` asks for them at each request. Invalid values are
 * a `ConfigError`, which the gateway answers with 503.
 */
import { type AssertionKeys, importKeys, parseKeys } from '../../assertion/keys.ts'
import { createIssues, type Issues, resolveFrom } from '../../options/index.ts'
import { parseOrigin, parseUpstreamUrl } from '../../proxy/fetch/parse-url.ts'
import type { ForwardSettings } from '../../proxy/forward/context.ts'
import { createTarget } from '../../proxy/target.ts'
import { compileKnownHosts, type IsKnownHost } from '../../request/index.ts'
import type { FromEnv } from '../../types.ts'
import { hostCovers } from '../routes/host-pattern.ts'

/** The values of one environment, ready for requests. `publicOrigin` is that of the request, if its route names a host. */
export interface Settings extends ForwardSettings {
  /** Whether a host other than the public one is served. */
  readonly hosts: IsKnownHost
}

/** Where {@link Settings} come from. */
export interface SettingsSources {
  readonly publicOrigin: FromEnv<string, never> | undefined
  readonly hosts?: FromEnv<readonly string[], never> | undefined
  readonly upstreams: ReadonlyArray<{
    readonly name: string
    /** The option that holds its address, which is not needed where that is `baseUrl`. */
    readonly option: 'url' | 'baseUrl'
    readonly url: FromEnv<string, never> | undefined
  }>
  readonly key: FromEnv<string | readonly string[], never> | undefined
  /** Hosts that routes name, with the options that do. */
  readonly routeHosts?: ReadonlyArray<{ readonly option: string; readonly host: string }>
  /** Validate what the session strategy, the throttle and the bindings of upstreams read from the environment. */
  readonly checks?: ReadonlyArray<{ check(env: unknown): void } | undefined>
}

type PrivateKeys = ReturnType<typeof parseKeys>

interface ParsedHosts {
  readonly known: IsKnownHost
  /** Without their ports. */
  readonly names: readonly string[]
}

/** The options as functions of `env`, each of which caches by value. */
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

const unknownHostProblem = 'is not a served host; add it to hosts, or use the host of publicOrigin'

/**
 * Validates plain values now, and functions at each request.
 *
 * @returns a function of `env` that returns the settings where the values are those of the last request, and otherwise a
 *   promise. It rejects with one ConfigError that names everything that is wrong in this environment.
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

/** The settings of a request for one of the hosts that routes name. */
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

/** Whether an environment holds what it held before. Each resolver caches by value, so equal results are the same object. */
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

/** An upstream that is called by its address must not be the gateway itself. */
function rejectSelfReference(
  sources: SettingsSources,
  { publicOrigin, upstreams }: ResolvedValues,
  issues: Issues,
): void {
  for (const [index, targetUrl] of upstreams.entries()) {
    if (publicOrigin === undefined || targetUrl?.host !== publicOrigin.host) continue
    const { name: upstreamName, option } = sources.upstreams[index] ?? {}
    if (option === 'url')
      issues.add(
        `upstreams.${upstreamName}.url`,
        'is the public origin: requests would return to the gateway',
      )
  }
}

/** A route must not name a host that this gateway does not serve. */
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

/** The result of a function; undefined if it threw a ConfigError, whose issues are then collected. */
function collectIssues<T>(issues: Issues, resolve: () => T): T | undefined {
  try {
    return resolve()
  } catch (error) {
    issues.collect(error)
    return undefined
  }
}
