/**
 * Reviews the configuration of a gateway and its wrangler.toml: pure functions of what was read, except that loading
 * runs the configuration. `check.ts`, `doctor.ts` and `npm run check:config` call it. Every error of a configuration
 * becomes a fault; only a `Stop` is thrown on.
 */

import { Stop } from './exit.ts'
import { reviewBindings } from './review-bindings.ts'

/** The result of a review: faults fail the check, and remarks are only printed. */
export interface ReviewResult {
  readonly faults: readonly string[]
  readonly remarks: readonly string[]
}

/**
 * The two functions of `portcullis/gateway` that judge a configuration, from the copy that the configuration itself
 * imports.
 */
export interface Judges {
  createGateway(config: never): unknown
  reviewGateway(config: never, env: object): ReviewResult
}

/** The function of `portcullis/login` that asks the identity providers. */
export interface LoginReviewer {
  reviewLogin(config: never, env: object, publicOrigin: string): Promise<ReviewResult>
}

/** The module that exports a configuration, and the modules of the package that it imports. */
export interface Project {
  readonly module: { readonly config?: unknown }
  readonly judges: Judges
  /** Present if the command asked for `portcullis/login`. */
  readonly logins?: LoginReviewer | undefined
  /** Present if the command asked for `portcullis()` and Hono. */
  readonly stack?: object
}

/** The settings of a Worker in wrangler.toml, as far as they are reviewed. */
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
 * Builds the gateway of a configuration and reviews it in each environment of wrangler.toml.
 *
 * @param path - the file of the configuration; it stands before each fault
 * @param load - imports the configuration; what it throws becomes a fault
 * @param wrangler - the settings in wrangler.toml, whose variables contain the URLs of upstreams
 * @param environment - secrets and variables with which the providers of a login are asked
 * @throws {Stop} only if `load` throws one
 */
export async function reviewConfig(
  path: string,
  load: () => Promise<Project>,
  wrangler: object = {},
  environment: object = {},
): Promise<ReviewResult> {
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

    const providerReview = await reviewProviders(config, logins, {
      ...(wrangler as Settings).vars,
      ...environment,
    })
    const { env, vars } = wrangler as Settings & { env?: Readonly<Record<string, Settings>> }
    const environments = [
      ['', vars] as const,
      ...Object.entries(env ?? {}).map(
        ([name, section]) => [`env.${name}: `, section.vars] as const,
      ),
    ]
    const reviews = environments.map(([prefix, variables]) => ({
      prefix,
      ...judges.reviewGateway(config, variables ?? {}),
    }))

    return {
      faults: [
        ...reviews.flatMap(({ prefix, faults }) =>
          faults.map((fault) => `${path}: ${prefix}${fault}`),
        ),
        ...reviewBindings(config, wrangler).map((fault) => `${path}: ${fault}`),
        ...providerReview.faults.map((fault) => `${path}: ${fault}`),
      ],
      // The same remarks on routes appear for every environment.
      remarks: [...new Set(reviews.flatMap(({ remarks }) => remarks)), ...providerReview.remarks],
    }
  } catch (error) {
    if (error instanceof Stop) throw error
    return { faults: listFaults(error).map((fault) => `${path}: ${fault}`), remarks: [] }
  }
}

/** Asks the providers of a login for their metadata if the command loaded the reviewer. */
async function reviewProviders(
  config: never,
  logins: LoginReviewer | undefined,
  env: object,
): Promise<ReviewResult> {
  if (logins === undefined) return { faults: [], remarks: [] }
  const { publicOrigin } = config as { publicOrigin: string | ((c: { env: object }) => string) }
  const origin = typeof publicOrigin === 'function' ? publicOrigin({ env }) : publicOrigin
  return logins.reviewLogin(config, env, origin)
}

/**
 * Lists the faults of a `ConfigError` of any copy of the package, those of an `AggregateError`, or the message of
 * another error.
 */
