/**
 * `npm run check:budget`: counts what a request costs, in instructions, and fails where that is 2 % above `BUDGET.json`.
 *
 * --rows a,b     rows whose name holds one of these texts; all unless said
 * --since REV    tells for each row above its budget which commit after REV it was
 * --write        writes what was counted down as the budget
 * --count ROW    prints the instructions of one row
 */
import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import {
  type Budget,
  describeOverrun,
  findFirstAbove,
  findOverruns,
  type Overrun,
} from './lib/budget.ts'
import { quick } from './lib/counted.ts'
import {
  countRow,
  kept,
  ours,
  type Row,
  type RowTable,
  signing,
  tables,
} from './parts/counted-rows.ts'

const root = join(import.meta.dirname, '..')
const file = join(import.meta.dirname, 'BUDGET.json')

const rows = new Map<string, readonly [row: Row, table: RowTable]>()
for (const table of tables) {
  for (const row of table.rows) rows.set(`${table.path} ${row.label}`, [row, table])
}

/** The rows of ours: peers and hand-written code have no budget. */
const budgeted = [...rows.keys()].filter(
  (name) => name.includes(ours) || name === `/gateway ${signing}` || name === `/gateway ${kept}`,
)

async function count(name: string): Promise<number> {
  const found = rows.get(name)
  if (found === undefined) throw new Error(`There is no row ${name}`)
  return Math.round((await countRow(...found, quick)).least)
}

/** Two at a time. */
async function countAll(names: readonly string[]): Promise<Budget> {
  const measured: Record<string, number> = {}
  const next = names.values()
  const work = async (): Promise<void> => {
    for (const name of next) {
      measured[name] = await count(name)
      console.log(`${name}: ${measured[name]}`)
    }
  }
  await Promise.all([work(), work()])
  return measured
}

function git(...parameters: string[]): string {
  return execFileSync('git', parameters, { cwd: root, encoding: 'utf8' }).trim()
}

/** Counts a row with the sources of a commit and the bench of today; undefined where they do not fit together. */
function countAt(commit: string, name: string): number | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-budget-'))
  const tree = join(directory, 'tree')
  try {
    git('worktree', 'add', '--detach', '--quiet', tree, commit)
    rmSync(join(tree, 'bench'), { recursive: true, force: true })
    const peers = join(root, 'bench/node_modules')
    cpSync(join(root, 'bench'), join(tree, 'bench'), {
      recursive: true,
      filter: (path) => !path.startsWith(peers),
    })
    symlinkSync(peers, join(tree, 'bench/node_modules'))
    symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'))
    const script = join(tree, 'bench/budget.ts')
    const printed = execFileSync(process.execPath, [script, '--count', name], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return Number(printed)
  } catch {
    console.log(`  ${commit.slice(0, 7)} cannot be counted`)
    return undefined
  } finally {
    rmSync(directory, { recursive: true, force: true })
    git('worktree', 'prune')
  }
}

/** Finds the commit whose cost is nearer to what is measured now than to the budget: counts differ by half a percent. */
async function blame(since: string, { row, budget, measured: cost }: Overrun): Promise<string> {
  const commits = git('rev-list', '--reverse', `${since}..HEAD`, '--', 'src')
    .split('\n')
    .filter(Boolean)
  const first = await findFirstAbove(
    [...commits, 'the files here'],
    (budget + cost) / 2,
    async (commit) => countAt(commit, row),
  )
  return first === undefined || first === 'the files here'
    ? 'it is not committed'
    : git('log', '-1', '--format=%h %s', first)
}

const { values } = parseArgs({
  options: {
    rows: { type: 'string' },
    since: { type: 'string' },
    write: { type: 'boolean', default: false },
    count: { type: 'string' },
  },
})

if (values.count !== undefined) {
  console.log(await count(values.count))
  process.exit()
}

const texts = values.rows?.split(',') ?? ['']
const names = budgeted.filter((name) => texts.some((text) => name.includes(text)))
const budget = (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}) as Budget
const measured = await countAll(names)
if (values.write) {
  writeFileSync(file, `${JSON.stringify({ ...budget, ...measured }, undefined, 2)}\n`)
  process.exit()
}

const overruns = findOverruns(budget, measured)
for (const overrun of overruns) {
  console.error(describeOverrun(overrun))
  if (values.since !== undefined) {
    console.error(`  since ${await blame(values.since, overrun)}`)
  }
}
console.log(`${names.length - overruns.length} passed, ${overruns.length} failed`)
process.exit(overruns.length === 0 ? 0 : 1)
