/** (d) The gateway, against a Worker that only passes on. */
import { assertionKey } from '../../tools/dev/secret.ts'
import { drive, requestText } from '../lib/load.ts'
import { goalOver, noiseOf } from '../lib/noise.ts'
import { bars } from '../lib/plot.ts'
import type { Report, Settings } from '../lib/report.ts'
import { interleave, type Variant } from '../lib/rounds.ts'
import { median, over, spread, written } from '../lib/stats.ts'
import { startWorkers, type Workers } from '../lib/workers.ts'

const host = { host: 'localhost' }

export async function gateway({ rounds, ms, quick, unit, log }: Settings): Promise<Report> {
  const upstream = await startWorkers([
    { name: 'upstream', code: `export { default } from './upstream.ts'` },
  ])
  const at = `http://127.0.0.1:${upstream.port('upstream')}`
  const ours = (options: string): string =>
    `import { gateway } from './gateway-ours.ts'\nexport default gateway('${at}', ${options})`
  const key = await assertionKey()
  const workers = await startWorkers([
    {
      name: 'bare',
      code: `export default { fetch(request) { const url = new URL(request.url); return fetch(new Request('${at}' + url.pathname + url.search, request)) } }`,
    },
    {
      name: 'hono-proxy',
      code: `import { Hono } from 'hono'\nimport { proxy } from 'hono/proxy'
export default new Hono().all('/*', (c) => proxy('${at}' + c.req.path, { ...c.req }))`,
    },
    {
      name: 'hono-guards',
      code: `import { Hono } from 'hono'\nimport { proxy } from 'hono/proxy'\nimport { secureHeaders } from 'hono/secure-headers'\nimport { csrf } from 'hono/csrf'\nimport { requestId } from 'hono/request-id'
export default new Hono().use(requestId()).use(secureHeaders()).use(csrf()).all('/*', (c) => proxy('${at}' + c.req.path, { ...c.req }))`,
    },
    { name: 'plain', code: ours('{ bare: true }') },
    { name: 'session', code: ours('{}') },
    { name: 'assertion', code: ours('{ assertion: true }'), bindings: { KEY: key } },
  ])
  try {
    await check(workers)
    const cookie = await login(workers)
    const many: string[] = []
    // More than are kept, so that every request signs.
    for (let i = 0; i < (quick ? 1100 : 1500); i++) many.push(await login(workers))
    const one = many[0] ?? ''
    const heads = many.map((each) => requestText('/account', { ...host, cookie: each }))
    const loads: ReadonlyArray<
      readonly [
        name: string,
        worker: string,
        request: string | ((turn: number) => string),
        label: string,
      ]
    > = [
      ['bare', 'bare', requestText('/x', { ...host, cookie }), 'a Worker that only passes on'],
      ['hono-proxy', 'hono-proxy', requestText('/x', { ...host, cookie }), 'Hono with hono/proxy'],
      [
        'hono-guards',
        'hono-guards',
        requestText('/x', { ...host, cookie }),
        'the same with request id, secure-headers and csrf',
      ],
      ['plain', 'plain', requestText('/x', host), 'Portcullis, no sessions'],
      ['anonymous', 'session', requestText('/x', host), 'Portcullis, nobody signed in'],
      [
        'session',
        'session',
        requestText('/account', { ...host, cookie }),
        'Portcullis, a signed-in request',
      ],
      [
        'kept',
        'assertion',
        requestText('/account', { ...host, cookie: one }),
        'the same with an assertion that is kept',
      ],
      [
        'signed',
        'assertion',
        (turn) => heads[turn % heads.length] ?? '',
        'the same with one signed for every request',
      ],
    ]
    let turnsTaken = 0
    const turns: Variant[] = loads.map(([name, worker, request]) => {
      const text = typeof request === 'string' ? request : (): string => request(turnsTaken++)
      const load = { port: workers.port(worker), request: text, connections: 16, ms }
      return { name, pid: workers.pid, run: async () => (await drive(load)).requests }
    })
    for (const { run } of turns) await run()
    const measured = await interleave(turns, {
      rounds,
      unit,
      tick: (round) => log(`round ${round + 1} of ${rounds}`),
    })
    const of = (name: string): readonly number[] => measured.perRequest.get(name) ?? []
    const more = (name: string): number[] =>
      of(name).map((value, i) => value - (of('bare')[i] ?? Number.NaN))
    const plot = bars(
      'gateway.svg',
      'The gateway over a Worker that only passes on',
      'CPU µs',
      loads.slice(1).map(([name, , , label]) => ({
        name: label.slice(0, 34),
        value: Math.max(0, median(more(name))),
        ours: !name.startsWith('hono'),
      })),
    )
    return {
      title: 'The gateway',
      text:
        'In front of an upstream that answers a kilobyte of JSON from a process of its own; 16 connections. Ours has the recommended headers, the check of paths, hosts and origins, and forwards who is asking. ' +
        'A signed-in request opens a sealed cookie; an assertion is kept for half a minute for the same session, and the last row has more sessions than are kept.',
      tables: [
        {
          caption: `CPU µs per request, median (min-max); ${noiseOf(measured)}`,
          columns: ['', 'CPU', 'over passing on'],
          rows: loads.map(([name, , , label]) => [
            label,
            written(spread(of(name))),
            name === 'bare' ? '' : over(more(name)),
          ]),
        },
      ],
      goals: [
        goalOver(
          'gateway, a signed-in request over a bare proxy Worker',
          80,
          more('session'),
          measured,
        ),
        goalOver(
          'gateway with an assertion signed for every request',
          130,
          more('signed'),
          measured,
        ),
      ],
      plots: [plot],
    }
  } finally {
    await workers.stop()
    await upstream.stop()
  }
}

