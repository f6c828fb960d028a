/**
 * `npm run fuzz`: every property with many more inputs than a test run has time for, from a seed of its own. It fails
 * where one does not hold, and where fewer inputs were tried than it promises. `npm run fuzz -- 5` tries five times the usual.
 *
 * `npm run fuzz -- sessions 20000 [seed] [store]`: only the races of stored sessions against their model, so many
 * interleavings over each store, or over the one that is named: memory, redis, redis-tcp, postgres, durable-object, d1.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const least = { property: 100_000, interleaving: 10_000 }
const stores = ['memory', 'redis', 'redis-tcp', 'postgres', 'durable-object', 'd1']
const races = process.argv[2] === 'sessions'
const [count = '20000', givenSeed, store] = races ? process.argv.slice(3) : []
const given = races ? '1' : (process.argv[2] ?? '100')
if (
  !/^[1-9]\d{0,3}$/.test(given) ||
  !/^[1-9]\d{0,6}$/.test(count) ||
  !(store === undefined || stores.includes(store))
) {
  console.error(
    `fuzz: say a factor between 1 and 9999, or: sessions [interleavings] [seed] [${stores.join('|')}]`,
  )
  process.exit(2)
}
const scale = Number(given)
const at = mkdtempSync(join(tmpdir(), 'portcullis-fuzz-'))
const tally = join(at, 'tally')
const seed = givenSeed ?? process.env.FC_SEED ?? `${crypto.getRandomValues(new Int32Array(1))[0]}`
console.log(
  `fuzz: seed ${seed}, ${races ? `${count} interleavings over each store` : `${scale} times a test run`}`,
)

const { status } = spawnSync(
  'vitest',
  ['run', '--project', 'node', races ? 'test/fuzz/sessions' : 'test/fuzz'],
  {
    stdio: 'inherit',
    shell: process.platform === 'win32',
    env: {
      ...process.env,
      FC_SEED: seed,
      FUZZ_SCALE: `${scale}`,
      FUZZ_TALLY: tally,
      ...(races && { FUZZ_INTERLEAVINGS: count, FUZZ_STORE: store ?? '' }),
    },
  },
)
const tried = { property: 0, interleaving: 0 }
for (const line of readFileSync(tally, 'utf8').trim().split('\n')) {
  const [kind, runs] = line.split(' ')
  tried[kind as keyof typeof tried] += Number(runs)
}
rmSync(at, { recursive: true, force: true })
const few =
  scale >= 100 && (tried.property < least.property || tried.interleaving < least.interleaving)
if (few)
  console.error(
    `fuzz: promised are ${least.property} inputs and ${least.interleaving} interleavings`,
  )
console.log(
  `fuzz: ${tried.property} inputs, ${tried.interleaving} interleavings, ${status === 0 ? 'none' : 'some'} wrong`,
)
process.exitCode = status === 0 && !few ? 0 : 1
