/** (scale-latency) How long a request takes where Redis is far away: in round trips. */
import { startRedis, type TestRedis } from '../../../test/support/redis.ts'
import { type Line, lines } from '../../lib/plot.ts'
import type { Goal, Report, Settings } from '../../lib/report.ts'
import { figure } from '../../lib/stats.ts'
import { startWorkers } from '../../lib/workers.ts'

const pages = ['anonymous', 'login', 'read', 'write', 'logout'] as const
type Page = (typeof pages)[number]

/** Round trips that docs/storage.md names. */
const expectedTrips: Readonly<Record<Page, number>> = {
  anonymous: 0,
  login: 1,
  read: 1,
  write: 2,
  logout: 1,
}

/** Milliseconds by which each request to Redis waits. */
const delays = [1, 5, 20, 50, 100, 200]

type Measured = Readonly<Record<Page, number>>

export async function measureLatency({ quick, log }: Settings): Promise<Report> {
  const redis = await startRedis()
  const code = `import { ours } from './stored.ts'\nexport default ours(false)`
  const bindings = { URL: redis.url, TOKEN: redis.token }
  const workers = await startWorkers([{ name: 'ours', code, bindings }])
  const measured: Measured[] = []
  try {
    const url = `http://127.0.0.1:${workers.port('ours')}`
    // Scripts are loaded once.
    await visit(url, 2)
    for (const ms of delays) {
      log(`${ms} ms`)
      const stopDelay = redis.control.fault({ kind: 'delay', ms }, { times: Infinity })
      measured.push(await visit(url, quick ? 2 : 5))
      stopDelay()
    }
  } finally {
    await workers.stop()
    await stop(redis)
  }

  return {
    title: 'Scale: far from Redis',
    text:
      'A real Redis behind HTTP on loopback, each request to which waits for so long before anything is done; Portcullis in bare workerd. ' +
      'Wall time, the least of five, since whatever disturbs a request only adds to it. A page that reads waits once and one that writes waits twice, whatever the distance.',
    tables: [
      {
        caption: 'Milliseconds of a request, by the milliseconds that Redis is away',
        columns: ['', ...delays.map(String)],
        rows: pages.map((page) => [page, ...measured.map((each) => figure(each[page]))]),
      },
    ],
    goals: pages.map((page) => createGoal(page, measured)),
    plots: [
      lines(
        'scale-latency.svg',
        'A request, by how far Redis is',
        'ms to Redis and back',
        'ms',
        pages.map(
          (page): Line => ({
            name: page,
            points: measured.map((each, place): [number, number] => [
              delays[place] ?? 1,
              each[page],
            ]),
          }),
        ),
      ),
    ],
  }
}

async function stop(redis: TestRedis): Promise<void> {
  redis.control.reset()
  await redis.stop()
}

/** Walks through all pages as one browser, several times, and returns the least times. */
async function visit(url: string, times: number): Promise<Measured> {
  const spent: Record<Page, number[]> = {
    anonymous: [],
    login: [],
    read: [],
    write: [],
    logout: [],
  }
  for (let i = 0; i < times; i++) {
    let cookie = ''
    for (const page of pages) {
      const began = performance.now()
      const response = await fetch(`${url}/${page}`, {
        headers: { cookie, 'sec-fetch-site': 'same-origin' },
      })
      const text = await response.text()
      spent[page].push(performance.now() - began)
      if (!response.ok) throw new Error(`${page}: ${response.status} ${text}`)
      cookie = response.headers.getSetCookie()[0]?.split(';', 1)[0] ?? cookie
    }
  }

  return Object.fromEntries(pages.map((page) => [page, Math.min(...spent[page])])) as Measured
}

/** By the two farthest, since what a request costs besides weighs little there. */
function createGoal(page: Page, measured: readonly Measured[]): Goal {
  const [near, far] = [measured.at(-2)?.[page] ?? 0, measured.at(-1)?.[page] ?? 0]
  const trips = (far - near) / ((delays.at(-1) ?? 0) - (delays.at(-2) ?? 0))
  return {
    promise: `round trips of a request: ${page}`,
    goal: `<= ${expectedTrips[page]}`,
    measured: trips.toFixed(2),
    holds: trips <= expectedTrips[page] + 0.25,
  }
}
