/** Finds the files of a project: those that were named, or the usual ones. */
import { existsSync } from 'node:fs'
import { exit, Stop } from './exit.ts'

const configs = [
  'gateway.config.ts',
  'worker/gateway.config.ts',
  'src/gateway.config.ts',
  'gateway.config.js',
]
const wranglers = ['wrangler.toml', 'wrangler.jsonc', 'wrangler.json']

/** Finds the configuration of the gateway. Throws a {@link Stop} where there is none. */
export function chooseConfig(named: string | undefined): string {
  return choose(named, configs)
}

/** Finds the settings of the Worker. Throws a {@link Stop} where there are none. */
export function chooseWrangler(named: string | undefined): string {
  return choose(named, wranglers)
}

/** Finds the settings of the Worker; undefined where the project has none. */
export function findWrangler(): string | undefined {
  return wranglers.find((path) => existsSync(path))
}

/** The file that was named, or the first of these that is there. */
function choose(named: string | undefined, usual: readonly string[]): string {
  const path = named ?? usual.find((each) => existsSync(each))
  if (path !== undefined && existsSync(path)) return path

  const missing = named === undefined ? `none of ${usual.join(', ')}` : `no ${named}`
  throw new Stop(
    exit.missing,
    `There is ${missing} here. \`npx portcullis init\` writes a new project.`,
  )
}
