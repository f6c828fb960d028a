/** (g) How exact limiters are, and what a take costs. */
import { setTimeout as sleep } from 'node:timers/promises'
import { startRedis } from '../../test/support/redis.ts'
import { drive, requestText } from '../lib/load.ts'
import { noiseOf } from '../lib/noise.ts'
import type { Report, Settings } from '../lib/report.ts'
import { interleave, type Variant } from '../lib/rounds.ts'
import { spread, written } from '../lib/stats.ts'
import { startWorkers, type WorkerSpec } from '../lib/workers.ts'

/** Small and short, so that many windows pass while it is watched. */
const rate = { limit: 10, window: 2 }
const windowMs = rate.window * 1000

/** Of servers/flexible.ts, which only compiles where the peers are installed. */
interface Servers {
  startFlexible(
    socket: string,
    rate: { readonly limit: number; readonly window: number },
  ): Promise<{ take(key: string): Promise<boolean>; stop(): Promise<void> }>
}

const peers: ReadonlyArray<readonly [kind: string, label: string]> = [
  ['exact', 'Portcullis exactLimiter'],
  ['sliding', 'Portcullis upstashLimiter, slidingWindow'],
  ['memory', 'Portcullis memoryLimiter'],
  ['upstash-sliding', '@upstash/ratelimit slidingWindow'],
  ['upstash-fixed', '@upstash/ratelimit fixedWindow'],
  ['upstash-bucket', '@upstash/ratelimit tokenBucket'],
  ['hono-rate-limiter', 'hono-rate-limiter, memory'],
]

export async function limiters({ rounds, ms, quick, unit, log }: Settings): Promise<Report> {
  const redis = await startRedis()
  const bindings = { URL: redis.url, TOKEN: redis.token }
  const specs = peers.flatMap(([kind]): WorkerSpec[] => {
    const code = (of: object): string =>
      `import { limited } from './limits.ts'\nexport default limited('${kind}', ${JSON.stringify(of)})`
    return [
      { name: kind, code: code(rate), bindings },
      { name: `${kind} large`, code: code({ limit: 1_000_000, window: 3600 }), bindings },
    ]
  })
  const workers = await startWorkers(specs)
  try {
    const { startFlexible } = (await import('../servers/flexible.ts' as string)) as Servers
    const flexible = await startFlexible(redis.socket, rate)
    const faults = new Map<string, number>()
    const takers: Array<readonly [label: string, take: (key: string) => Promise<boolean>]> =
      peers.map(([kind, label]) => [
        label,
        async (key) => {
          const { status } = await fetch(`http://127.0.0.1:${workers.port(kind)}/take?key=${key}`)
          // On a busy machine a deadline may pass: such a take was refused to nobody, and is told below.
          if (status !== 200 && status !== 429) faults.set(label, (faults.get(label) ?? 0) + 1)
          return status === 200
        },
      ])
    takers.push(['rate-limiter-flexible, Redis (Node, TCP)', flexible.take])
    log('accuracy')
    const seconds = quick ? 6 : 12
    await Promise.all(takers.map(([, take]) => take('warm')))
    const steady = await Promise.all(takers.map(([, take]) => watch(take, 'steady', seconds, 40)))
    const bursts = await Promise.all(takers.map(([, take]) => watch(take, 'burst', seconds, 0)))
    const accuracy = takers.map(([label], i) => [
      faults.has(label) ? `${label} (${faults.get(label)} takes failed)` : label,
      share(steady[i]),
      `${steady[i]?.most}`,
      `${bursts[i]?.most}`,
    ])
    await flexible.stop()
    const turns: Variant[] = peers.map(([kind, label]) => {
      const load = {
        port: workers.port(`${kind} large`),
        request: requestText('/take?key=cost'),
        connections: 8,
        ms,
      }
      return { name: label, pid: workers.pid, run: async () => (await drive(load)).requests }
    })
    for (const { run } of turns) await run()
    const traffic = new Map<string, string>()
    for (const [kind, label] of peers) {
      redis.control.reset()
      await fetch(`http://127.0.0.1:${workers.port(`${kind} large`)}/take?key=traffic`)
      await sleep(30)
      traffic.set(
        label,
        `${redis.control.requests}: ${redis.control.verbs.flat().join(' ') || '-'}`,
      )
    }
    const measured = await interleave(turns, {
      rounds,
      unit,
      tick: (round) => log(`cost, round ${round + 1} of ${rounds}`),
    })
    const exact = accuracy[0]
    return {
      title: 'Limiters',
      text:
        `A limit of ${rate.limit} in ${rate.window} s against a real Redis, in real time. Steady: a request every 40 ms, many times what is allowed; the share is of what the limit promises. ` +
        'Bursts: forty at once, again and again, timed to fall around the edges of windows. Beside it the most that passed within any window, counting only what was certainly within it: sent after its first, answered before its end. ' +
        'Memory limiters count in one isolate only.',
      tables: [
        {
          caption: `What passes a limit of ${rate.limit} in ${rate.window} s`,
          columns: [
            '',
            'steady: share of the rate',
            'steady: most in a window',
            'bursts: most in a window',
          ],
          rows: accuracy,
        },
        {
          caption: `A take that is allowed: ${noiseOf(measured)}`,
          columns: ['', 'CPU µs per request', 'requests: commands'],
          rows: peers.map(([, label]) => [
            label,
            written(spread(measured.perRequest.get(label) ?? [])),
            traffic.get(label) ?? '',
          ]),
        },
      ],
      goals: [
        {
          promise: 'the exact limiter lets pass in any window',
          goal: `<= ${rate.limit}`,
          measured: `${exact?.[2]} steady, ${exact?.[3]} in bursts`,
          holds: Number(exact?.[2]) <= rate.limit && Number(exact?.[3]) <= rate.limit,
        },
      ],
    }
  } finally {
    await workers.stop()
    await redis.stop()
  }
}

interface Watched {
  readonly allowed: number
  readonly seconds: number
  /** The most that certainly passed within one window. */
  readonly most: number
}

/** Takes every `everyMs`, or in bursts of forty about each edge of the wall clock's windows. */
async function watch(
  take: (key: string) => Promise<boolean>,
  key: string,
  seconds: number,
  everyMs: number,
): Promise<Watched> {
  const passed: Array<{ sent: number; answered: number }> = []
  const waiting: Array<Promise<void>> = []
  const one = async (): Promise<void> => {
    const sent = Date.now()
    if (await take(key)) passed.push({ sent, answered: Date.now() })
  }
  const started = Date.now()
  while (Date.now() - started < seconds * 1000) {
    if (everyMs > 0) {
      waiting.push(one())
      await sleep(everyMs)
      continue
    }
    const left = windowMs - (Date.now() % windowMs)
    await sleep(left > 60 ? left - 50 : left + 10)
    await Promise.all(Array.from({ length: 40 }, one))
  }
  await Promise.all(waiting)
  // When each was judged lies between its sending and its answer: these were within one window whenever it was.
  const most = passed.map(
    (from) =>
      passed.filter((at) => at.sent >= from.sent && at.answered < from.sent + windowMs).length,
  )
  return {
    allowed: passed.length,
    seconds: (Date.now() - started) / 1000,
    most: Math.max(0, ...most),
  }
}

function share(watched: Watched | undefined): string {
  const { allowed = 0, seconds = 1 } = watched ?? {}
  return `${((allowed / ((seconds / rate.window) * rate.limit)) * 100).toFixed(0)} %`
}
