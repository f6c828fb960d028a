/** What the environment says: every `From` of a gateway judged together, once per set of values. */
import { type Faults, faults as newFaults, resolveFrom } from '../options/index.ts'
import { type KnownHost, knownHosts } from '../request/index.ts'
import type { From } from '../types.ts'
import { hostCovers } from './host-pattern.ts'
import { type AssertionKeys, importKeys, judgeKeys } from './keys.ts'
import { type Target, targetOf } from './target.ts'

/** The values of one environment, ready for requests. */
export interface Settings {
  /** The origin that visitors see: of this request, where its route names a host. */
  readonly publicOrigin: string
  readonly publicHost: string
  /** Who signs assertions, whatever host was asked. */
  readonly issuer: string
  readonly https: boolean
  /** Hosts besides the public one. */
  readonly hosts: KnownHost
  /** In the order of the upstreams of the plan. */
  readonly targets: readonly Target[]
  readonly keys: AssertionKeys | undefined
}

/** Where {@link Settings} come from. */
export interface Sources {
  readonly publicOrigin: From<string, never> | undefined
  readonly hosts?: From<readonly string[], never> | undefined
  readonly upstreams: ReadonlyArray<{ readonly name: string; readonly url: From<string, never> | undefined }>
  readonly key: From<string | readonly string[], never> | undefined
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
export function settingsFrom(sources: Sources, faults: Faults): (env: unknown) => Settings | Promise<Settings> {
  const origin = resolveFrom(faults, 'publicOrigin', sources.publicOrigin, judgeOrigin)
  const targets = sources.upstreams.map(({ name, url }) =>
    resolveFrom(faults, `upstreams.${name}.url`, url, judgeUpstream),
  )
  const { key } = sources
  const keys = key === undefined ? () => undefined : resolveFrom(faults, 'assertion.key', key, judgeKeys)
  const hosts = resolveFrom(faults, 'hosts', sources.hosts ?? [], judgeHosts)
  const resolvers = [origin, hosts, ...targets, keys] as const

  let last: { readonly found: readonly unknown[]; readonly settings: Settings } | undefined

  /** Values are memoised one by one: the same results mean that nothing changed. */
  function unchanged(found: readonly unknown[], env: unknown): boolean {
    try {
      return resolvers.every((resolve, i) => resolve(env) === found[i])
    } catch {
      return false
    }
  }

  async function judge(env: unknown): Promise<Settings> {
    const late = newFaults()
    const found = resolvers.map((resolve) => noting(late, () => resolve(env)))
    for (const part of sources.checks ?? []) noting(late, () => part?.check(env))
    const url = found[0] as URL | undefined
    const known = found[1] as Answered | undefined
    const urls = found.slice(2, -1) as Array<URL | undefined>
    for (const [index, upstream] of urls.entries()) {
      if (url === undefined || upstream?.host !== url.host) continue
      late.add(`upstreams.${sources.upstreams[index]?.name}.url`, 'is the public origin: requests would come back')
    }
    for (const option of unanswered(sources, url, known)) late.add(option, nobodyAsks)
    const judged = found.at(-1) as ReturnType<typeof judgeKeys> | undefined
    const imported = judged?.length ? await importKeys(judged, late.under('assertion.key')) : undefined
    late.done()
    if (url === undefined || known === undefined) throw new TypeError('A gateway has a public origin')
    const settings: Settings = {
      publicOrigin: url.origin,
      publicHost: url.host,
      issuer: url.origin,
      https: url.protocol === 'https:',
      hosts: known.known,
      targets: urls.map((upstream) => targetOf(upstream as URL)),
      keys: imported,
    }
    last = { found, settings }
    return settings
  }

  const now = [sources.publicOrigin, sources.hosts].every((given) => typeof given !== 'function')
  if (now && !faults.any) {
    for (const option of unanswered(sources, origin({}), hosts({}))) faults.add(option, nobodyAsks)
  }
  return (env) => {
    if (last !== undefined && unchanged(last.found, env)) return last.settings
    return judge(env)
  }
}

/** The settings of a request for one of the hosts that routes name. */
export function visited(settings: Settings, host: string): Settings {
  if (host === settings.publicHost) return settings
  return { ...settings, publicHost: host, publicOrigin: `${settings.https ? 'https' : 'http'}://${host}` }
}

interface Answered {
  readonly known: KnownHost
  /** Without their ports. */
  readonly names: readonly string[]
}

const nobodyAsks = 'is none of the hosts that are answered: that of publicOrigin, and those of the option hosts'

function judgeHosts(given: readonly string[], faults: Faults): Answered {
  const known = knownHosts(given, faults)
  const list: readonly unknown[] = Array.isArray(given) ? given : []
  return { known, names: list.map((host) => `${host}`.replace(/:(?:\*|\d{1,5})$/, '')) }
}

/** Options of routes for which nobody can ask. */
function unanswered({ routeHosts = [] }: Sources, url: URL | undefined, hosts: Answered | undefined): string[] {
  if (url === undefined || hosts === undefined) return []
  const names = [url.hostname, ...hosts.names]
  const asked = (host: string): boolean => names.some((name) => hostCovers(host, name))
  return routeHosts.filter(({ host }) => !asked(host)).map(({ option }) => option)
}

/** What `make` returns, or undefined with its faults noted. */
function noting<T>(faults: Faults, make: () => T): T | undefined {
  try {
    return make()
  } catch (error) {
    faults.absorb(error)
    return undefined
  }
}

function judgeOrigin(given: string, faults: Faults): URL | undefined {
  const url = httpUrl(given)
  if (url !== undefined && (given === url.origin || given === `${url.origin}/`)) return url
  faults.add('', 'must be an origin such as https://app.example.com, without a path')
  return undefined
}

function judgeUpstream(given: string, faults: Faults): URL | undefined {
  const url = httpUrl(given)
  if (url === undefined || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    faults.add('', 'must be an http or https URL without credentials, query or fragment')
    return undefined
  }
  if (isMetadata(url.hostname)) {
    faults.add('', 'must not be a link-local address: clouds keep their metadata and its credentials there')
    return undefined
  }
  return url
}

function httpUrl(given: unknown): URL | undefined {
  if (typeof given !== 'string' || !URL.canParse(given)) return undefined
  const url = new URL(given)
  return url.protocol === 'https:' || url.protocol === 'http:' ? url : undefined
}

/** URL has made every spelling of an address (hex, octal, one number) one. */
function isMetadata(hostname: string): boolean {
  return (
    /^169\.254\.\d+\.\d+$/.test(hostname) ||
    /^\[(?:fe[89ab][\da-f]:|(?:::ffff:|64:ff9b::|64:ff9b:1::|2002:|::)a9fe:|fd00:ec2::254\]$)/.test(hostname) ||
    /^metadata(?:\.google\.internal)?\.?$/.test(hostname)
  )
}
