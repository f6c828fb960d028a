/**
 * `npm run test:fidelity`: sends every case of test/fidelity/cases.ts to an upstream directly and through a gateway in each
 * runtime, and compares what the upstream and the client received. A difference is named in test/fidelity/exceptions.ts and
 * told in docs/runtimes.md, or it is a failure; a named one that is gone is a failure too.
 *
 * `node tools/test/fidelity.ts [runtime...] [--only part-of-a-name] [--write]`
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { cases, type FidelityCase } from '../../test/fidelity/cases.ts'
import {
  covers,
  type Exceptions,
  exceptionsFile,
  findUnusedReasons,
  lists,
  readExceptions,
  reasons,
} from '../../test/fidelity/exceptions.ts'
import { ask, type Outcome, startFidelityOrigin } from '../../test/fidelity/exchange.ts'
import { compareAnswers, compareRequests } from '../../test/fidelity/message.ts'
import { hosts } from './fidelity-hosts.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' }, write: { type: 'boolean' } },
})
const unknown = positionals.filter((name) => !(name in hosts))
if (unknown.length > 0)
  throw new Error(`unknown runtime ${unknown}; there are ${Object.keys(hosts)}`)
const chosen = Object.keys(hosts).filter(
  (name) => positionals.length === 0 || positionals.includes(name),
)
const asked = cases
  .map((each, index) => ({ each, index }))
  .filter(({ each }) => each.name.includes(values.only ?? ''))

const origin = await startFidelityOrigin(cases)
const direct = await askAll(origin.port)
const exceptions = readExceptions()
const counts = { passed: 0, failed: 0 }
const started = performance.now()
for (const runtime of chosen) {
  const since = performance.now()
  const { passed, failed, named } = await compare(runtime).catch((error: unknown) => {
    console.error(`  ${runtime}: ${error}`)
    return { passed: 0, failed: asked.length, named: 0 }
  })
  counts.passed += passed
  counts.failed += failed
  const took = Math.round(performance.now() - since)
  console.log(
    `${runtime.padEnd(10)} ${passed} passed, ${failed} failed  (${named} named differences, ${took} ms)`,
  )
}
await origin.stop()
for (const unused of findUnusedReasons(
  exceptions,
  cases.map(({ name }) => name),
)) {
  counts.failed++
  console.error(`  exceptions.ts has a reason for nothing: ${unused}`)
}
console.log(
  `${asked.length} cases, ${chosen.length} runtimes, ${Math.round((performance.now() - started) / 1000)} s`,
)
console.log(`${counts.passed} passed, ${counts.failed} failed`)
process.exit(counts.failed > 0 ? 1 : 0)

interface Result {
  readonly passed: number
  readonly failed: number
  readonly named: number
}

async function compare(runtime: string): Promise<Result> {
  const host = await hosts[runtime]?.(`http://127.0.0.1:${origin.port}`)
  if (host === undefined) throw new Error('no such runtime')

  const through = await askAll(host.port).finally(() => host.stop())
  let [failed, named] = [0, 0]
  const differing = new Map<string, string[]>()

  for (const [at, { each }] of asked.entries()) {
    const [wanted, got] = [direct[at] as Outcome, through[at] as Outcome]
    const found = [
      ...compareRequests(wanted.request, got.request),
      ...compareAnswers(wanted.answers, got.answers),
    ]
    const expected = expectedDifferences(runtime, each)
    const unnamed = found.filter(
      (difference) => !expected.has(difference) || !hasReason(runtime, difference, each.name),
    )

    for (const difference of found)
      differing.set(difference, [...(differing.get(difference) ?? []), each.name])
    const gone = [...expected].filter((difference) => !found.includes(difference))
    named += found.length - unnamed.length
    if (unnamed.length + gone.length > 0) failed++
    if (unnamed.length > 0) console.error(`  ${runtime}, ${each.name}: ${unnamed.join('; ')}`)
    if (gone.length > 0) console.error(`  ${runtime}, ${each.name}: no longer ${gone.join('; ')}`)
  }

  if (values.write) {
    exceptions[runtime] = listDifferences(differing)
    writeFileSync(exceptionsFile, `${JSON.stringify(exceptions, null, 2)}\n`)
  }

  return { passed: asked.length - failed, failed, named }
}

function hasReason(runtime: string, difference: string, name: string): boolean {
  return reasons.some((reason) => covers(reason, runtime, difference, name))
}

function expectedDifferences(runtime: string, { name }: FidelityCase): Set<string> {
  const covered = Object.entries(exceptions[runtime] ?? {}).filter(([, listed]) =>
    lists(listed, name),
  )
  return new Set(covered.map(([difference]) => difference))
}

/** What differs, by difference; the shorter of two lists. */
function listDifferences(found: ReadonlyMap<string, readonly string[]>): Exceptions[string] {
  const all = cases.map(({ name }) => name)
  const listed: Exceptions[string] = {}

  for (const [difference, names] of found) {
    const others = all.filter((name) => !names.includes(name))
    listed[difference] = names.length <= others.length ? { only: [...names] } : { allBut: others }
  }

  return listed
}

/** All cases, a few at a time, then one by one those that would disturb others. */
async function askAll(port: number): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  const work = async (left: typeof asked): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const { each, index } = next
      outcomes[asked.indexOf(next)] = await ask(port, index, each, origin)
    }
  }

  const together = asked.filter(({ each }) => !each.leaves)
  await Promise.all(Array.from({ length: 8 }, () => work(together)))
  await work(asked.filter(({ each }) => each.leaves))

  return outcomes
}
