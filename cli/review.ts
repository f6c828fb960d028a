/** Reviews a gateway's configuration and its wrangler.toml, as functions of what was read. */

import { Stop } from './exit.ts'
import { reviewBindings } from './review-bindings.ts'

/** The result of a review: faults fail a check, remarks are for the reader. */
export interface Found {
  readonly faults: readonly string[]
  readonly remarks: readonly string[]
}

/** The two functions of `portcullis/gateway` that judge: those of the copy that the configuration itself imports. */
export interface Judges {
  createGateway(config: never): unknown
  reviewGateway(config: never, env: object): Found
}

/** The function of `portcullis/login` that asks providers. */
export interface LoginReviewer {
  reviewLogin(config: never, env: object, publicOrigin: string): Promise<Found>
}

/** A module that exports a configuration, and the judges of the copy of the package that it imports. */
export interface Project {
  readonly module: { readonly config?: unknown }
  readonly judges: Judges
  /** With `--providers`. */
  readonly logins?: LoginReviewer | undefined
  /** With `sessions`. */
  readonly stack?: object
}

/** Settings of a Worker, as far as they are looked at. */
export interface Settings {
  readonly cache?: { readonly enabled?: boolean }
  readonly assets?: { readonly run_worker_first?: boolean | readonly string[] }
  readonly workers_dev?: boolean
  readonly preview_urls?: boolean
  readonly compatibility_flags?: readonly string[]
  readonly vars?: Readonly<Record<string, unknown>>
  readonly secrets?: { readonly required?: readonly string[] }
  readonly routes?: readonly unknown[]
  readonly route?: unknown
  readonly env?: Readonly<Record<string, Settings>>
}

/**
 * Builds the gateway of a module that exports `config`, or a function that makes it. `path` stands before each fault.
 *
 * @param environment - secrets and variables with which providers of a login are asked.
 * @param wrangler - what wrangler.toml says, whose variables tell where upstreams are in each environment.
 */
export async function reviewConfig(
  path: string,
  load: () => Promise<Project>,
  wrangler: object = {},
  environment: object = {},
): Promise<Found> {
  try {
    const { module, judges, logins } = await load()
    if (module.config === undefined) {
      return {
        faults: [`${path}: exports no config: export const config = defineGateway({ ... })`],
        remarks: [],
      }
    }

    const config = (typeof module.config === 'function' ? module.config() : module.config) as never
    judges.createGateway(config)

    const asked = await reviewProviders(config, logins, {
      ...(wrangler as Settings).vars,
      ...environment,
    })
    const { env, vars } = wrangler as Settings & { env?: Readonly<Record<string, Settings>> }
    const found = [
      ['', vars] as const,
      ...Object.entries(env ?? {}).map(([name, own]) => [`env.${name}: `, own.vars] as const),
    ]
    const reviews = found.map(([at, given]) => ({
      at,
      ...judges.reviewGateway(config, given ?? {}),
    }))

    return {
      faults: [
        ...reviews.flatMap(({ at, faults }) => faults.map((fault) => `${path}: ${at}${fault}`)),
        ...reviewBindings(config, wrangler).map((fault) => `${path}: ${fault}`),
        ...asked.faults.map((fault) => `${path}: ${fault}`),
      ],
      // Remarks on routes are the same in every environment.
      remarks: [...new Set(reviews.flatMap(({ remarks }) => remarks)), ...asked.remarks],
    }
  } catch (error) {
    if (error instanceof Stop) throw error
    return { faults: faultsOf(error).map((fault) => `${path}: ${fault}`), remarks: [] }
  }
}

/** Asks the providers of a login for their metadata, where that was wanted. */
async function reviewProviders(
  config: never,
  logins: LoginReviewer | undefined,
  env: object,
): Promise<Found> {
  if (logins === undefined) return { faults: [], remarks: [] }
  const { publicOrigin } = config as { publicOrigin: string | ((c: { env: object }) => string) }
  const origin = typeof publicOrigin === 'function' ? publicOrigin({ env }) : publicOrigin
  return logins.reviewLogin(config, env, origin)
}

/** Each fault of a ConfigError, of whatever copy of the package, each of several errors, or what else was thrown. */
function faultsOf(error: unknown): readonly string[] {
  if (error instanceof AggregateError) return error.errors.flatMap(faultsOf)

  const {
    code,
    issues,
    faults = issues,
  } = Object(error) as {
    code?: string
    issues?: ReadonlyArray<Record<string, string>>
    /** The name that `issues` had before. */
    faults?: ReadonlyArray<Record<string, string>>
  }
  if (code !== 'ERR_CONFIG' || !Array.isArray(faults))
    return [error instanceof Error && error.name === 'Error' ? error.message : `${error}`]

  return faults.map(({ option, problem }) => `${option} ${problem}`)
}

