/** (scale-rows) What one verb of a store costs where it holds many sessions, and where one user has many. */
import type { AtomicStore } from '../../../src/store/index.ts'
import { lines } from '../../lib/plot.ts'
import type { Goal, Report, Settings } from '../../lib/report.ts'
import { figure } from '../../lib/stats.ts'
import { openPostgresDatabase, openRedisDatabase } from './databases.ts'
import {
  createLines,
  createRow,
  createTable,
  groupPoints,
  measureVerb,
  type Point,
  record,
  rowLimits,
  rowTimes,
} from './points.ts'
import { measureUsers } from './users.ts'

const verbs = ['read', 'recorded read', 'write', 'login'] as const
type Verb = (typeof verbs)[number]

/** Rows at most: ten million need 6 GB of disk and 8 GB of memory, and take longer than everything else. */
const mostRows = Number(process.env.SCALE_ROWS ?? 1_000_000)
const databases = (process.env.SCALE_STORES ?? 'redis,postgres').split(',')
const rounds = 200
const slice = 360_000

export async function measureRows({ quick, log }: Settings): Promise<Report> {
  const points: Point[] = []
  const userPoints: Point[] = []
  const bytes: string[][] = []
  const openers = { redis: openRedisDatabase, postgres: openPostgresDatabase }
  for (const [name, open] of Object.entries(openers)) {
    if (!databases.includes(name)) continue
    const database = await open()
    try {
      userPoints.push(...(await measureUsers(database, quick, log)))
      const empty = await database.readBytes()
      let filled = 0
      for (let size = 1000; size <= (quick ? 10_000 : mostRows); size *= 10) {
        log(`${database.name}, ${size} rows`)
        await database.fill({ from: filled, to: size, perUser: 2, record, ...rowTimes })
        filled = size
        const each = ((await database.readBytes()) - empty) / size
        bytes.push([database.name, size.toLocaleString('en'), figure(each)])
        for (const verb of verbs) {
          const run = (round: number): Promise<string> => runVerb(database.store, verb, size, round)
          points.push(await measureVerb(database, { verb, size, rounds, run }))
        }
      }
    } finally {
      await database.stop()
    }
  }

  return createReport(points, userPoints, bytes)
}

/** Calls a verb for a row that was added with this size, and that no other round asks for. */
async function runVerb(
  store: AtomicStore,
  verb: Verb,
  size: number,
  round: number,
): Promise<string> {
  const place = size / 10 + ((round * 7919) % (size * 0.9))
  const ref = { key: `K${place}`, index: `U${Math.floor(place / 2)}` }
  switch (verb) {
    case 'read':
      return (await store.read(ref, { ...rowLimits, slice }, {})).is
    case 'recorded read':
      return (await store.read(ref, { ...rowLimits, slice: 0 }, {})).is
    case 'write':
      return (await store.replace(createRow(ref.key, ref.index), '1', {})).is
    case 'login':
      return (await store.create(createRow(`L${size}-${round}`, `V${size}-${round}`), {})).is
  }
}

function createReport(
  points: readonly Point[],
  userPoints: readonly Point[],
  bytes: readonly string[][],
): Report {
  return {
    title: 'Scale: sessions in a store, and of one user',
    text:
      `Redis over its own protocol and Postgres 15, on loopback, filled in bulk past the store; then each verb ${rounds} times, each time for another row. ` +
      'Work is what the database counts itself: microseconds of the script in Redis, blocks of tables and indexes that Postgres touches. CPU is that of the process that answers: the whole of Redis, one connection of Postgres. A neighbour on the machine changes the milliseconds most, and the blocks not at all. ' +
      `Records of ${record.length} bytes.`,
    tables: [
      createTable('Sessions in the store', points),
      createTable('Sessions of one user', userPoints),
      {
        caption: 'Bytes of a session, with its list and its indexes',
        columns: ['', 'rows', 'bytes each'],
        rows: bytes,
      },
    ],
    goals: createGoals(points),
    plots: ['Redis', 'Postgres'].flatMap((name) => {
      const unit = name === 'Redis' ? 'µs in Redis' : 'blocks touched'
      const own = (all: readonly Point[]): Point[] =>
        all.filter(({ database }) => database === name)
      const file = `scale-${name.toLowerCase()}`
      if (own(points).length === 0) return []
      return [
        lines(`${file}-rows.svg`, `${name}: a verb by sessions in it`, 'sessions', unit, [
          ...createLines(own(points)),
        ]),
        lines(`${file}-user.svg`, `${name}: a verb by sessions of one user`, 'sessions', unit, [
          ...createLines(own(userPoints)),
        ]),
      ]
    }),
  }
}

/**
 * A tree is one block higher for each few hundred times as many rows. Microseconds in Redis are no goal: more rows than the
 * caches of the processor hold, and any neighbour, change them, while its tables are hashes.
 */
function createGoals(points: readonly Point[]): Goal[] {
  const counted = points.filter(({ database }) => database === 'Postgres')
  return [...groupPoints(counted)].map(([name, all]) => {
    const ratio = (all.at(-1)?.work ?? Number.NaN) / (all[0]?.work ?? Number.NaN)
    return {
      promise: `${name}: work at ${all.at(-1)?.size.toLocaleString('en')} rows as a share of that at 1,000`,
      goal: '<= 2.5',
      measured: ratio.toFixed(2),
      holds: ratio <= 2.5,
    }
  })
}
