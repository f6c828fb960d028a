/**
 * `npm run journeys`: what the documentation says, done as a stranger does it: from the packed tarball, in an empty folder
 * outside the repository, by the pages' own blocks in their order. `npm run journeys -- express next` runs the journeys
 * whose names contain these words; `--at FOLDER` keeps the installation there and uses it again.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { journeys } from '../../test/journeys/list.ts'
import { type Installation, install } from '../../test/journeys/support/installation.ts'
import type { Journey } from '../../test/journeys/support/journey.ts'
import { countStep } from '../steps.ts'
import { walkJourney } from './walk-journey.ts'

/** Milliseconds after which a journey counts as hung. The longest takes a minute on a busy machine. */
const limitMs = 480_000
/** Journeys that run at the same time: each of them waits for servers more than it computes. */
const concurrency = 3

const args = process.argv.slice(2)
const at = takeOption('--at')
const alone = takeOption('--walk')
const since = performance.now()
const installation = await install(at)
const counts = { passed: 0, failed: 0 }

if (alone !== undefined) {
  const journey = journeys.find(({ name }) => name === alone)
  if (journey !== undefined) Object.assign(counts, await walkJourney(journey, installation))
} else {
  console.log(`installed the tarball and what the pages name (${seconds(since)})`)
  await walkAll()
  if (at === undefined) rmSync(installation.folder, { recursive: true, force: true })
  console.log(`took ${seconds(since)}`)
}
console.log(`${counts.passed} passed, ${counts.failed} failed`)
process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0)

async function walkAll(): Promise<void> {
  const waiting = journeys.filter(
    ({ name }) => args.length === 0 || args.some((word) => name.includes(word)),
  )
  const walkNext = async (): Promise<void> => {
    for (let journey = waiting.shift(); journey; journey = waiting.shift())
      await walkApart(journey, installation)
  }
  await Promise.all(Array.from({ length: concurrency }, walkNext))
}

/** In a process of its own: what it prints and what it replaces is its own, too. */
async function walkApart({ name }: Journey, { folder }: Installation): Promise<void> {
  const began = performance.now()
  const child = spawn(process.execPath, [import.meta.filename, '--at', folder, '--walk', name], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: limitMs,
    killSignal: 'SIGKILL',
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk))
  const [code] = (await once(child, 'close')) as [number | null]
  const { passed, failed } = countStep(output, code)

  counts.passed += passed
  counts.failed += failed
  console.log(`${name}, ${seconds(began)}\n${output.trimEnd()}\n`)
}

function takeOption(name: string): string | undefined {
  return args.includes(name) ? args.splice(args.indexOf(name), 2)[1] : undefined
}

function seconds(from: number): string {
  return `${((performance.now() - from) / 1000).toFixed(1)} s`
}