/** Names that must never be among `vars`. */
const secretNames = [
  'SESSION_SECRET',
  'ASSERTION_KEY',
  'THROTTLE_SECRET',
  'UPSTASH_REDIS_REST_TOKEN',
]

/** Settings of a Worker that would let requests past the gateway, or Node into it, in every environment. */
export function reviewWrangler(path: string, rawConfig: object): readonly string[] {
  const { env, ...top } = rawConfig as Settings & { env?: Readonly<Record<string, Settings>> }
  const faults: string[] = []
  const environments = Object.entries(env ?? {}).map(
    ([name, own]) => [`env.${name}.`, { ...top, ...own }] as const,
  )

  for (const [prefix, settings] of [['', top as Settings] as const, ...environments])
    faults.push(...reviewSettings(prefix, settings), ...reviewLists(prefix, settings))

  return faults.map((fault) => `${path}: ${fault}`)
}

/** The settings that are one value each. `prefix` names the environment. */
function reviewSettings(prefix: string, settings: Settings): string[] {
  const faults: string[] = []
  if (settings.cache?.enabled)
    faults.push(`${prefix}cache.enabled must be off: cached responses bypass the gateway`)

  const { run_worker_first: first } = settings.assets ?? { run_worker_first: true }
  if (first !== true && `${first}` !== '/*') {
    faults.push(
      `${prefix}assets.run_worker_first must be true: else files are served and no gateway is asked`,
    )
  }

  if (settings.workers_dev !== false) {
    faults.push(
      `${prefix}workers_dev must be false: it is a second address without your zone's rules`,
    )
  }

  if (settings.preview_urls !== false)
    faults.push(`${prefix}preview_urls must be false: old versions stay reachable`)

  return faults
}

/** The settings that are lists: flags that must be there, and variables that must not. */
function reviewLists(prefix: string, { compatibility_flags, vars }: Settings): string[] {
  const flags = ['no_nodejs_compat', 'no_nodejs_compat_v2']
    .filter((flag) => !compatibility_flags?.includes(flag))
    .map((flag) => `${prefix}compatibility_flags must contain ${flag}`)

  const secrets = secretNames
    .filter((name) => vars && name in vars)
    .map((name) => `${prefix}vars.${name} must be a secret: vars are in git and in the dashboard`)

  return [...flags, ...secrets]
}

/**
 * Names of `.dev.vars` that wrangler leaves out: where `secrets.required` is given, it reads those names and no other.
 *
 * @param devVars - the text of the file.
 */
export function reviewDevVars(path: string, rawConfig: object, devVars: string): readonly string[] {
  const { env, ...top } = rawConfig as Settings & { env?: Readonly<Record<string, Settings>> }
  if (top.secrets?.required === undefined) return []

  const known = new Set(
    [top, ...Object.values(env ?? {})].flatMap(({ secrets, vars }) => [
      ...(secrets?.required ?? []),
      ...Object.keys(vars ?? {}),
    ]),
  )

  const names = [...devVars.matchAll(/^\s*(?:export\s+)?([A-Z_]\w*)\s*=/gm)].map(
    ([, name]) => `${name}`,
  )
  return [...new Set(names)]
    .filter((name) => !known.has(name))
    .map((name) => `.dev.vars: ${name} is not read until secrets.required in ${path} lists it.`)
}

/** Names and values of `.dev.vars`, without quotes. */
export function parseDevVars(text: string): Readonly<Record<string, string>> {
  const lines = text.matchAll(/^\s*(?:export\s+)?([A-Z_]\w*)\s*=\s*(.*?)\s*$/gm)
  const pairs = [...lines].map(([, name, value = '']) => [
    `${name}`,
    value.replace(/^(["'])(.*)\1$/, '$2'),
  ])
  return Object.fromEntries(pairs) as Record<string, string>
}

/** Prints what was found; whether there was no fault. */
export function tell(found: Found): boolean {
  for (const remark of found.remarks) console.log(`config: note: ${remark}`)
  for (const fault of found.faults) console.error(`config: ${fault}`)

  const { length } = found.faults
  console.log(
    length === 0
      ? 'config: the gateway builds, wrangler.toml has no known problem'
      : `config: ${length} fault${length > 1 ? 's' : ''}`,
  )

  return length === 0
}
