/**
 * Reads the `env` of a project's Worker: the variables in wrangler.toml, and secrets from `.dev.vars` or from the
 * environment of the command. The commands `sessions` and `secret rotate` call it. A missing file, environment or
 * secret is a `Stop`.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { exit, Stop } from './exit.ts'
import { findWrangler } from './files.ts'
import { readWrangler } from './load.ts'
import { parseDevVars, type Settings } from './review.ts'

/** The variables and secrets of a deployment, or of development. */
export interface ProjectEnvironment {
  /** Variables and secrets by name. */
  readonly values: Readonly<Record<string, unknown>>
  /** Names of required secrets that are set nowhere. */
  readonly missing: readonly string[]
  /** Whether a database or an object of the platform is bound, which a command cannot reach. */
  readonly hasBindings: boolean
}

type BoundSettings = Settings & {
  readonly d1_databases?: readonly unknown[]
  readonly durable_objects?: { readonly bindings?: readonly unknown[] }
  readonly hyperdrive?: readonly unknown[]
}

/**
 * Reads an environment of wrangler.toml; without a name, the one of development, whose secrets are in `.dev.vars`. A
 * project without wrangler.toml has the environment of the command.
 *
 * @throws {Stop} if the named environment does not exist
 */
export async function readEnvironment(name: string | undefined): Promise<ProjectEnvironment> {
  const path = findWrangler()
  if (path === undefined && name === undefined)
    return { values: process.env, missing: [], hasBindings: false }
  if (path === undefined)
    throw new Stop(exit.missing, `There is no wrangler.toml here, so there is no env.${name}.`)

  const settings = (await readWrangler(path)) as BoundSettings
  const chosen = (name === undefined ? settings : settings.env?.[name]) as BoundSettings | undefined
  if (chosen === undefined) {
    const names = Object.keys(settings.env ?? {}).join(', ') || 'none'
    throw new Stop(exit.faults, `${path} has no [env.${name}]; its environments: ${names}.`)
  }

  const required = chosen.secrets?.required ?? []
  const devVars = name === undefined ? readDevVars(join(dirname(path), '.dev.vars')) : {}
  const secrets = { ...pickStrings(process.env, required), ...devVars }
  const { d1_databases: databases, durable_objects: objects, hyperdrive } = chosen

  return {
    values: { ...chosen.vars, ...secrets },
    missing: required.filter((secret) => !(secret in secrets)),
    hasBindings: [databases, objects?.bindings, hyperdrive].some((list) => list?.length),
  }
}

/**
 * Checks that no required secret is missing.
 *
 * @throws {Stop} with the names of the missing secrets
 */
export function requireSecrets({ missing }: ProjectEnvironment): void {
  if (missing.length === 0) return

  throw new Stop(
    exit.missing,
    `${missing.join(', ')} must be set in the environment of this command, with the values that the Worker has.`,
  )
}

function readDevVars(path: string): Readonly<Record<string, string>> {
  return existsSync(path) ? parseDevVars(readFileSync(path, 'utf8')) : {}
}

function pickStrings(
  source: Readonly<Record<string, string | undefined>>,
  names: readonly string[],
): Record<string, string> {
  const picked: Record<string, string> = {}
  for (const name of names) {
    const value = source[name]
    if (value !== undefined) picked[name] = value
  }

  return picked
}
