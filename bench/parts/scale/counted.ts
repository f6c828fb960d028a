/** (scale-counted) What a request costs in instructions where routes, cookies, headers, sessions, users or remembered strangers grow. */
import { type Counted, type CountSettings, countPoints } from '../../lib/counted.ts'
import { type Line, lines } from '../../lib/plot.ts'
import type { Goal, Report, Settings, Table } from '../../lib/report.ts'
import { figure } from '../../lib/stats.ts'
import type { WorkerSpec } from '../../lib/workers.ts'

/** One thing that grows. */
interface Curve {
  readonly loop: string
  readonly label: string
  readonly sizes: readonly number[]
  readonly settings?: CountSettings
  /** Divides what was counted: a table of routes is as much work as it has routes. */
  readonly perPiece?: boolean
  /** How much of the first point the last may cost, where it must not grow; absent where each byte has to be read. */
  readonly most?: number
}

const usual: CountSettings = { warm: 1200, times: 150, rounds: 2 }
/** A table is built once in an isolate: nothing is warm then, but its code is. */
const builds: CountSettings = { warm: 3, times: 1, rounds: 1 }

const requestCurves: readonly Curve[] = [
  {
    loop: 'route',
    label: 'routes of a gateway, the last one matches',
    sizes: [10, 100, 1000, 10_000],
    most: 1.1,
  },
  {
    loop: 'build',
    label: 'building a gateway, for each route',
    sizes: [10, 100, 1000, 10_000],
    settings: builds,
    perPiece: true,
    most: 1.1,
  },
  {
    loop: 'users',
    label: 'users with sessions of their own',
    sizes: [10, 100, 1000, 10_000],
    most: 1.1,
  },
  {
    loop: 'cookies',
    label: 'bytes of other cookies, signed in',
    sizes: [1, 1000, 4000, 15_000],
  },
  { loop: 'headers', label: 'further headers', sizes: [1, 10, 30, 90] },
  { loop: 'read', label: 'bytes of a session that is read', sizes: [100, 300, 1000, 2700] },
  { loop: 'write', label: 'bytes of a session that is written', sizes: [100, 300, 1000, 2700] },
]

const kept = [100, 1000, 10_000, 100_000]
const strangers: CountSettings = { warm: 3000, times: 1500, rounds: 2 }
const memoryCurves: readonly Curve[] = [
  { loop: 'limiter', label: 'addresses of memoryLimiter', sizes: kept },
  { loop: 'throttle', label: 'accounts of memoryThrottle', sizes: kept },
  { loop: 'store', label: 'logins in memoryStore', sizes: kept },
  { loop: 'marks', label: 'ended marks of memoryRevocations', sizes: kept },
].map((curve) => ({ ...curve, settings: strangers, most: 2 }))

const requestWorker: WorkerSpec = {
  name: 'requests',
  code: `import { loops, requestLoops } from './scale.ts'\nexport default loops(requestLoops)`,
}
const memoryWorker: WorkerSpec = {
  name: 'memory',
  code: `import { loops } from './scale.ts'\nimport { memoryLoops } from './scale-memory.ts'\nexport default loops(memoryLoops)`,
}

type Points = ReadonlyMap<string, readonly Counted[]>

/** Counts every curve, two at a time. */
export async function countScale({ quick, log }: Settings): Promise<Report> {
  const points = new Map<string, readonly Counted[]>()
  const all = [
    ...requestCurves.map((curve) => ({ curve, worker: requestWorker })),
    ...memoryCurves.map((curve) => ({ curve, worker: memoryWorker })),
  ]
  const next = all.values()
  const countNext = async (): Promise<void> => {
    for (const { curve, worker } of next) {
      log(curve.label)
      const sizes = quick ? curve.sizes.slice(0, 2) : curve.sizes
      const paths = sizes.map((size) => `/${curve.loop}?x=${size}&`)
      points.set(curve.loop, await countPoints(worker, paths, curve.settings ?? usual))
    }
  }
  await Promise.all([countNext(), countNext()])

  return {
    title: 'Scale: what a request costs where something grows',
    text:
      'Instructions in user space, by valgrind, in bare workerd with one thread: the same on a busy machine and on a quiet one. Each curve has a workerd of its own. ' +
      'Bytes of cookies, headers and sessions have to be read, so those lines rise with them; every other line should be level, or rise by a constant each time its number is multiplied. ' +
      'Strangers are new addresses, accounts, logins and marks, each of which takes the place of another one: so many have a place.',
    tables: [
      createTable('Instructions for each request, by size', requestCurves, points),
      createTable('Instructions for each stranger, by how many have a place', memoryCurves, points),
    ],
    goals: [...requestCurves, ...memoryCurves].flatMap((curve) => createGoal(curve, points)),
    plots: [
      lines(
        'scale-requests.svg',
        'Cost of a request where something grows',
        'how many, or bytes',
        'instructions',
        createLines(requestCurves, points),
      ),
      lines(
        'scale-strangers.svg',
        'Cost of a stranger where many are remembered',
        'how many have a place',
        'instructions',
        createLines(memoryCurves, points),
      ),
    ],
  }
}

function readPoint({ sizes, perPiece }: Curve, counted: Counted, place: number): number {
  return perPiece ? counted.least / (sizes[place] ?? 1) : counted.least
}

function createTable(caption: string, curves: readonly Curve[], points: Points): Table {
  return {
    caption,
    columns: ['', 'sizes', 'instructions'],
    rows: curves.map((curve) => {
      const counted = points.get(curve.loop) ?? []
      return [
        curve.label,
        curve.sizes
          .slice(0, counted.length)
          .map((size) => size.toLocaleString('en'))
          .join(' / '),
        counted.map((each, place) => figure(readPoint(curve, each, place))).join(' / '),
      ]
    }),
  }
}

function createLines(curves: readonly Curve[], points: Points): Line[] {
  return curves.map((curve) => ({
    name: curve.label.slice(0, 26),
    points: (points.get(curve.loop) ?? []).map((each, place): [number, number] => [
      curve.sizes[place] ?? 1,
      readPoint(curve, each, place),
    ]),
  }))
}

function createGoal(curve: Curve, points: Points): Goal[] {
  const counted = (points.get(curve.loop) ?? []).map((each, place) => readPoint(curve, each, place))
  // The first point of a table of ten routes is mostly what every gateway costs.
  const [first = Number.NaN, second = Number.NaN] = counted
  const base = curve.perPiece ? second : first
  const ratio = (counted.at(-1) ?? Number.NaN) / base
  if (curve.most === undefined) return []
  return [
    {
      promise: `${curve.label}: the largest as a share of the smallest`,
      goal: `<= ${curve.most}`,
      measured: ratio.toFixed(2),
      holds: ratio <= curve.most,
    },
  ]
}
