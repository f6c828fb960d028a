/**
 * `npm run bench`: what Portcullis costs beside its peers, in bare workerd. Prints tables, and writes RESULTS.md and plots.
 *
 * --only a,b     these parts
 * --quick        two minutes for all of it; RESULTS.md stays as it is
 * --rounds 9     rounds of each comparison; 7 unless said
 * --strict       ends with 1 where a promise does not hold
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { reference } from './lib/reference.ts'
import { markdown, plain, type Report, type Settings, type Table, verdict } from './lib/report.ts'
import { writeResults } from './lib/results.ts'
import { parts } from './parts/index.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    ms: { type: 'string' },
    strict: { type: 'boolean', default: false },
  },
})

if (!existsSync(`${import.meta.dirname}/node_modules/hono-sessions`)) {
  console.log('Installing the peers into bench/node_modules: once, at most five minutes ...')
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'], {
    cwd: import.meta.dirname,
    stdio: 'inherit',
    timeout: 300_000,
  })
}

// Leaving runs what ends workerd; a signal alone would leave it running.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const asked = values.only?.split(',')
/** `scale` stands for `scale-rows` and all others that begin so, too. */
const isNamed = (letter: string, name: string): boolean =>
  letter === name || letter.startsWith(`${name}-`)
const unknown = asked?.filter((name) => !parts.some(({ letter }) => isNamed(letter, name)))
if (unknown?.length) {
  console.error(
    `No part ${unknown.join(', ')}; there are:\n${parts.map(({ letter, what }) => `  ${letter}  ${what}`).join('\n')}`,
  )
  process.exit(2)
}
const quick = values.quick
const settings: Settings = {
  unit: await reference(),
  quick,
  rounds: Number(values.rounds ?? (quick ? 3 : 7)),
  ms: Number(values.ms ?? (quick ? 80 : 1000)),
  log: (line) => process.stderr.isTTY && process.stderr.write(`\r\u001b[K${line}`),
}

const done: Array<Report & { letter: string }> = []
for (const { letter, what, run } of parts) {
  if (asked && !asked.some((name) => isNamed(letter, name))) continue
  const started = performance.now()
  console.log(`\n== ${letter}: ${what}`)
  const report = await run({ ...settings, log: (line) => settings.log(`${letter}: ${line}`) })
  settings.log('')
  for (const table of report.tables) console.log(plain(table))
  console.log(`(${((performance.now() - started) / 1000).toFixed(0)} s)`)
  done.push({ ...report, letter })
  // After each part: a run that is stopped keeps what it has.
  if (!quick) writeResults([{ ...report, letter }], markdown)
}

const promises: Table = {
  caption: 'Promises',
  columns: ['promise', 'goal', 'measured', ''],
  rows: done.flatMap(({ goals }) =>
    goals.map((goal) => [goal.promise, goal.goal, goal.measured, verdict(goal)]),
  ),
}
console.log(plain(promises))
const broken = done.flatMap(({ goals }) => goals).filter(({ holds }) => !holds).length
console.log(`${promises.rows.length - broken} promises hold, ${broken} do not`)
process.exitCode = values.strict && broken > 0 ? 1 : 0
process.exit()
