/**
 * Finds settings of a Worker with which it could not serve visitors: private addresses, examples, missing routes and
 * secrets. `check.ts` calls it for `portcullis check --production`. Each one is a fault; nothing is thrown.
 */
import type { Settings } from './review.ts'

/** Hosts that other machines cannot reach, and hosts that are only examples. */
const LOCAL_HOST =
  /^(?:localhost|.*\.localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[::1?\]|.*\.(?:test|invalid|local|internal))$/
const EXAMPLE_HOST = /(?:^|\.)example\.(?:com|net|org)$/

/**
 * Finds the settings that are deployed for visitors: `env.production`, or the settings at the top if there is no such
 * environment.
 */
function findProduction(rawConfig: object): ReadonlyArray<readonly [prefix: string, Settings]> {
  const { env, ...top } = rawConfig as Settings & { env?: Readonly<Record<string, Settings>> }
  const { production } = env ?? {}
  // An environment inherits routes and flags, but no variables and secrets.
  if (production === undefined) return [['', top]]
  const { vars: _vars, secrets: _secrets, ...inherited } = top
  return [['env.production.', { ...inherited, ...production }]]
}

/** Lists the faults, each after the path of the file. */
export function reviewProduction(path: string, rawConfig: object): readonly string[] {
  return findProduction(rawConfig).flatMap(([prefix, settings]) =>
    reviewSettings(settings).map((problem) => `${path}: ${prefix}${problem}`),
  )
}

function reviewSettings(settings: Settings): string[] {
  const { vars = {}, secrets, routes = [], route } = settings
  const problems: string[] = []
  if (routes.length === 0 && route === undefined)
    problems.push(
      'routes is missing: no address leads to this Worker; write for example [{ pattern = "www.example.com", custom_domain = true }]',
    )
  for (const pattern of [...routes, route].map(readPattern))
    if (pattern !== undefined && EXAMPLE_HOST.test(pattern.replace(/\/.*$/, '')))
      problems.push(`routes contains ${pattern}, which is an example; write your own host`)

  for (const [name, value] of Object.entries(vars)) {
    const problem = typeof value === 'string' ? reviewAddress(name, value) : undefined
    if (problem !== undefined) problems.push(`vars.${name} ${problem}`)
  }
  if (vars.PUBLIC_ORIGIN === undefined)
    problems.push(
      'vars.PUBLIC_ORIGIN is missing: environments do not inherit the variables at the top',
    )
  if ((secrets?.required ?? []).length === 0)
    problems.push(
      'secrets.required is empty: a deployment without SESSION_SECRET answers requests with a session with 503',
    )
  return problems
}

function reviewAddress(name: string, value: string): string | undefined {
  if (!/^https?:\/\//.test(value) || !URL.canParse(value)) return undefined
  const { protocol, hostname } = new URL(value)
  if (LOCAL_HOST.test(hostname)) return `contains ${hostname}, which other machines cannot reach`
  if (EXAMPLE_HOST.test(hostname)) return `contains ${hostname}, which is an example`
  if (name === 'PUBLIC_ORIGIN' && protocol !== 'https:')
    return 'must begin with https:// because browsers reject Secure cookies elsewhere'
  return undefined
}

function readPattern(route: unknown): string | undefined {
  if (typeof route === 'string') return route
  const { pattern } = Object(route) as { pattern?: unknown }
  return typeof pattern === 'string' ? pattern : undefined
}