async function ask(workers: Workers, name: string, path: string, cookie = ''): Promise<Response> {
  // Node's fetch sets Host itself.
  const { request } = await import('node:http')
  return new Promise((done, fail) => {
    const sent = request(
      {
        port: workers.port(name),
        host: '127.0.0.1',
        path,
        headers: { ...host, ...(cookie && { cookie }) },
      },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (chunk) => {
          text += chunk
        })
        answer.on('end', () => {
          const headers = new Headers()
          for (let i = 0; i < answer.rawHeaders.length; i += 2)
            headers.append(answer.rawHeaders[i] ?? '', answer.rawHeaders[i + 1] ?? '')
          done(new Response(text, { status: answer.statusCode ?? 0, headers }))
        })
      },
    )
    sent.on('error', fail).end()
  })
}

/** Both of ours have the same secret: one makes sessions, either opens them. */
async function login(workers: Workers): Promise<string> {
  const answer = await ask(workers, 'assertion', '/login')
  const cookie = answer.headers.getSetCookie()[0]?.split(';', 1)[0]
  if (cookie === undefined)
    throw new Error(`no session: ${answer.status} ${await answer.text()}\n${workers.said()}`)
  return cookie
}

/** Everybody passes on; ours keeps its cookie to itself, signs where it should, and lets nobody in without a session. */
async function check(workers: Workers): Promise<void> {
  for (const name of ['bare', 'hono-proxy', 'hono-guards', 'plain', 'session', 'assertion']) {
    const answer = await ask(workers, name, '/x')
    if (answer.status !== 200 || (await answer.text()).length < 900)
      throw new Error(`${name}: ${answer.status}\n${workers.said()}`)
  }
  for (const name of ['session', 'assertion']) {
    const cookie = await login(workers)
    const nobody = await ask(workers, name, '/account')
    if (nobody.status !== 401) throw new Error(`${name}: ${nobody.status} without a session`)
    const told = (await (await ask(workers, name, '/told', cookie)).json()) as {
      assertion: string | null
      cookie: string | null
    }
    if (told.cookie !== null || (told.assertion !== null) !== (name === 'assertion'))
      throw new Error(`${name} told ${JSON.stringify(told)}`)
  }
}
