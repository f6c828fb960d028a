/**
 * `npm run test:runtimes`: bundles the portable tests once and runs that bundle in every runtime there is. A suite that
 * quietly runs less in one of them proves nothing there, so the counts must be equal.
 *
 * `node tools/test/runtimes.ts [runtime...] [--only part-of-a-path]...`
 */
import { spawn } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { delimiter, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { compatibilityDate, compatibilityFlags } from '../compatibility.ts'
import { compareCounts } from './portable.ts'
import { bundleSuite } from './suite.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string', multiple: true, default: [] } },
})
/** Until a runtime that hangs is killed; one test that hangs is reported by the suite itself long before. */
const limitMs = 900_000
const out = resolve(`node_modules/.cache/portcullis/runtimes-${process.pid}`) // two runs at once must not meet
const files: Record<string, string> = {
  'print.mjs': `import { report } from './suite.mjs'
console.log(await report())
`,
  // Its sandbox takes a script, not a module.
  'edge.mjs': `import { readFileSync } from 'node:fs'
import { EdgeRuntime } from 'edge-runtime'
const answer = "addEventListener('fetch', (event) => event.respondWith(suite.report().then((text) => new Response(text))))"
const suite = readFileSync(new URL('suite.js', import.meta.url), 'utf8')
const runtime = new EdgeRuntime({ initialCode: suite + ';' + answer })
console.log(await (await runtime.dispatchFetch('http://localhost/')).text())
process.exit() // its timers may live on
`,
  'workerd.capnp': workerdConfig(compatibilityFlags),
  // What a Worker gets that says nothing of flags: Node's names are there since 2026-08-04.
  'workerd-node.capnp': workerdConfig([]),
}
const { default: workerd } = createRequire(import.meta.url)('workerd') as { default: string }
const runtimes: Record<string, [name: string, ...args: string[]]> = {
  // Neither wrangler's entry worker nor vitest's Node flags stand between the tests and this runtime.
  workerd: [workerd, 'test', `${out}/workerd.capnp`],
  'workerd-node': [workerd, 'test', `${out}/workerd-node.capnp`],
  'edge-runtime': [process.execPath, `${out}/edge.mjs`],
  node: [process.execPath, `${out}/print.mjs`],
  // No permission at all.
  deno: [
    'deno',
    'run',
    '--no-prompt',
    '--no-remote',
    '--no-config',
    '--no-lock',
    `${out}/print.mjs`,
  ],
  bun: ['bun', `${out}/print.mjs`],
}
const unknown = positionals.filter((name) => !(name in runtimes))
if (unknown.length > 0)
  throw new Error(`unknown runtime ${unknown}; there are ${Object.keys(runtimes)}`)

mkdirSync(out, { recursive: true })
process.once('exit', () => rmSync(out, { recursive: true, force: true }))
for (const [name, text] of Object.entries(files)) writeFileSync(`${out}/${name}`, text)
let tests = 0
try {
  tests = await bundleSuite(out, values.only)
} catch {
  console.log('0 passed, 1 failed') // esbuild has said why
  process.exit(1)
}

const chosen = Object.entries(runtimes).filter(
  ([name]) => positionals.length === 0 || positionals.includes(name),
)
const results = await runPooled(chosen, async ([runtime, command]) => {
  const since = performance.now()
  const { agent, node, passed, failures } = await result(command)

  if (node && ['workerd', 'edge-runtime'].includes(runtime))
    failures.push('process, Buffer or node:crypto is there')
  return {
    runtime,
    agent,
    passed,
    failed: failures.length,
    failures,
    took: Math.round(performance.now() - since),
  }
})
for (const { runtime, agent, passed, failed, failures, took } of results) {
  for (const failure of failures) console.error(`  ${runtime}: ${failure}`)
  console.log(`${runtime.padEnd(14)} ${passed} passed, ${failed} failed  (${agent}, ${took} ms)`)
}
const uneven = compareCounts(results)
for (const fault of uneven) console.error(`  ${fault}`)
const sum = (key: 'passed' | 'failed'): number =>
  results.reduce((total, each) => total + each[key], 0)
console.log(`${tests} files, ${chosen.length} runtimes`)
console.log(`${sum('passed')} passed, ${sum('failed') + uneven.length} failed`)
process.exitCode = sum('failed') + uneven.length > 0 ? 1 : 0

/**
 * Runs as many at once as there are cores, and gives the results in order. Each suite keeps one core busy: all six at
 * once on two cores take as long in all, and each test has a third of the machine for the deadlines it waits for.
 */
async function runPooled<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  const waiting = [...items.entries()]
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      results[next[0]] = await run(next[1])
  }
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, worker))

  return results
}

interface Report {
  agent: string
  node: boolean
  passed: number
  failures: string[]
}

/** What the suite says of itself in one line of JSON, or that it said nothing. */
async function result(command: [name: string, ...args: string[]]): Promise<Report> {
  const { stdout, stderr } = await output(command)
  const line = stdout.trimEnd().split('\n').pop()
  if (line?.startsWith('{')) return JSON.parse(line) as Report

  return {
    agent: 'did not finish',
    node: false,
    passed: 0,
    failures: [stderr || stdout || 'no output'],
  }
}

/** Runs to the end. Its standard error is shown only when there is no report. */
function output([name, ...args]: [name: string, ...args: string[]]): Promise<{
  stdout: string
  stderr: string
}> {
  return new Promise((done) => {
    const child = spawn(name, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: limitMs,
      killSignal: 'SIGKILL',
      env: {
        ...process.env,
        PATH: [resolve('node_modules/.bin'), process.env.PATH].join(delimiter),
      },
    })

    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []]
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))

    const end = (note: string): void =>
      done({ stdout: `${Buffer.concat(stdout)}`, stderr: `${Buffer.concat(stderr)}${note}` })
    child.once('error', (error) => end(String(error)))
    child.once('close', (_, signal) => end(signal ? `\nstopped by ${signal}` : ''))
  })
}

function workerdConfig(flags: readonly string[]): string {
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [
  (name = "internet", network = (allow = ["private", "public"])),
  (name = "suite", worker = (
    modules = [
      (name = "test.mjs", esModule = "import { report } from 'suite.mjs'; export default { test: async () => console.log(await report()) }"),
      (name = "suite.mjs", esModule = embed "suite.mjs"),
    ],
    compatibilityDate = "${compatibilityDate}",
    compatibilityFlags = ${JSON.stringify(flags)},
  )),
]);
`
}
