/** (b) Routes that read and that write a session, over HTTP; (c) the same inside a whole stack. */
import { drive, requestText } from '../lib/load.ts'
import { goalOver, noiseOf } from '../lib/noise.ts'
import { bars, type Plot } from '../lib/plot.ts'
import type { Goal, Report, Settings, Table } from '../lib/report.ts'
import { interleave, type Measured, type Variant } from '../lib/rounds.ts'
import { median, over, spread, written } from '../lib/stats.ts'
import { startWorkers, type WorkerSpec, type Workers } from '../lib/workers.ts'

interface Candidate {
  readonly name: string
  readonly label: string
  readonly code: string
  /** Routes to measure besides reading and writing. */
  readonly more?: readonly string[]
}

const app = (file: string, before = ''): string => `import { Hono } from 'hono'
import { mount } from './routes/${file}.ts'
${before}
mount(app)
export default app`
const honoApp = 'const app = new Hono()'

const sessions: readonly Candidate[] = [
  { name: 'bare', label: 'Hono, no session', code: app('bare', honoApp) },
  { name: 'hand-lean', label: 'hand-written, nothing spared', code: app('hand-lean', honoApp) },
  { name: 'hand', label: 'hand-written with hono/cookie', code: app('hand', honoApp) },
  { name: 'ours', label: 'Portcullis', code: app('ours', honoApp), more: ['idle', 'update'] },
  { name: 'jose', label: 'jose with hono/cookie', code: app('jose', honoApp) },
  { name: 'hono-session', label: '@hono/session', code: app('hono-session', honoApp) },
  { name: 'iron-session', label: 'iron-session', code: app('iron-session', honoApp) },
  { name: 'hono-sessions', label: 'hono-sessions', code: app('hono-sessions', honoApp) },
  {
    name: 'h3',
    label: 'h3 useSession, its own app',
    code: `export { app as default } from './routes/h3.ts'`,
  },
]

const guarded = `import { secureHeaders } from 'hono/secure-headers'
import { csrf } from 'hono/csrf'
import { requestId } from 'hono/request-id'
import { bodyLimit } from 'hono/body-limit'
const app = new Hono().use(requestId()).use(secureHeaders()).use(csrf()).use(bodyLimit({ maxSize: 10_485_760 }))`

const stacks: readonly Candidate[] = [
  { name: 'bare', label: 'Hono, nothing', code: app('bare', honoApp) },
  { name: 'guarded', label: 'Hono with its guards, no session', code: app('bare', guarded) },
  {
    name: 'ours',
    label: 'Portcullis',
    code: `import { Hono } from 'hono'
import { portcullis } from '../../src/stack/portcullis.ts'
import { routes, sessions } from './routes/ours.ts'
const app = new Hono().use(portcullis({ session: sessions }))
routes(app as never)
export default app`,
    more: ['idle'],
  },
  { name: 'hand', label: 'Hono guards + hand-written', code: app('hand', guarded) },
  { name: 'jose', label: 'Hono guards + jose', code: app('jose', guarded) },
  {
    name: 'hono-session',
    label: 'Hono guards + @hono/session',
    code: app('hono-session', guarded),
  },
  { name: 'iron-session', label: 'Hono guards + iron-session', code: app('iron-session', guarded) },
  {
    name: 'hono-sessions',
    label: 'Hono guards + hono-sessions',
    code: app('hono-sessions', guarded),
  },
]

export async function routes(settings: Settings): Promise<Report> {
  const { tables, plots, extra, measured } = await measure(
    sessions,
    settings,
    'routes.svg',
    'A route that reads and writes a session',
  )
  const goals: Goal[] = [
    goalOver(
      'a route that reads a session, over bare Hono',
      27,
      extra.get('ours read') ?? [],
      measured,
    ),
    goalOver(
      'a route that reads and writes a session, over bare Hono',
      45,
      extra.get('ours write') ?? [],
      measured,
    ),
  ]
  return {
    title: 'Routes that read and that write a session',
    text:
      'A Hono route over HTTP with 16 connections, a session of 100 bytes in the cookie. “Over” is the difference to the same route without a session, round by round. ' +
      '`/idle` is a route behind our middleware that never asks for its session; `/update` is our verb that is safe under conflict. The hand-written ones have neither lifetimes nor key rotation, and no word to caches.',
    tables,
    goals,
    plots,
  }
}

export async function stack(settings: Settings): Promise<Report> {
  const { tables, plots } = await measure(
    stacks,
    settings,
    'stack.svg',
    'The whole stack with a session that is written',
  )
  return {
    title: 'The whole stack',
    text: "Ours is `portcullis({ session })` with its defaults. Hono's guards are its request id, secure-headers, csrf and body-limit, each with its defaults; they look neither at paths, methods and sizes of heads, nor send a policy for content.",
    tables,
    goals: [],
    plots,
  }
}

