/** What a request costs in instructions where routes, cookies, headers, sessions, users or remembered strangers grow. */
import { type Counted, type CountSettings, countPoints, measurePoints } from '../../lib/counted.ts'
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

const usual: CountSettings = { warm: 300, times: 25, rounds: 2 }
/** A table is built once in an isolate. */
const builds: CountSettings = { warm: 1, times: 1, rounds: 3 }
const many = [10, 100, 1000, 10_000]

const requestCurves: readonly Curve[] = [
  { loop: 'users', label: 'users with sessions of their own', sizes: many.slice(0, 3), most: 1.1 },
  { loop: 'cookies', label: 'bytes of other cookies', sizes: [1, 1000, 4000, 15_000] },
  { loop: 'headers', label: 'further headers', sizes: [1, 10, 30, 90] },
  { loop: 'read', label: 'bytes of a session, read', sizes: [100, 300, 1000, 2700] },
  { loop: 'write', label: 'bytes of a session, written', sizes: [100, 300, 1000, 2700] },
]

const kept = [100, 1000, 10_000, 100_000]
const strangers: CountSettings = { warm: 3000, times: 3000, rounds: 3 }
const memoryCurves: readonly Curve[] = [
  { loop: 'limiter', label: 'addresses, memoryLimiter', sizes: kept },
  { loop: 'throttle', label: 'accounts, memoryThrottle', sizes: kept },
  { loop: 'store', label: 'logins, memoryStore', sizes: kept },
  { loop: 'marks', label: 'ended marks', sizes: kept },
].map((curve) => ({ ...curve, settings: strangers, most: 3 }))

const buildCurves: readonly Curve[] = [
  {
    ...{ loop: 'build', label: 'building, for each route', sizes: many, settings: builds },
    ...{ perPiece: true, most: 1.5 },
  },
  {
    ...{ loop: 'route', label: 'a request for the last route', sizes: many, most: 1.5 },
    settings: { warm: 1000, times: 1000, rounds: 3 },
  },
]

const requestWorker: WorkerSpec = {
  name: 'requests',
  code: `import { loops, requestLoops } from './scale.ts'\nexport default loops(requestLoops)`,
}
const memoryWorker: WorkerSpec = {
  name: 'memory',
  code: `import { loops } from './scale.ts'\nimport { memoryLoops } from './scale-memory.ts'\nexport default loops(memoryLoops)`,
}

type Points = ReadonlyMap<string, readonly Counted[]>

/** Curves that are counted together, and what is said of them. */
interface CurveSet {
  readonly curves: readonly Curve[]
  readonly worker: WorkerSpec
  readonly count: typeof countPoints
  /** Curves at the same time: CPU of two that run at once is that of both. */
  readonly atOnce: number
  readonly unit: string
  readonly file: string
  readonly title: string
  readonly xName: string
  readonly text: string
}

const byInstructions = {
  ...{ count: countPoints, atOnce: 2, unit: 'instructions' },
}
const byCpu = { ...{ count: measurePoints, atOnce: 1, unit: 'CPU µs' } }

/** (scale-sizes) What a request brings along, and how many users there are. */
export const countRequestCurves = (settings: Settings): Promise<Report> =>
  countCurves(settings, {
    ...byInstructions,
    ...{ curves: requestCurves, worker: requestWorker, file: 'scale-requests.svg' },
    title: 'Scale: users, cookies, headers, sessions',
    xName: 'users, headers or bytes',
    text: 'Instructions in user space, by valgrind, in bare workerd with one thread: the same on a busy machine and on a quiet one. Each curve has a workerd of its own. Cookies and headers go through a gateway in front of an upstream that is a function, sessions and users through a Hono app. Bytes and headers have to be read, so their lines rise with them; that of users should be level.',
  })

/** (scale-strangers) What is remembered in an isolate. */
export const countStrangers = (settings: Settings): Promise<Report> =>
  countCurves(settings, {
    ...byCpu,
    ...{ curves: memoryCurves, worker: memoryWorker, file: 'scale-strangers.svg' },
    title: 'Scale: strangers in the memory of an isolate',
    xName: 'how many have a place',
    text: 'CPU of the whole workerd for each stranger, the least of three rounds of 3,000. Each stranger is new, and takes the place of another one: so many have a place. Logins come ten times a second, each of them with the mark of an old session, which expires long before the sessions do. A map that no longer fits into the caches of the processor costs two to three times as much; apart from that the lines should be level, or rise by a constant each time the number is multiplied.',
  })

/** (scale-build) How long a table of routes takes to build, and to find its last route. */
export const countBuilds = (settings: Settings): Promise<Report> =>
  countCurves(settings, {
    ...byCpu,
    ...{ curves: buildCurves, worker: requestWorker, file: 'scale-build.svg' },
    title: 'Scale: routes of a gateway',
    xName: 'routes',
    text: 'CPU of `createGateway` in bare workerd for each route of its table, the least of three. A Worker does this while it starts. Ten routes pay for everything else that a gateway has, so the line begins high, and is level from a hundred on. The request is for the last route, which rejects it with 401, so that no upstream is in the measurement.',
  })

/** Counts curves, so many at a time. */
async function countCurves(
  { quick, log }: Settings,
  { curves, worker, count, atOnce, unit, file, title, xName, text }: CurveSet,
): Promise<Report> {
  const points = new Map<string, readonly Counted[]>()
  const next = curves.values()
  const countNext = async (): Promise<void> => {
    for (const curve of next) {
      log(curve.label)
      const sizes = quick ? curve.sizes.slice(0, 2) : curve.sizes
      const paths = sizes.map((size) => `/${curve.loop}?x=${size}&`)
      points.set(curve.loop, await count(worker, paths, curve.settings ?? usual))
    }
  }
  await Promise.all(Array.from({ length: atOnce }, countNext))

  return {
    title,
    text,
    tables: [createTable(`${unit}, by size`, curves, points)],
    goals: curves.flatMap((curve) => createGoal(curve, points)),
    plots: [lines(file, title, xName, unit, createLines(curves, points))],
  }
}

function readPoint({ sizes, perPiece }: Curve, counted: Counted, place: number): number {
  return perPiece ? counted.least / (sizes[place] ?? 1) : counted.least
}

function createTable(caption: string, curves: readonly Curve[], points: Points): Table {
  return {
    caption,
    columns: ['', 'sizes', 'cost'],
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
