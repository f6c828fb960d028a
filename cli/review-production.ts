/** Finds settings of a Worker that cannot serve visitors, for `portcullis check --production`. */
import type { Settings } from './review.ts'

/** Hosts that another machine cannot reach, or that are only examples. */
const LOCAL_HOST =
  /^(?:localhost|.*\.localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[::1?\]|.*\.(?:test|invalid|local|internal))$/
const EXAMPLE_HOST = /(?:^|\.)example\.(?:com|net|org)$/

/** Environments that are deployed to visitors; the settings at the top, where there is none. */
function findProduction(rawConfig: object): ReadonlyArray<readonly [at: string, Settings]> {
  const { env, ...top } = rawConfig as Settings & { env?: Readonly<Record<string, Settings>> }
  const { production } = env ?? {}
  // Routes and flags are inherited by an environment; variables and secrets are not.
  if (production === undefined) return [['', top]]
  const { vars: _vars, secrets: _secrets, ...inherited } = top
  return [['env.production.', { ...inherited, ...production }]]
}

/** Each problem, with the path of the file in front. */
export function reviewProduction(path: string, rawConfig: object): readonly string[] {
  return findProduction(rawConfig).flatMap(([at, settings]) =>
    reviewSettings(settings).map((problem) => `${path}: ${at}${problem}`),
  )
}

function reviewSettings(settings: Settings): string[] {
  const { vars = {}, secrets, routes = [], route } = settings
  const problems: string[] = []
  if (routes.length === 0 && route === undefined)
    problems.push(
      'routes is missing: no address leads to this Worker, such as [{ pattern = "www.example.com", custom_domain = true }]',
    )
  for (const pattern of [...routes, route].map(readPattern))
    if (pattern !== undefined && EXAMPLE_HOST.test(pattern.replace(/\/.*$/, '')))
      problems.push(`routes holds ${pattern}, which is an example; write your own host`)

  for (const [name, value] of Object.entries(vars)) {
    const problem = typeof value === 'string' ? reviewAddress(name, value) : undefined
    if (problem !== undefined) problems.push(`vars.${name} ${problem}`)
  }
  if (vars.PUBLIC_ORIGIN === undefined)
    problems.push('vars.PUBLIC_ORIGIN is missing: environments do not inherit top-level variables')
  if ((secrets?.required ?? []).length === 0)
    problems.push(
      'secrets.required is empty: a deployment without SESSION_SECRET answers every session with 503',
    )
  return problems
}

function reviewAddress(name: string, value: string): string | undefined {
  if (!/^https?:\/\//.test(value) || !URL.canParse(value)) return undefined
  const { protocol, hostname } = new URL(value)
  if (LOCAL_HOST.test(hostname)) return `names ${hostname}, which is this machine or a private name`
  if (EXAMPLE_HOST.test(hostname)) return `names ${hostname}, which is an example`
  if (name === 'PUBLIC_ORIGIN' && protocol !== 'https:')
    return 'must be https: browsers drop Secure cookies elsewhere'
  return undefined
}

function readPattern(route: unknown): string | undefined {
  if (typeof route === 'string') return route
  const { pattern } = Object(route) as { pattern?: unknown }
  return typeof pattern === 'string' ? pattern : undefined
}