async function measure(
  candidates: readonly Candidate[],
  settings: Settings,
  plot: string,
  title: string,
): Promise<{
  tables: Table[]
  plots: Plot[]
  extra: Map<string, readonly number[]>
  measured: Measured
}> {
  const { rounds, ms, unit, log } = settings
  const workers = await startWorkers(candidates as readonly WorkerSpec[])
  const per = new Map<string, readonly number[]>()
  const tables: Table[] = []
  const plots: Plot[] = []
  let measured: Measured
  const extra = new Map<string, readonly number[]>()
  try {
    const cookies = new Map<string, string>()
    for (const candidate of candidates) cookies.set(candidate.name, await check(workers, candidate))
    const turns: Variant[] = candidates.flatMap(({ name, more = [] }) =>
      ['read', 'write', ...more].map((route): Variant => {
        const cookie = cookies.get(name) ?? ''
        const load = {
          port: workers.port(name),
          request: requestText(`/${route}`, { cookie }),
          connections: 16,
        }
        return {
          name: `${name} ${route}`,
          pid: workers.pid,
          run: async () => (await drive({ ...load, ms })).requests,
        }
      }),
    )
    for (const { run } of turns) await run() // warm
    measured = await interleave(turns, {
      rounds,
      unit,
      tick: (round) => log(`round ${round + 1} of ${rounds}`),
    })
    for (const [name, values] of measured.perRequest) per.set(name, values)
    for (const [name, values] of per) {
      const base =
        per.get(`bare ${name.endsWith('write') || name.endsWith('update') ? 'write' : 'read'}`) ??
        []
      extra.set(
        name,
        values.map((value, i) => value - (base[i] ?? Number.NaN)),
      )
    }
    tables.push({
      caption: `CPU µs per request, median (min-max); ${noiseOf(measured)}`,
      columns: ['', 'read', 'over bare', 'write', 'over bare'],
      rows: candidates.flatMap(({ name, label, more = [] }) => [
        [
          label,
          written(spread(per.get(`${name} read`) ?? [])),
          name === 'bare' ? '' : over(extra.get(`${name} read`) ?? []),
          written(spread(per.get(`${name} write`) ?? [])),
          name === 'bare' ? '' : over(extra.get(`${name} write`) ?? []),
        ],
        ...more.map((route) => {
          const writes = route === 'update'
          const cells = [
            written(spread(per.get(`${name} ${route}`) ?? [])),
            over(extra.get(`${name} ${route}`) ?? []),
          ]
          return [`${label}, /${route}`, ...(writes ? ['', '', ...cells] : [...cells, '', ''])]
        }),
      ]),
    })
    const shown = candidates
      .filter(({ name }) => name !== 'bare')
      .map(({ name, label }) => ({
        name: label,
        value: median(extra.get(`${name} write`) ?? []),
        ours: name === 'ours',
      }))
    plots.push(bars(plot, title, 'CPU µs over bare Hono', shown, 400))
  } finally {
    await workers.stop()
  }
  return { tables, plots, extra, measured }
}

/** Makes a session, reads it, writes it and reads what was written; returns the cookie of the first. */
async function check(
  workers: Workers,
  { name, more = [] }: Candidate,
  bytes = 100,
): Promise<string> {
  const at = `http://127.0.0.1:${workers.port(name)}`
  // hono-sessions sends two cookies of one name; as in a browser the last one counts.
  const cookieOf = (response: Response): string => {
    const pairs = response.headers
      .getSetCookie()
      .map((text) => (text.split(';', 1)[0] ?? '').split('=', 2))
    return [...new Map(pairs as Array<[string, string]>)].map((pair) => pair.join('=')).join('; ')
  }
  const ask = async (path: string, cookie: string): Promise<[string, string]> => {
    const response = await fetch(at + path, {
      headers: { cookie, 'sec-fetch-site': 'same-origin' },
    })
    const text = await response.text()
    if (!response.ok)
      throw new Error(`${name} ${path}: ${response.status} ${text}\n${workers.said()}`)
    return [text, cookieOf(response)]
  }
  const wrong = (what: string, text: string): Error => new Error(`${name}: ${what}: ${text}`)
  const [, cookie] = await ask(`/make?bytes=${bytes}`, '')
  const none = name === 'bare' || name === 'guarded'
  if (none)
    return 's=an-unknown-cookie-as-long-as-that-of-a-session-would-be-so-that-heads-are-alike'
  const [read] = await ask('/read', cookie)
  if (read !== `n=1 pad=${bytes - 16}`) throw wrong('read', read)
  for (const route of ['write', ...more.filter((route) => route === 'update')]) {
    const [text, next] = await ask(`/${route}`, cookie)
    if (text !== `n=2 pad=${bytes - 16}` || next === '' || next === cookie)
      throw wrong(route, `${text} ${next.length}`)
    const [again] = await ask('/read', next)
    if (again !== `n=2 pad=${bytes - 16}`) throw wrong('read after write', again)
  }
  return cookie
}
