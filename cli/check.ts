/**
 * Builds the gateway of a project and reviews its wrangler.toml without deploying: `portcullis check`. `main.ts` calls
 * it. Faults are printed and end with status 1; what cannot be read at all is a `Stop`.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Exit, exit, Stop } from './exit.ts'
import { chooseConfig, chooseWrangler } from './files.ts'
import { loadProject, readWrangler } from './load.ts'
import { parseDevVars, printReview, reviewConfig, reviewDevVars, reviewWrangler } from './review.ts'
import { reviewProduction } from './review-production.ts'

/**
 * Runs `portcullis check`: prints each fault and each remark on a line of its own.
 *
 * @returns status 1 if there is a fault
 * @throws {Stop} if the arguments are wrong or a file or package is missing
 */
export async function check(givenArguments: readonly string[]): Promise<Exit> {
  const asksProviders = givenArguments.includes('--providers')
  const isProduction = givenArguments.includes('--production')
  const args = givenArguments.filter((name) => !['--providers', '--production'].includes(name))
  if (args.length > 2 || args.some((argument) => argument.startsWith('-')))
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

  const readableSettings = Array.isArray(settings) ? {} : settings
  const devVars = join(dirname(wrangler), '.dev.vars')
  const secrets = existsSync(devVars) ? readFileSync(devVars, 'utf8') : ''
  const environment = { ...process.env, ...parseDevVars(secrets) }
  const load = () => loadProject(config, { login: asksProviders })
  const { faults, remarks } = await reviewConfig(config, load, readableSettings, environment)
  const wranglerFaults = Array.isArray(settings)
    ? (settings as string[])
    : reviewWrangler(wrangler, settings)
  const unreadSecrets = reviewDevVars(wrangler, readableSettings, secrets)
  const production = isProduction ? reviewProduction(wrangler, readableSettings) : []

  return printReview({
    faults: [...faults, ...wranglerFaults, ...production],
    remarks: [...remarks, ...unreadSecrets],
  })
    ? exit.ok
    : exit.faults
}
