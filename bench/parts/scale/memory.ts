/** (scale-memory) The heap of an isolate that meets a million users and addresses, each of them once. */
import { join } from 'node:path'
import { startWorkerd, type Workerd } from '../../../test/support/workerd.ts'
import { lines } from '../../lib/plot.ts'
import type { Report, Settings } from '../../lib/report.ts'

const entry = join(import.meta.dirname, '../../workers/scale-heap.ts')
/** Strangers at most; on a busy machine a million take ten minutes. */
const mostStrangers = Number(process.env.SCALE_STRANGERS ?? 1_000_000)
const counts = [1000, 10_000, 50_000, 100_000, 150_000, 200_000, 300_000, 1_000_000].filter(
  (count) => count <= mostStrangers,
)
/** Strangers of one request. */
const atOnce = 10_000
/** By this many everything is full: those that come after them may not take more than this. */
const fullAt = 150_000
const mostGrowth = 1.05

export async function measureMemory({ quick, log }: Settings): Promise<Report> {
  const worker = await startWorkerd({ entry }, { inspect: true })
  const heaps: Array<readonly [met: number, megabytes: number]> = []
  try {
    let met = 0
    for (const count of quick ? counts.slice(0, 3) : counts) {
      while (met < count) {
        const next = Math.min(atOnce, count - met)
        await ask(worker, `/?n=${next}`)
        met += next
        log(`${met} strangers`)
      }
      heaps.push([met, await readHeap(worker)])
      log(`${met} strangers: ${heaps.at(-1)?.[1].toFixed(1)} MB`)
    }
  } finally {
    await worker.stop()
  }

  const full = heaps.find(([met]) => met >= fullAt)?.[1] ?? Number.NaN
  const last = heaps.at(-1)?.[1] ?? Number.NaN
  return {
    title: 'Scale: memory of an isolate',
    text:
      'A Worker meets strangers, each a new user from a new address with a new browser, through memory limiter, login throttle, session store, revocations, ended marks, blocked keys, the burst guard of devices and invalidated addresses of the cache, each with its default bound. ' +
      'Each fiftieth of them also sends a login that fails and a page through a gateway with limit, throttle, circuit breaker and monitor, has an assertion signed, and its browser named. The heap is read over the inspector, after a collection.',
    tables: [
      {
        caption: 'Megabytes of heap',
        columns: ['strangers', ...heaps.map(([met]) => met.toLocaleString('en'))],
        rows: [['heap', ...heaps.map(([, megabytes]) => megabytes.toFixed(1))]],
      },
    ],
    goals: [
      {
        promise: `heap after ${(heaps.at(-1)?.[0] ?? 0).toLocaleString('en')} strangers, as a share of that after ${fullAt.toLocaleString('en')}`,
        goal: `<= ${mostGrowth}`,
        measured: (last / full).toFixed(3),
        holds: last / full <= mostGrowth,
      },
    ],
    plots: [
      lines('scale-memory.svg', 'Heap of an isolate', 'strangers met', 'MB', [
        { name: 'heap', points: heaps },
      ]),
    ],
  }
}

async function ask(worker: Workerd, path: string): Promise<void> {
  const response = await fetch(`${worker.url}${path}`)
  const text = await response.text()
  if (!response.ok) throw new Error(`${response.status} ${text} ${worker.stderr.join('\n')}`)
}

/** Twice: what the first collection lets go of may hold something itself. */
async function readHeap(worker: Workerd): Promise<number> {
  await ask(worker, '/.gc')
  await ask(worker, '/.gc')
  return (await worker.heap()) / 1e6
}
