/**
 * `npm run test:frameworks`: real frameworks, each with its own login, behind the gateway in bare workerd. Every trick of an
 * attacker is played with 60 wrong passwords; the application itself notes which passwords it looked at.
 *
 * `npm run test:frameworks -- rails django` runs these; `--only 'T[56]'` runs rows whose titles match. PORTCULLIS_ROOT
 * names another checkout whose library is to be tried.
 */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { django, express, flask } from '../../test/frameworks/node-python.ts'
import { laravel, plain, wordpress } from '../../test/frameworks/php.ts'
import { rails, tomcat } from '../../test/frameworks/rails-java.ts'
import { type Row, runRows } from '../../test/frameworks/rows.ts'
import {
  bundleGateways,
  knowsOption,
  startApplication,
  startMariaDb,
} from '../../test/frameworks/start.ts'
import type { Framework } from '../../test/frameworks/types.ts'
import { startWorkerd } from '../../test/support/workerd.ts'
import { freePort } from '../dev/free-port.ts'
import { assertionKey } from '../dev/secret.ts'

const all: readonly Framework[] = [wordpress, laravel, rails, tomcat, django, flask, plain, express]
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' } },
})
const wanted = all.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
const only = values.only === undefined ? undefined : new RegExp(values.only)
const root = resolve(process.env.PORTCULLIS_ROOT ?? '.')
/** Applications at a time: one thinks while another's gateway does. */
const together = 3

const at = mkdtempSync(join(tmpdir(), 'portcullis-frameworks-'))
// Whatever was started ends with this process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
let [passed, failed] = [0, 0]
try {
  const here = wanted.filter(isInstalled)
  const gateways = await bundleGateways(root)
  const usesMaria = here.some(({ packages }) => packages.includes('mariadb-server'))
  const maria = usesMaria ? await startMariaDb(join(at, 'mariadb')) : undefined
  const waiting = [...here]
  await Promise.all(
    Array.from({ length: together }, async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const framework = next
        await run(framework, gateways, maria?.socket ?? '').catch((error: unknown) => {
          failed++
          console.error(
            `FAILED  ${framework.name}: ${error instanceof Error ? error.stack : error}`,
          )
        })
      }
    }),
  )
  await maria?.stop()
} catch (error) {
  failed++
  console.error(error)
} finally {
  rmSync(at, { recursive: true, force: true })
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed > 0 ? 1 : 0)

/** Installs what a framework needs, as root; says loudly what is missing otherwise. */
function isInstalled({ name, packages, needs }: Framework): boolean {
  const missing = (): string[] => needs.filter((path) => !existsSync(path))
  if (missing().length > 0 && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const args = ['-qq', 'install', '-y', '--no-install-recommends', ...packages]

    try {
      execFileSync('apt-get', ['-qq', 'update'], { env, stdio: ['ignore', 'ignore', 'inherit'] })
      execFileSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] })
    } catch {} // what is missing is said below
  }

  if (missing().length === 0) return true

  console.error(`SKIPPED: ${name} is not tried. It needs: apt-get install ${packages.join(' ')}`)
  if (process.env.CI === 'true') failed++

  return false
}

async function run(framework: Framework, module: string, socket: string): Promise<void> {
  const since = performance.now()
  const port = await freePort()
  const application = await startApplication(framework, {
    port,
    data: join(at, framework.name),
    socket,
  })

  try {
    const apps = JSON.stringify({ [framework.name]: optionsOf(framework, port) })
    const secrets = {
      SESSION_SECRET: randomBytes(32).toString('base64url'),
      ASSERTION_KEY: await assertionKey(),
    }
    const worker = await startWorkerd({ module }, { bindings: { APPS: apps, ...secrets } })

    try {
      const { port: gateway } = worker
      const scene = { framework, port: gateway, direct: port, calls: application.calls, only }
      const rows = await runRows(scene)
      const seconds = Math.round((performance.now() - since) / 1000)

      console.log(`\n${framework.version()} (${seconds} s)`)
      rows.forEach(report)

      if (rows.some((row) => !row.passed))
        console.error([...worker.stderr.slice(-5), application.said().slice(-600)].join('\n'))
    } finally {
      await worker.stop()
    }
  } finally {
    await application.stop()
  }
}

function report(row: Row): void {
  if (row.passed) passed++
  else failed++
  console.log(`  ${row.passed ? 'ok    ' : 'FAILED'}  ${row.title} (${row.figure})`)
}

/** What the fixture gets to know of an application; an older library has no word for some of it. */
function optionsOf({ aliases, logins, routes, overrides }: Framework, port: number): object {
  const upstream = {
    ...(aliases.length > 0 && knowsOption(root, 'aliases') && { aliases }),
    ...(overrides.length > 0 && knowsOption(root, 'methodOverride') && { methodOverride: 'form' }),
  }
  const forLogins = logins.flatMap(({ path, kind, account, success, throttle }) => [
    { path, methods: ['GET'], to: 'app', access: 'public' },
    {
      ...{ path, methods: ['POST'], to: 'app', access: 'public' },
      throttle: { account: { [kind]: account }, success, ...throttle },
    },
  ])

  return {
    url: `http://127.0.0.1:${port}`,
    upstream,
    routes: [...forLogins, ...routes],
    options: {},
  }
}
