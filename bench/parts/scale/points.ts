/** What verbs of a database cost at several sizes: measured, and as tables and lines. */
import type { Row } from '../../../src/store/index.ts'
import { restedCpu } from '../../lib/cpu.ts'
import type { Line } from '../../lib/plot.ts'
import type { Table } from '../../lib/report.ts'
import { figure, median } from '../../lib/stats.ts'
import type { Database } from './databases.ts'

/** What one verb of one database cost at one size. */
export interface Point {
  readonly database: string
  readonly verb: string
  readonly size: number
  /** As the database counts it itself. */
  readonly work: number
  /** Microseconds of CPU of the process that answers. */
  readonly cpu: number
  readonly ms: number
}

/** One verb: a call for each round, which answers what the store answered. */
export interface MeasuredVerb {
  readonly verb: string
  readonly size: number
  readonly rounds: number
  readonly run: (round: number) => Promise<string>
}

const now = Date.now()
/** Times of every row: it was used now, and lives for a day. */
export const rowTimes = { now, end: now + 86_400_000 }
/** The same, with the idle limit of a session. */
export const rowLimits = { ...rowTimes, idle: 3_600_000 }
/** A small session, sealed. Where ten million of them must fit on a disk `SCALE_RECORD` is its length. */
export const record = 'r'.repeat(Number(process.env.SCALE_RECORD ?? 300))

let writes = 0

/** A new row, whose write is like no other. */
export function createRow(key: string, index: string): Row {
  return { ...rowLimits, key, index, record, write: `W${writes++}` }
}

/** Calls a verb in each round, and takes what the database counted. */
export async function measureVerb(
  { name, pid, takeWork }: Database,
  { verb, size, rounds, run }: MeasuredVerb,
): Promise<Point> {
  const spent: number[] = []
  await takeWork()
  const before = (await restedCpu(pid)).used
  for (let round = 0; round < rounds; round++) {
    const began = performance.now()
    const answer = await run(round)
    spent.push(performance.now() - began)
    if (answer !== 'ok' && answer !== 'found') throw new Error(`${name}: ${verb} was ${answer}`)
  }
  const cpu = ((await restedCpu(pid)).used - before) / rounds
  return { database: name, verb, size, cpu, work: (await takeWork()) / rounds, ms: median(spent) }
}

/** Points of one verb of one database, by both names. */
export function groupPoints(points: readonly Point[]): Map<string, Point[]> {
  const groups = new Map<string, Point[]>()
  for (const point of points) {
    const name = `${point.database}, ${point.verb}`
    groups.set(name, [...(groups.get(name) ?? []), point])
  }
  return groups
}

/** One row for each verb: what the database counted, its CPU, and the milliseconds of the client. */
export function createTable(caption: string, points: readonly Point[]): Table {
  const sizes = [...new Set(points.map(({ size }) => size))]
  return {
    caption,
    columns: ['', ...sizes.map((size) => size.toLocaleString('en'))],
    rows: [...groupPoints(points)].map(([name, all]) => [
      name,
      ...sizes.map((size) => {
        const point = all.find((each) => each.size === size)
        const unit = name.startsWith('Redis') ? 'µs' : 'blocks'
        if (point === undefined) return ''
        const { work, cpu, ms } = point
        return `${figure(work)} ${unit}, ${figure(cpu)} µs CPU, ${figure(ms)} ms`
      }),
    ]),
  }
}

/** One line for each verb. */
export function createLines(points: readonly Point[]): Line[] {
  return [...groupPoints(points)].map(([name, all]) => ({
    name,
    points: all.map(({ size, work }): [number, number] => [size, work]),
  }))
}
