/** `npm run check:config`: builds the gateway of worker/gateway.config.ts and looks at wrangler.toml, without deploying. */
import { pathToFileURL } from 'node:url'
import { experimental_readRawConfig } from 'wrangler'
import {
  type Judges,
  type Project,
  printReview,
  reviewConfig,
  reviewWrangler,
} from '../../cli/review.ts'
import * as gateway from '../../src/gateway/index.ts'

const [configPath = 'worker/gateway.config.ts', tomlPath = 'wrangler.toml'] = process.argv.slice(2)
const { rawConfig } = experimental_readRawConfig({ config: tomlPath })
const load = async (): Promise<Project> => ({
  module: await import(pathToFileURL(configPath).href),
  judges: gateway as Judges,
})
const { faults, remarks } = await reviewConfig(configPath, load, rawConfig)
const fine = printReview({ faults: [...faults, ...reviewWrangler(tomlPath, rawConfig)], remarks })
process.exitCode = fine ? 0 : 1