function listFaults(error: unknown): readonly string[] {
  if (error instanceof AggregateError) return error.errors.flatMap(listFaults)

  const {
    code,
    issues,
    faults = issues,
  } = Object(error) as {
    code?: string
    issues?: ReadonlyArray<Record<string, string>>
    /** Name of `issues` in earlier versions. */
    faults?: ReadonlyArray<Record<string, string>>
  }
  if (code !== 'ERR_CONFIG' || !Array.isArray(faults))
    return [error instanceof Error && error.name === 'Error' ? error.message : `${error}`]

  return faults.map(({ option, problem }) => `${option} ${problem}`)
}

/** Names of secrets, which must not be among `vars`. */
const secretNames = [
  'SESSION_SECRET',
  'ASSERTION_KEY',
  'THROTTLE_SECRET',
  'UPSTASH_REDIS_REST_TOKEN',
]

/**
 * Finds settings of a Worker with which requests could bypass the gateway, or with which Node's modules are loaded, in
 * every environment.
 */
export function reviewWrangler(path: string, rawConfig: object): readonly string[] {
  const { env, ...top } = rawConfig as Settings & { env?: Readonly<Record<string, Settings>> }
  const faults: string[] = []
  const environments = Object.entries(env ?? {}).map(
    ([name, section]) => [`env.${name}.`, { ...top, ...section }] as const,
  )

  for (const [prefix, settings] of [['', top as Settings] as const, ...environments])
    faults.push(...reviewSettings(prefix, settings), ...reviewLists(prefix, settings))

  return faults.map((fault) => `${path}: ${fault}`)
}

/** Reviews the settings that are a single value. `prefix` names the environment. */
function reviewSettings(prefix: string, settings: Settings): string[] {
  const faults: string[] = []
  if (settings.cache?.enabled)
    faults.push(`${prefix}cache.enabled must be off: cached responses bypass the gateway`)

  const { run_worker_first: first } = settings.assets ?? { run_worker_first: true }
  if (first !== true && `${first}` !== '/*') {
    faults.push(`${prefix}assets.run_worker_first must be true: otherwise files bypass the gateway`)
  }

  if (settings.workers_dev !== false) {
    faults.push(`${prefix}workers_dev must be false: its address bypasses the rules of your zone`)
  }

  if (settings.preview_urls !== false)
    faults.push(`${prefix}preview_urls must be false: old versions would stay reachable`)

  return faults
}

/** Reviews the settings that are lists: flags that must be there, and variables that must not. */
function reviewLists(prefix: string, { compatibility_flags, vars }: Settings): string[] {
  const flags = ['no_nodejs_compat', 'no_nodejs_compat_v2']
    .filter((flag) => !compatibility_flags?.includes(flag))
    .map((flag) => `${prefix}compatibility_flags must contain ${flag}`)

  const secrets = secretNames
    .filter((name) => vars && name in vars)
    .map(
      (name) =>
        `${prefix}vars.${name} must be a secret: vars are visible in git and in the dashboard`,
    )

  return [...flags, ...secrets]
}

/**
 * Finds the names in `.dev.vars` that wrangler does not read: if `secrets.required` is set, it reads those names and no
 * other.
 *
 * @param devVars - the text of the file
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

/** Reads the names and values of `.dev.vars`, without their quotes. */
export function parseDevVars(text: string): Readonly<Record<string, string>> {
  const lines = text.matchAll(/^\s*(?:export\s+)?([A-Z_]\w*)\s*=\s*(.*?)\s*$/gm)
  const pairs = [...lines].map(([, name, value = '']) => [
    `${name}`,
    value.replace(/^(["'])(.*)\1$/, '$2'),
  ])
  return Object.fromEntries(pairs) as Record<string, string>
}

/**
 * Prints the result of a review.
 *
 * @returns whether there was no fault
 */
export function printReview(result: ReviewResult): boolean {
  for (const remark of result.remarks) console.log(`config: note: ${remark}`)
  for (const fault of result.faults) console.error(`config: ${fault}`)

  const { length } = result.faults
  console.log(
    length === 0
      ? 'config: the gateway builds, wrangler.toml has no known problem'
      : `config: ${length} fault${length > 1 ? 's' : ''}`,
  )

  return length === 0
}
