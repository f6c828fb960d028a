/** Counts the same things in instructions, which a quiet machine and a busy one agree on. */
import { type Counted, quick as quickSettings, thorough } from '../lib/counted.ts'
import type { Goal, Report, Settings, Table } from '../lib/report.ts'
import { figure, signed } from '../lib/stats.ts'
import {
  assembly,
  countRow,
  handWritten,
  ours,
  type RowTable,
  signedIn,
  signing,
  tables,
} from './counted-rows.ts'
import { labels } from './headers.ts'

/** Rows of peers that the goals do not need: a quick run leaves them out. */
const thoroughOnly = /hono-sessions|jose|iron-session|^hono\/proxy$|hono\/cookie|nothing spared/

export async function instructions({ quick, log }: Settings): Promise<Report> {
  const found: Table[] = []
  const over = new Map<string, number>()
  for (const table of tables) {
    const { path } = table
    const rows = quick ? table.rows.filter(({ label }) => !thoroughOnly.test(label)) : table.rows
    const all = await countRows({ ...table, rows }, quick, (label) => log(`${path}, ${label}`))
    const first = all[0] as Counted
    const lines = rows.map(({ label }, i): string[] => {
      const each = all[i] as Counted
      over.set(`${path} ${label}`, each.least - first.least)
      const more = (which: keyof Counted): string =>
        i === 0 ? '' : signed(each[which] - first[which])
      return [label, figure(each.least), more('least'), figure(each.mean), more('mean')]
    })
    found.push({
      caption: `\`${path}\`: instructions each`,
      columns: ['', 'least', 'over the first', 'with the collector', 'over the first'],
      rows: lines,
    })
  }
  return {
    title: 'Counted instead of timed',
    text:
      'Instructions in user space, by valgrind, in the same loops: a workerd of its own for each row, with one thread. They are the same to half a percent on a busy machine and on a quiet one, and say nothing of caches, of memory and of the kernel. ' +
      '`/start` counts from the start of workerd to its first response. Shares are of what each adds to the first row of its table.',
    tables: found,
    goals: createGoals(over),
  }
}

/** Counts the rows of a table, two at a time: they do not feel each other. */
async function countRows(
  table: RowTable,
  quick: boolean,
  log: (label: string) => void,
): Promise<Counted[]> {
  const all: Counted[] = []
  const next = table.rows.entries()
  const count = async (): Promise<void> => {
    for (const [i, row] of next) {
      log(row.label)
      all[i] = await countRow(row, table, quick ? quickSettings : thorough)
    }
  }
  await Promise.all([count(), count()])
  return all
}

function createGoals(over: ReadonlyMap<string, number>): Goal[] {
  const share = (promise: string, mine: string, theirs: string, most: number): Goal => {
    const measured = (over.get(mine) ?? Number.NaN) / (over.get(theirs) ?? Number.NaN)
    return {
      promise: `${promise}, as a share of ${theirs}`,
      goal: `<= ${most}`,
      measured: figure(measured),
      holds: measured <= most,
    }
  }
  return [
    // In microseconds on the machine where they were set: 7 and 4 of the 6.5 of hono/secure-headers.
    share('headers', `/document ${labels.ours}`, `/document ${labels.hono}`, 1.08),
    share('headers', `/api ${labels.ours}`, `/api ${labels.hono}`, 0.62),
    share('reading a session', `/read ${ours}`, `/read ${handWritten}`, 1.15),
    share('writing a session', `/write ${ours}`, `/write ${handWritten}`, 1.05),
    share('reading a session', `/read ${ours}`, '/read @hono/session', 0.5),
    share('writing a session', `/write ${ours}`, '/write @hono/session', 0.5),
    share('gateway, signed in', `/gateway ${signedIn}`, `/gateway ${assembly}`, 0.7),
    share('gateway, an assertion signed', `/gateway ${signing}`, `/gateway ${assembly}`, 1.2),
  ]
}
