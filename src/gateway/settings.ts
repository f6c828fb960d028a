/** What the environment says: every `From` of a gateway judged together, once per set of values. */

import { type AssertionKeys, importKeys, parseKeys } from '../assertion/keys.ts'
import { createIssues, type Issues, resolveFrom } from '../options/index.ts'
import { createTarget, type Target } from '../proxy/target.ts'
import { compileKnownHosts, type IsKnownHost } from '../request/index.ts'
import type { FromEnv } from '../types.ts'
import { hostCovers } from './routes/host-pattern.ts'

/** The values of one environment, ready for requests. */
export interface Settings {
  /** The origin that visitors see: of this request, where its route names a host. */
  readonly publicOrigin: string
  readonly publicHost: string
  /** Who signs assertions, whatever host was asked. */
  readonly issuer: string
  readonly https: boolean
  /** Hosts besides the public one. */
  readonly hosts: IsKnownHost
  /** In the order of the upstreams of the plan. */
  readonly targets: readonly Target[]
  readonly keys: AssertionKeys | undefined
}

/** Where {@link Settings} come from. */
export interface SettingsSources {
  readonly publicOrigin: FromEnv<string, never> | undefined
  readonly hosts?: FromEnv<readonly string[], never> | undefined
  readonly upstreams: ReadonlyArray<{
    readonly name: string
    readonly url: FromEnv<string, never> | undefined
  }>
  readonly key: FromEnv<string | readonly string[], never> | undefined
  /** Hosts that routes name, by the option that does. */
  readonly routeHosts?: ReadonlyArray<{ readonly option: string; readonly host: string }>
  /** Judge what the session strategy and the throttle take from the environment. */
  readonly checks?: ReadonlyArray<{ check(env: unknown): void } | undefined>
}

/**
 * Judges plain values now and functions at each request, memoised by value.
 *
 * @returns a function of `env`: the settings, at once where they are known, else promised. It rejects with one
 *   ConfigError that names everything that is wrong in this environment.
 */
export function createSettingsResolver(
  sources: SettingsSources,
  issues: Issues,
): (env: unknown) => Settings | Promise<Settings> {
  const origin = resolveFrom(issues, 'publicOrigin', sources.publicOrigin, parseOrigin)
  const targets = sources.upstreams.map(({ name, url }) =>
    resolveFrom(issues, `upstreams.${name}.url`, url, parseUpstreamUrl),
  )
  const { key } = sources
  const keys =
    key === undefined ? () => undefined : resolveFrom(issues, 'assertion.key', key, parseKeys)
  const hosts = resolveFrom(issues, 'hosts', sources.hosts ?? [], parseHosts)
  const resolvers = [origin, hosts, ...targets, keys] as const

  let last: { readonly found: readonly unknown[]; readonly settings: Settings } | undefined

  /** Values are memoised one by one: the same results mean that nothing changed. */
  function isUnchanged(found: readonly unknown[], env: unknown): boolean {
    try {
      return resolvers.every((resolve, i) => resolve(env) === found[i])
    } catch {
      return false
    }
  }

  async function resolveSettings(env: unknown): Promise<Settings> {
    const late = createIssues()
    const found = resolvers.map((resolve) => collectIssues(late, () => resolve(env)))
    for (const part of sources.checks ?? []) collectIssues(late, () => part?.check(env))
    const url = found[0] as URL | undefined
    const known = found[1] as ParsedHosts | undefined
    const urls = found.slice(2, -1) as Array<URL | undefined>
    for (const [index, upstream] of urls.entries()) {
      if (url === undefined || upstream?.host !== url.host) continue
      late.add(
        `upstreams.${sources.upstreams[index]?.name}.url`,
        'is the public origin: requests would come back',
      )
    }
    for (const option of findUnknownRouteHosts(sources, url, known))
      late.add(option, unknownHostProblem)
    const judged = found.at(-1) as ReturnType<typeof parseKeys> | undefined
    const imported = judged?.length ? await importKeys(judged, late.at('assertion.key')) : undefined
    late.throwIfAny()
    if (url === undefined || known === undefined)
      throw new TypeError('A gateway has a public origin')
    const settings: Settings = {
      publicOrigin: url.origin,
      publicHost: url.host,
      issuer: url.origin,
      https: url.protocol === 'https:',
      hosts: known.known,
      targets: urls.map((upstream) => createTarget(upstream as URL)),
      keys: imported,
    }
    last = { found, settings }
    return settings
  }

  const now = [sources.publicOrigin, sources.hosts].every((value) => typeof value !== 'function')
  if (now && !issues.any) {
    for (const option of findUnknownRouteHosts(sources, origin({}), hosts({})))
      issues.add(option, unknownHostProblem)
  }
  return (env) => {
    if (last !== undefined && isUnchanged(last.found, env)) return last.settings
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

interface ParsedHosts {
  readonly known: IsKnownHost
  /** Without their ports. */
  readonly names: readonly string[]
}

const unknownHostProblem =
  'is none of the hosts that are answered: that of publicOrigin, and those of the option hosts'

function parseHosts(value: readonly string[], issues: Issues): ParsedHosts {
  const known = compileKnownHosts(value, issues)
  const list: readonly unknown[] = Array.isArray(value) ? value : []
  return { known, names: list.map((host) => `${host}`.replace(/:(?:\*|\d{1,5})$/, '')) }
}

/** Options of routes for which nobody can ask. */
function findUnknownRouteHosts(
  { routeHosts = [] }: SettingsSources,
  url: URL | undefined,
  hosts: ParsedHosts | undefined,
): string[] {
  if (url === undefined || hosts === undefined) return []
  const names = [url.hostname, ...hosts.names]
  const asked = (host: string): boolean => names.some((name) => hostCovers(host, name))
  return routeHosts.filter(({ host }) => !asked(host)).map(({ option }) => option)
}

/** What `make` returns, or undefined with its faults noted. */
function collectIssues<T>(issues: Issues, make: () => T): T | undefined {
  try {
    return make()
  } catch (error) {
    issues.collect(error)
    return undefined
  }
}

function parseOrigin(value: string, issues: Issues): URL | undefined {
  const url = parseHttpUrl(value)
  if (url !== undefined && (value === url.origin || value === `${url.origin}/`)) return url
  issues.add('', 'must be an origin such as https://app.example.com, without a path')
  return undefined
}

function parseUpstreamUrl(value: string, issues: Issues): URL | undefined {
  const url = parseHttpUrl(value)
  if (
    url === undefined ||
    url.search !== '' ||
    url.hash !== '' ||
    url.username !== '' ||
    url.password !== ''
  ) {
    issues.add('', 'must be an http or https URL without credentials, query or fragment')
    return undefined
  }
  if (isMetadata(url.hostname)) {
    issues.add(
      '',
      'must not be a link-local address: clouds keep their metadata and its credentials there',
    )
    return undefined
  }
  return url
}

function parseHttpUrl(value: unknown): URL | undefined {
  if (typeof value !== 'string' || !URL.canParse(value)) return undefined
  const url = new URL(value)
  return url.protocol === 'https:' || url.protocol === 'http:' ? url : undefined
}

/** URL has made every spelling of an address (hex, octal, one number) one. */
function isMetadata(hostname: string): boolean {
  return (
    /^169\.254\.\d+\.\d+$/.test(hostname) ||
    /^\[(?:fe[89ab][\da-f]:|(?:::ffff:|64:ff9b::|64:ff9b:1::|2002:|::)a9fe:|fd00:ec2::254\]$)/.test(
      hostname,
    ) ||
    /^metadata(?:\.google\.internal)?\.?$/.test(hostname)
  )
}
