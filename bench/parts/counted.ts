/** The same in instructions: what a quiet machine and a busy one agree on. */
import { assertionKey } from '../../tools/dev/secret.ts'
import { type Counted, counted } from '../lib/counted.ts'
import type { Goal, Report, Settings, Table } from '../lib/report.ts'
import { figure, signed } from '../lib/stats.ts'
import { inLoop, labels, named } from './headers.ts'

const inSession = (file: string): string => `import { Hono } from 'hono'
import { mount } from './routes/${file}.ts'
import { looped } from './routes/loop.ts'
const app = new Hono()
mount(app)
export default looped(app)`

interface Row {
  readonly label: string
  readonly code: string
  /** Where it differs from that of the table. */
  readonly path?: string
  readonly bindings?: Readonly<Record<string, string>>
}

const guards: readonly Row[] = (['noop', 'hand', 'hono', 'hono-policy', 'ours'] as const).map(
  (name) => ({
    label: labels[name],
    code: inLoop(named[name]),
  }),
)
const forms: readonly Row[] = (['noop', 'hono-csrf', 'ours-csrf'] as const).map((name) => ({
  label: labels[name],
  code: inLoop(named[name]),
}))
const sessions: readonly Row[] = [
  { label: 'Hono, no session', code: inSession('bare') },
  { label: 'hand-written, nothing spared', code: inSession('hand-lean') },
  { label: 'hand-written with hono/cookie', code: inSession('hand') },
  { label: 'Portcullis', code: inSession('ours') },
]

const inGateway = (code: string): string =>
  `import { countedGateway, looped, passOn } from './gateway-counted.ts'\nexport default ${code}`

/** The parts of the gateway: what it adds to a Worker that only passes requests on. */
export const gateways: readonly Row[] = [
  { label: 'a Worker that only passes on', code: inGateway('looped(passOn)') },
  {
    label: 'Portcullis, an anonymous request',
    code: inGateway('looped(countedGateway({ assertion: false }))'),
  },
  {
    label: 'Portcullis, a signed-in request',
    path: '/account',
    code: inGateway(
      'looped(countedGateway({ assertion: false }), countedGateway({ assertion: true }))',
    ),
    bindings: { KEY: await assertionKey() },
  },
  {
    label: 'the same with an assertion signed for every request',
    path: '/account',
    code: inGateway('looped(countedGateway({ assertion: true }))'),
    bindings: { KEY: await assertionKey() },
  },
]

const tables: ReadonlyArray<readonly [path: string, rows: readonly Row[]]> = [
  ['/document', guards],
  ['/api', guards],
  ['/form', forms],
  ['/read', sessions],
  ['/write', sessions],
  ['/gateway', gateways],
]

/** Counts one row in a workerd of its own. */
export function countRow(
  { label, code, bindings = {} }: Row,
  path: string,
  n: number,
): Promise<Counted> {
  return counted({ name: label, code, bindings }, path, n)
}

export async function instructions({ quick, log }: Settings): Promise<Report> {
  const found: Table[] = []
  const over = new Map<string, number>()
  for (const [path, rows] of tables) {
    // Two at a time: they do not feel each other.
    const all: Counted[] = []
    const next = rows.entries()
    const count = async (): Promise<void> => {
      for (const [i, row] of next) {
        log(`${path}, ${row.label}`)
        all[i] = await countRow(row, row.path ?? path, quick ? 1000 : 6000)
      }
    }
    await Promise.all([count(), count()])
    const lines = rows.map(({ label }, i): string[] => {
      const [each, first] = [all[i] as Counted, all[0] as Counted]
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
  const of = (path: string, label: string): number => over.get(`${path} ${label}`) ?? Number.NaN
  const share = (path: string, most: number, why: string): Goal => {
    const measured = of(path, labels.ours) / of(path, labels.hono)
    return {
      promise: `\`${path}\`, headers: as a share of hono/secure-headers`,
      goal: `<= ${most} (${why})`,
      measured: figure(measured),
      holds: measured <= most,
    }
  }
  return {
    title: 'Counted instead of timed',
    text:
      'Instructions in user space, by valgrind, in the same loops: a workerd of its own for each row, with one thread. They are the same to half a percent on a busy machine and on a quiet one, and say nothing of caches, of memory and of the kernel. ' +
      'The goals are those of the headers in microseconds, as shares of what hono/secure-headers took with its defaults on the machine where they were set: 6.5 µs.',
    tables: found,
    goals: [share('/document', 1.08, '7 µs of 6.5'), share('/api', 0.62, '4 µs of 6.5')],
  }
}
