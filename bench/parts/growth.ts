/** (h) How cost grows with the size of a session, routes, rules, and users at once. */
import { drive, requestText } from '../lib/load.ts'
import { noiseOf } from '../lib/noise.ts'
import { type Line, lines } from '../lib/plot.ts'
import type { Report, Settings, Table } from '../lib/report.ts'
import { interleave, type Variant } from '../lib/rounds.ts'
import { spread, written } from '../lib/stats.ts'
import { startWorkers, type WorkerSpec, type Workers } from '../lib/workers.ts'

const sizes = [100, 300, 1000, 2000, 2700]
const counts = [10, 30, 100, 300, 1000]
const sessions = ['hand', 'ours', 'jose'] as const
const names = { hand: 'hand-written', ours: 'Portcullis', jose: 'jose' } as const

const app = (file: string): string =>
  `import { Hono } from 'hono'\nimport { mount } from './routes/${file}.ts'\nconst app = new Hono()\nmount(app)\nexport default app`

export async function growth({ rounds, ms, unit, log }: Settings): Promise<Report> {
  const specs: WorkerSpec[] = [
    ...sessions.map((name) => ({ name, code: app(name) })),
    ...counts.flatMap((count) => [
      {
        name: `routes ${count}`,
        code: `import { manyRoutes } from './many.ts'\nexport default manyRoutes(${count})`,
      },
      {
        name: `rules ${count}`,
        code: `import { manyRules } from './many.ts'\nexport default manyRules(${count})`,
      },
    ]),
  ]
  const workers = await startWorkers(specs)
  try {
    const turns: Variant[] = []
    const add = (
      name: string,
      worker: string,
      request: string | ((turn: number) => string),
      status = 200,
    ): void => {
      const load = { port: workers.port(worker), request, connections: 16, ms, statuses: [status] }
      turns.push({ name, pid: workers.pid, run: async () => (await drive(load)).requests })
    }
    for (const name of sessions) {
      for (const bytes of sizes) {
        const cookie = await cookieOf(workers, name, bytes)
        for (const route of ['read', 'write'])
          add(`${name} ${route} ${bytes}`, name, requestText(`/${route}`, { cookie }))
      }
    }
    for (const count of counts) {
      const heads = { host: 'localhost' }
      add(`first of ${count}`, `routes ${count}`, requestText('/r0/x', heads), 401)
      add(`last of ${count}`, `routes ${count}`, requestText(`/r${count - 1}/x`, heads), 401)
      const hook = { 'sec-fetch-site': 'cross-site', origin: 'https://hooks.test' }
      add(
        `rules ${count}`,
        `rules ${count}`,
        requestText(`/hooks/${count - 1}`, hook, { method: 'POST', body: 'x' }),
      )
    }
    const users: string[] = []
    for (let i = 0; i < 1000; i++)
      users.push(requestText('/read', { cookie: await cookieOf(workers, 'ours', 100) }))
    let turn = 0
    for (const count of counts) add(`users ${count}`, 'ours', () => users[turn++ % count] ?? '')
    for (const { run } of turns) await run()
    const measured = await interleave(turns, {
      rounds,
      unit,
      tick: (round) => log(`round ${round + 1} of ${rounds}`),
    })
    const of = (name: string): readonly number[] => measured.perRequest.get(name) ?? []
    const median = (name: string): number => spread(of(name)).median
    const line = (name: string, xs: readonly number[], key: (x: number) => string): Line => ({
      name,
      points: xs.map((x): [number, number] => [x, median(key(x))]),
    })
    const noise = noiseOf(measured)
    const tables: Table[] = [
      {
        caption: `Bytes of session data, CPU µs per request over HTTP; ${noise}`,
        columns: ['', ...sizes.map(String)],
        rows: sessions.flatMap((name) =>
          ['read', 'write'].map((route) => [
            `${names[name]}, ${route}`,
            ...sizes.map((bytes) => written(spread(of(`${name} ${route} ${bytes}`)))),
          ]),
        ),
      },
      {
        caption:
          'Routes of a gateway, rules of csrf, and users with sessions of their own, CPU µs per request over HTTP',
        columns: ['', ...counts.map(String)],
        rows: [
          [
            'the first route matches',
            ...counts.map((count) => written(spread(of(`first of ${count}`)))),
          ],
          [
            'the last route matches',
            ...counts.map((count) => written(spread(of(`last of ${count}`)))),
          ],
          [
            'exempt paths of csrf, the last',
            ...counts.map((count) => written(spread(of(`rules ${count}`)))),
          ],
          ['users at once', ...counts.map((count) => written(spread(of(`users ${count}`))))],
        ],
      },
    ]
    const bySize = sessions.flatMap((name) =>
      ['read', 'write'].map((route) =>
        line(`${names[name]}, ${route}`, sizes, (bytes) => `${name} ${route} ${bytes}`),
      ),
    )
    const byCount = [
      line('first route', counts, (count) => `first of ${count}`),
      line('last route', counts, (count) => `last of ${count}`),
      line('csrf rules', counts, (count) => `rules ${count}`),
      line('users', counts, (count) => `users ${count}`),
    ]
    return {
      title: 'How cost grows',
      text:
        'A gateway is asked for its first and its last route, each of which refuses with 401, so that no upstream is in the measurement. Users take turns, each with a session of its own. ' +
        'What should be flat is flat where a line is level; a cookie ends at 4,096 bytes, and sessions larger than about 2.8 KB belong into a store.',
      tables,
      goals: [],
      plots: [
        lines(
          'size.svg',
          'Cost by size of a session',
          'bytes of session data',
          'CPU µs per request',
          bySize,
        ),
        lines(
          'growth.svg',
          'Cost by number of routes, rules and users',
          'how many',
          'CPU µs per request',
          byCount,
        ),
      ],
    }
  } finally {
    await workers.stop()
  }
}

async function cookieOf(workers: Workers, name: string, bytes: number): Promise<string> {
  const made = await fetch(`http://127.0.0.1:${workers.port(name)}/make?bytes=${bytes}`)
  const cookie = made.headers.getSetCookie()[0]?.split(';', 1)[0]
  await made.text()
  if (cookie === undefined)
    throw new Error(`${name}: no cookie for ${bytes} B: ${made.status}\n${workers.said()}`)
  const read = await fetch(`http://127.0.0.1:${workers.port(name)}/read`, { headers: { cookie } })
  if ((await read.text()) !== `n=1 pad=${bytes - 16}`)
    throw new Error(`${name} does not read ${bytes} B`)
  return cookie
}
