/** `portcullis check`: builds the gateway of a project and looks at its wrangler.toml, without deploying. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Exit, exit, Stop } from './exit.ts'
import { chooseConfig, chooseWrangler } from './files.ts'
import { loadProject, readWrangler } from './load.ts'
import { parseDevVars, reviewConfig, reviewDevVars, reviewWrangler, tell } from './review.ts'
import { reviewProduction } from './review-production.ts'

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

  const config = chooseConfig(args[0])
  const wrangler = chooseWrangler(args[1])
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
  const load = () => loadProject(config, { login: asks })
  const { faults, remarks } = await reviewConfig(config, load, known, environment)
  const more = Array.isArray(settings) ? (settings as string[]) : reviewWrangler(wrangler, settings)
  const unread = reviewDevVars(wrangler, known, secrets)
  const production = isProduction ? reviewProduction(wrangler, known) : []

  return tell({ faults: [...faults, ...more, ...production], remarks: [...remarks, ...unread] })
    ? exit.ok
    : exit.faults
}
