/** (graphql) What a GraphQL request of 64 KB costs at most, whatever is in it. */
import { type GraphqlBody, graphqlBodies } from '../../test/support/graphql-bodies.ts'
import { drive, requestText } from '../lib/load.ts'
import { noiseOf } from '../lib/noise.ts'
import type { Report, Settings } from '../lib/report.ts'
import { interleave, type Variant } from '../lib/rounds.ts'
import { figure, spread } from '../lib/stats.ts'
import { startWorkers } from '../lib/workers.ts'

const guards = ['none', 'guard', 'widest', 'throttle', 'throttle, widest'] as const
const labels: Readonly<Record<(typeof guards)[number], string>> = {
  none: 'read only',
  guard: 'graphqlGuard()',
  widest: 'graphqlGuard, every limit at its largest',
  throttle: 'login throttle',
  'throttle, widest': 'login throttle, 10,000 tokens',
}

/** Milliseconds of CPU for one body, accepted or refused. */
const mostMs = 5

/** Requests in a turn: a few, so that no shape has the compiler to itself. */
const requests = 8

export async function graphql({ rounds, unit, log }: Settings): Promise<Report> {
  const upstream = await startWorkers([
    { name: 'upstream', code: `export { default } from './upstream.ts'` },
  ])
  const bindings = { UPSTREAM: `http://127.0.0.1:${upstream.port('upstream')}` }
  const workers = await startWorkers(
    guards.map((name) => ({
      name,
      code: `import { endpoints } from './graphql.ts'\nexport default endpoints['${name}']()`,
      bindings,
    })),
  )
  try {
    const turns = guards.flatMap((guard) =>
      graphqlBodies.map((body): Variant => {
        const request = rawRequest(body)
        const port = workers.port(guard)
        return {
          name: key(guard, body),
          pid: workers.pid,
          run: () => send(port, request),
        }
      }),
    )
    for (const { run } of turns) await run()
    const measured = await interleave(turns, {
      rounds,
      unit,
      tick: (round) => log(`round ${round + 1} of ${rounds}`),
    })
    const msOf = (guard: (typeof guards)[number], body: GraphqlBody): number =>
      spread(measured.perRequest.get(key(guard, body)) ?? []).median / 1000
    const costs = graphqlBodies.map((body) => guards.map((guard) => msOf(guard, body)))
    const largest = (guard: number): number => Math.max(...costs.map((row) => row[guard] ?? 0))
    return {
      title: 'GraphQL requests of 64 KB',
      text:
        `Each body has 64 KB, which is the most that the guard and the throttle read by default, and is made so that some reader takes longest for it. ` +
        `CPU of the whole process for one request over HTTP, with all that it takes to receive 64 KB, which the first column shows. Turns of ${requests} requests, so that bodies of all shapes take turns.`,
      tables: [
        {
          caption: `CPU ms per request, median; ${noiseOf(measured)}`,
          columns: ['a body of', ...guards.map((guard) => labels[guard])],
          rows: graphqlBodies.map(({ name }, i) => [name, ...(costs[i] ?? []).map(figure)]),
        },
      ],
      goals: guards.slice(1).map((guard, i) => ({
        promise: `GraphQL of 64 KB, ${labels[guard]}: the dearest body`,
        goal: `<= ${mostMs} ms`,
        measured: `${figure(largest(i + 1))} ms`,
        holds: largest(i + 1) <= mostMs,
      })),
    }
  } finally {
    await workers.stop()
    await upstream.stop()
  }
}

function key(guard: string, { name }: GraphqlBody): string {
  return `${guard}: ${name}`
}

/** The request in characters of one byte each, as the load is sent. */
function rawRequest({ body, type = 'application/json' }: GraphqlBody): string {
  const text = Buffer.from(body).toString('latin1')
  const headers = {
    host: 'localhost',
    'content-type': type,
    'content-length': `${text.length}`,
    'cf-connecting-ip': '192.0.2.1',
    'x-requested-with': 'bench',
  }
  return requestText('/graphql', headers, { method: 'POST' }) + text
}

async function send(port: number, request: string): Promise<number> {
  let sent = 0
  for (; sent < requests; sent++) {
    await drive({ port, request, connections: 1, ms: 0, statuses: [200, 400, 413, 415, 429] })
  }
  return sent
}
