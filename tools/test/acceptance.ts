/**
 * `npm run acceptance`: what the MDN HTTP Observatory and Google's CSP evaluator say of the demo gateway in bare workerd,
 * and of every kind of answer. The last line is "N passed, N failed".
 */
import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startWorkerd, type Workerd } from '../../test/support/workerd.ts'
import { assertionKey, sessionSecret } from '../dev/secret.ts'
import { freePorts } from '../dev/start-dev.ts'
import { cases, host } from './acceptance/cases.ts'
import { type Finding, install, loadEvaluator, loadObservatory } from './acceptance/judges.ts'
import { certificate, type Mux, startMux } from './acceptance/mux.ts'
import { score } from './acceptance/score.ts'

/** What the scan prints, as far as it counts. */
interface Scan {
  readonly scan: {
    readonly score: number
    readonly grade: string
    readonly testsPassed: number
    readonly testsQuantity: number
    readonly statusCode: number
    readonly responseHeaders: Readonly<Record<string, string>>
  }
  readonly tests: Readonly<
    Record<
      string,
      { readonly result: string; readonly scoreModifier: number; readonly pass: boolean }
    >
  >
}

/** From here on csp_evaluator only says which sources a browser ignores: fallbacks for older ones. */
const harmless = 100
/** What a kind needs in spite of the evaluator. */
const excepted: ReadonlyArray<readonly [kind: string, finding: string]> = [
  // A worker's script that imports another hands over text, which Trusted Types would refuse.
  ['script', 'Consider requiring Trusted Types'],
  // Browsers show a PDF by a plugin of their own, inside a document made of this answer.
  ['film', "Can you restrict object-src to 'none' only?"],
]
process.chdir(join(import.meta.dirname, '../..'))
const count = { passed: 0, failed: 0 }
install()
const evaluate = await loadEvaluator()
await inProcess()
await running()
console.log(`\n${count.passed} passed, ${count.failed} failed`)
process.exitCode = count.failed > 0 ? 1 : 0

/** Answers a scan would not take: errors, refusals, files. */
async function inProcess(): Promise<void> {
  const observatory = await loadObservatory()
  const seen = new Set<string>()

  for (const { name, kind, handler } of await cases()) {
    const {
      score: points,
      grade,
      passed,
      of,
      lost,
      response,
    } = await score(observatory, handler, host)

    check(
      `${name}: ${points} ${grade} ${passed}/${of}`,
      points >= 100 && passed === of,
      lost.join(', '),
    )

    const policy = response.headers.get('content-security-policy') ?? ''
    const fixed = policy.replaceAll(/'nonce-[^']+'/g, "'nonce-'")
    if (seen.has(fixed)) continue

    seen.add(fixed)
    judge(policy, kind)
  }
}

/** The demo of `npm run dev`, as it is deployed: bare workerd, the configuration of worker/, TLS in front. */
async function running(): Promise<void> {
  const at = mkdtempSync(join(tmpdir(), 'portcullis-acceptance-'))
  const pem = certificate(at, host)
  let mux: Mux | undefined
  let gateway: Workerd | undefined
  let origin: ReturnType<typeof spawn> | undefined

  try {
    mux = await startMux(host, pem)
    const [url, { origin: port }] = [`https://${host}:${mux.port}`, await freePorts()]
    const env = { ...process.env, ACCEPTANCE_HOST: host, NODE_EXTRA_CA_CERTS: pem.cert }
    const preload = ['--import', join(import.meta.dirname, 'acceptance/loopback.ts')]

    origin = spawn(process.execPath, [...preload, 'examples/express-origin/server.ts'], {
      env: { ...env, PORT: `${port}`, PORTCULLIS_URL: url },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    gateway = await startWorkerd(
      { entry: 'worker/index.ts' },
      {
        forwardedProtoHeader: 'x-forwarded-proto',
        bindings: {
          PUBLIC_ORIGIN: url,
          UPSTREAM_URL: `http://127.0.0.1:${port}`,
          SESSION_STORE: 'cookie',
          SESSION_SECRET: sessionSecret(),
          ASSERTION_KEY: await assertionKey(),
        },
      },
    )

    mux.serve(gateway.port)
    await untilUp(`http://127.0.0.1:${port}/demo.css`)

    const args = [
      ...preload,
      join(import.meta.dirname, 'acceptance/scan.ts'),
      `${host}:${mux.port}`,
    ]

    const { stdout } = await promisify(execFile)(process.execPath, args, {
      env,
      maxBuffer: 10_000_000,
    })
    const { scan, tests } = JSON.parse(stdout) as Scan
    console.log()

    for (const [name, { result, scoreModifier, pass }] of Object.entries(tests)) {
      check(`  ${name}: ${result} ${scoreModifier < 0 ? '' : '+'}${scoreModifier}`, pass)
    }

    const verdict = `${scan.score} ${scan.grade} ${scan.testsPassed}/${scan.testsQuantity}, status ${scan.statusCode}`
    check(
      `the demo gateway, scanned as it is: ${verdict}`,
      scan.score >= 140 && scan.testsPassed === scan.testsQuantity,
    )
    judge(scan.responseHeaders['content-security-policy'] ?? '', 'document')
  } catch (error) {
    check('the demo gateway can be scanned', false, String(error))
  } finally {
    origin?.kill()
    await gateway?.stop()
    mux?.close()
    rmSync(at, { recursive: true, force: true })
  }
}

/** Checks what csp_evaluator finds in a policy. */
function judge(policy: string, kind: string): void {
  const findings = evaluate(policy).filter(
    ({ severity, description }) =>
      severity < harmless &&
      !excepted.some(([of, finding]) => kind === of && description.startsWith(finding)),
  )

  check('  nothing is found in its policy', policy !== '' && findings.length === 0, told(findings))
}

async function untilUp(url: string): Promise<void> {
  for (const end = Date.now() + 20_000; Date.now() < end; ) {
    if (
      await fetch(url).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return

    await new Promise((done) => setTimeout(done, 100))
  }

  throw new Error('the demo origin did not start')
}

function told(findings: readonly Finding[]): string {
  return findings.map(({ severity, description }) => `${severity}: ${description}`).join('\n      ')
}

function check(what: string, holds: boolean, why = ''): void {
  count[holds ? 'passed' : 'failed']++
  console.log(`${holds ? 'ok  ' : 'FAIL'} ${what}${holds || !why ? '' : `\n      ${why}`}`)
}
