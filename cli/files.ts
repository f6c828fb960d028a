/**
 * Finds the files of a project: those that the command line names, or the usual ones. The commands call it. A file that
 * is missing is a `Stop`.
 */
import { existsSync } from 'node:fs'
import { exit, Stop } from './exit.ts'

const configs = [
  'gateway.config.ts',
  'worker/gateway.config.ts',
  'src/gateway.config.ts',
  'gateway.config.js',
]
const wranglers = ['wrangler.toml', 'wrangler.jsonc', 'wrangler.json']

/**
 * Finds the configuration of the gateway.
 *
 * @throws {Stop} if there is none
 */
export function chooseConfig(named: string | undefined): string {
  return choose(named, configs)
}

/**
 * Finds the settings of the Worker.
 *
 * @throws {Stop} if there are none
 */
export function chooseWrangler(named: string | undefined): string {
  return choose(named, wranglers)
}

/** Finds the settings of the Worker, or returns undefined if the project has none. */
export function findWrangler(): string | undefined {
  return wranglers.find((path) => existsSync(path))
}

/** Returns the file that was named, or the first of the usual ones that exists. */
function choose(named: string | undefined, usual: readonly string[]): string {
  const path = named ?? usual.find((file) => existsSync(file))
  if (path !== undefined && existsSync(path)) return path

  const missing = named === undefined ? `none of ${usual.join(', ')}` : `no ${named}`
  throw new Stop(
    exit.missing,
    `There is ${missing} here. \`npx portcullis init\` writes a new project.`,
  )
}
