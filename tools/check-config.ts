/** `npm run check:config`: builds the gateway of worker/gateway.config.ts and looks at wrangler.toml, without deploying. */
import { realpathSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { experimental_readRawConfig } from 'wrangler'
import { ConfigError } from '../src/errors.ts'
import { createGateway, type GatewayConfig, reviewGateway } from '../src/gateway/index.ts'

/** What was found: faults fail the check, remarks are for whoever reads it. */
export interface Found {
  readonly faults: readonly string[]
  readonly remarks: readonly string[]
}

if (process.argv[1] && realpathSync(process.argv[1]) === import.meta.filename) await main()

async function main(): Promise<void> {
  const [configPath = 'worker/gateway.config.ts', tomlPath = 'wrangler.toml'] = process.argv.slice(2)
  const gateway = await checkGateway(configPath)
  const faults = [...gateway.faults, ...checkWrangler(tomlPath)]
  for (const remark of gateway.remarks) console.log(`config: note: ${remark}`)
  for (const fault of faults) console.error(`config: ${fault}`)
  console.log(
    faults.length === 0 ? 'config: the gateway builds, wrangler.toml is safe' : `config: ${faults.length} faults`,
  )
  process.exitCode = faults.length > 0 ? 1 : 0
}

/** Imports a module that exports `config`, or a function that makes it, and builds a gateway of it. */
export async function checkGateway(path: string): Promise<Found> {
  try {
    const module = (await import(pathToFileURL(path).href)) as { config: GatewayConfig | (() => GatewayConfig) }
    const config = typeof module.config === 'function' ? module.config() : module.config
    createGateway(config)
    return { faults: [], remarks: reviewGateway(config) }
  } catch (error) {
    if (!(error instanceof ConfigError)) return { faults: [`${path}: ${error}`], remarks: [] }
    return { faults: error.faults.map(({ option, problem }) => `${path}: ${option} ${problem}`), remarks: [] }
  }
}

/** Settings of a Worker that would let requests past the gateway, or Node into it. */
export function checkWrangler(path: string): readonly string[] {
  const { rawConfig } = experimental_readRawConfig({ config: path })
  const faults: string[] = []
  const environments = Object.entries((rawConfig.env ?? {}) as Record<string, Settings>)
  for (const [at, settings, inherited] of [
    ['', rawConfig as Settings, {}],
    ...environments.map(([name, own]) => [`env.${name}.`, own, rawConfig as Settings] as const),
  ] as const) {
    const found: Settings = { ...inherited, ...settings }
    if (found.cache?.enabled) faults.push(`${at}cache.enabled must be off: what it answers passes no gateway`)
    if (found.workers_dev !== false)
      faults.push(`${at}workers_dev must be false: it is a second address without your zone's rules`)
    if (found.preview_urls !== false) faults.push(`${at}preview_urls must be false: old versions stay reachable`)
    for (const flag of ['no_nodejs_compat', 'no_nodejs_compat_v2']) {
      if (!found.compatibility_flags?.includes(flag)) faults.push(`${at}compatibility_flags must hold ${flag}`)
    }
    for (const name of ['SESSION_SECRET', 'ASSERTION_KEY', 'UPSTASH_REDIS_REST_TOKEN']) {
      if (found.vars && name in found.vars)
        faults.push(`${at}vars.${name} must be a secret: vars are in git and in the dashboard`)
    }
  }
  return faults.map((fault) => `${path}: ${fault}`)
}

interface Settings {
  readonly cache?: { readonly enabled?: boolean }
  readonly workers_dev?: boolean
  readonly preview_urls?: boolean
  readonly compatibility_flags?: readonly string[]
  readonly vars?: Readonly<Record<string, unknown>>
}
