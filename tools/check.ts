/** `npm run check`: every check that is not a test, all of them even after one failed. */
import { countStep, runScript } from './steps.ts'

const scripts = [
  'types',
  'lint',
  'check:layers',
  'check:style',
  'check:config',
  'check:package',
  'check:sizes',
  'check:readme',
  'check:regex',
  'check:licences',
  'check:docs',
  'check:journeys',
  'check:jsr',
  'check:deploy',
]
const failed: string[] = []
for (const script of scripts) {
  console.log(`\n--- npm run ${script}`)
  const { stdout, code } = await runScript(script, 300_000, { WRANGLER_SEND_METRICS: 'false' })
  if (countStep(stdout, code).failed > 0) failed.push(script)
}
if (failed.length > 0) console.error(`\nfailed: ${failed.join(', ')}`)
console.log(`\n${scripts.length - failed.length} passed, ${failed.length} failed`)
process.exitCode = failed.length > 0 ? 1 : 0
