/** `npm run secret`: prints secrets for a deployment. `--plain` prints one SESSION_SECRET and nothing else. */
import { realpathSync } from 'node:fs'
import { secretsText, sessionSecret } from '../../cli/secrets.ts'

export { assertionKey, completeDevVars, sessionSecret } from '../../cli/secrets.ts'

if (process.argv[1] && realpathSync(process.argv[1]) === import.meta.filename) {
  const args = process.argv.slice(2)
  const unknown = args.find((arg) => arg !== '--plain')
  if (unknown !== undefined) {
    console.error(`Unknown argument ${unknown}. There is one: --plain.`)
    process.exitCode = 1
  } else if (args.length > 0) {
    console.log(sessionSecret())
  } else {
    console.log(
      `${await secretsText()}\nIn development nothing is to be done: npm run dev writes both to .dev.vars.`,
    )
  }
}
