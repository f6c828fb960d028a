/** `portcullis check`: builds the gateway of a project and looks at its wrangler.toml, without deploying. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Exit, exit, Stop } from './exit.ts'
import { loadProject, readWrangler } from './load.ts'
import { parseDevVars, reviewConfig, reviewDevVars, reviewWrangler, tell } from './review.ts'
import { reviewProduction } from './review-production.ts'

const configs = [
  'gateway.config.ts',
  'worker/gateway.config.ts',
  'src/gateway.config.ts',
  'gateway.config.js',
]
const wranglers = ['wrangler.toml', 'wrangler.jsonc', 'wrangler.json']

/** Each fault on a line of its own. */
export async function check(given: readonly string[]): Promise<Exit> {
  const asks = given.includes('--providers')
  const isProduction = given.includes('--production')
  const args = given.filter((one) => one !== '--providers' && one !== '--production')
  if (args.length > 2 || args.some((one) => one.startsWith('-')))
    throw new Stop(
      exit.usage,
      'portcullis check [--production] [--providers] [gateway.config.ts] [wrangler.toml]',
    )

  const config = choose(args[0], configs)
  const wrangler = choose(args[1], wranglers)
  const settings = await readWrangler(wrangler).catch((error: unknown) => {
    if (error instanceof Stop) throw error
    return [
      `${wrangler}: ${error instanceof Error ? error.message.split('\n')[0] : 'cannot be read'}`,
    ]
  })

  const known = Array.isArray(settings) ? {} : settings
  const devVars = join(dirname(wrangler), '.dev.vars')
  const secrets = existsSync(devVars) ? readFileSync(devVars, 'utf8') : ''
  const environment = { ...process.env, ...parseDevVars(secrets) }
  const load = () => loadProject(config, asks)
  const { faults, remarks } = await reviewConfig(config, load, known, environment)
  const more = Array.isArray(settings) ? (settings as string[]) : reviewWrangler(wrangler, settings)
  const unread = reviewDevVars(wrangler, known, secrets)
  const production = isProduction ? reviewProduction(wrangler, known) : []

  return tell({ faults: [...faults, ...more, ...production], remarks: [...remarks, ...unread] })
    ? exit.ok
    : exit.faults
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
