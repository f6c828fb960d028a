/** Security headers and the check of origins: looped inside a Worker, and over HTTP. */
import { drive, requestText } from '../lib/load.ts'
import { loopVariant } from '../lib/loop.ts'
import { goalBest, noiseOf } from '../lib/noise.ts'
import type { Goal, Report, Settings, Table } from '../lib/report.ts'
import { interleave, type Measured, type Variant } from '../lib/rounds.ts'
import { median, over, signed, spread, written } from '../lib/stats.ts'
import { startWorkers, type Workers } from '../lib/workers.ts'

const policy = `"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'"`
export const named = {
  noop: '',
  hand: `import { hand } from './hand-headers.ts'\nexport const guards = [hand]`,
  hono: `import { secureHeaders } from 'hono/secure-headers'\nexport const guards = [secureHeaders()]`,
  'hono-policy': `import { secureHeaders, NONCE } from 'hono/secure-headers'
export const guards = [secureHeaders({ contentSecurityPolicy: { defaultSrc: ["'none'"], scriptSrc: [NONCE, "'strict-dynamic'"], styleSrc: ["'self'", NONCE], imgSrc: ["'self'"], baseUri: ["'none'"], frameAncestors: ["'none'"] }, permissionsPolicy: { camera: [], geolocation: [], microphone: [] } })]`,
  'hono-same': `import { honoSame } from './hono-headers.ts'\nexport const guards = [honoSame]`,
  ours: `import { secureHeaders } from '../../src/headers/middleware.ts'\nexport const guards = [secureHeaders()]`,
  'ours-own-policy': `import { secureHeaders } from '../../src/headers/middleware.ts'\nexport const guards = [secureHeaders({ contentSecurityPolicy: ${policy} })]`,
  'hono-csrf': `import { csrf } from 'hono/csrf'\nexport const guards = [csrf()]`,
  'ours-csrf': `import { csrf } from '../../src/csrf/middleware.ts'\nexport const guards = [csrf()]`,
} as const
type Name = keyof typeof named

/**
 * The heap of an isolate finds one of several sizes and keeps it, and a loop that makes thousands of responses feels which:
 * each variant has five isolates, and of each round the best counts.
 */
const copies = ['', ' 2', ' 3', ' 4', ' 5'] as const

export const labels: Readonly<Record<Name, string>> = {
  noop: 'a middleware that does nothing',
  hand: 'hand-written: the same headers, a fixed nonce',
  hono: 'hono/secure-headers, defaults',
  'hono-policy': 'hono/secure-headers with a nonce policy',
  'hono-same': 'hono/secure-headers with our headers and values',
  ours: 'Portcullis secureHeaders, defaults (nonce policy)',
  'ours-own-policy': 'Portcullis secureHeaders, a policy without nonce',
  'hono-csrf': 'hono/csrf',
  'ours-csrf': 'Portcullis csrf',
}

const looping: ReadonlyArray<
  readonly [route: 'document' | 'api' | 'form', names: readonly Name[]]
> = [
  ['document', ['noop', 'hand', 'hono', 'hono-policy', 'ours']],
  ['api', ['noop', 'hand', 'hono', 'hono-policy', 'ours']],
  ['form', ['noop', 'hono-csrf', 'ours-csrf']],
]

export const inLoop = (code: string): string => `import { appOf, looped } from './headers.ts'
${code === '' ? 'const guards = []' : code}
export default looped(appOf(...guards))`
const overHttp = (code: string): string => `import { appOf } from './headers.ts'
${code === '' ? 'const guards = []' : code}
export default appOf(...guards)`

export async function headers({ rounds, ms, quick, unit, log }: Settings): Promise<Report> {
  const names = (Object.keys(named) as Name[]).filter((name) => name !== 'ours-own-policy')
  const workers = await startWorkers([
    ...names.flatMap((name) =>
      copies.map((copy) => ({ name: name + copy, code: inLoop(named[name]) })),
    ),
    ...names.map((name) => ({ name: `http ${name}`, code: overHttp(named[name]) })),
  ])
  const tables: Table[] = []
  const goals: Goal[] = []
  try {
    const counts = await check(workers, names)
    const rows: string[][] = []
    for (const [route, who] of looping) {
      log(route)
      const variants: Variant[] = []
      for (const name of who)
        for (const copy of copies)
          variants.push(await loopVariant(workers, name + copy, `/${route}`, quick ? 25 : 40))
      const measured = await interleave(variants, {
        rounds: quick ? rounds : Math.max(rounds, 40),
        mostWaiting: 0.1,
        unit,
      })
      const of = (name: Name): readonly number[] => leastOf(measured, name)
      const more = (name: Name): number[] =>
        of(name).map((value, i) => value - (of('noop')[i] ?? Number.NaN))
      for (const name of who) {
        rows.push([
          route,
          labels[name],
          route === 'form' ? '' : String(counts.get(`${name} ${route}`)),
          written(spread(of(name))),
          name === 'noop' ? '' : over(more(name)),
          name === 'noop' ? '' : signed(spread(of(name)).min - spread(of('noop')).min),
        ])
      }
      const [mine, most] =
        route === 'form'
          ? (['ours-csrf', 1] as const)
          : (['ours', route === 'document' ? 7 : 4] as const)
      const what = {
        document: 'security headers on a document',
        api: 'security headers on an API response',
        form: 'csrf on a POST',
      }[route]
      goals.push(
        goalBest(`${what}, over a middleware that does nothing`, most, of(mine), of('noop')),
      )
    }
    tables.push({
      caption: '`app.fetch` in a loop inside the Worker: CPU µs each, median (min-max)',
      columns: ['route', '', 'headers sent', 'CPU', 'over nothing', 'best over best'],
      rows,
    })
    const turns: Variant[] = ['noop', 'hono', 'hono-policy', 'hono-same', 'ours'].map((name) => {
      const load = {
        port: workers.port(`http ${name}`),
        request: requestText('/document'),
        connections: 16,
        ms,
      }
      return { name, pid: workers.pid, run: async () => (await drive(load)).requests }
    })
    for (const { run } of turns) await run()
    const measured = await interleave(turns, {
      rounds,
      unit,
      tick: (round) => log(`HTTP, round ${round + 1} of ${rounds}`),
    })
    const of = (name: string): readonly number[] => measured.perRequest.get(name) ?? []
    tables.push({
      caption: `A document over HTTP: CPU µs per request, median (min-max); ${noiseOf(measured)}`,
      columns: ['', 'headers sent', 'CPU', 'over nothing'],
      rows: (['noop', 'hono', 'hono-policy', 'hono-same', 'ours'] as const).map((name) => [
        labels[name],
        String(counts.get(`${name} document`)),
        written(spread(of(name))),
        name === 'noop'
          ? ''
          : over(of(name).map((value, i) => value - (of('noop')[i] ?? Number.NaN))),
      ]),
    })
    const slower = median(of('ours').map((value, i) => value / (of('hono-same')[i] ?? Number.NaN)))
    goals.push({
      promise: 'over HTTP, against hono/secure-headers with as many headers, of the same values',
      goal: '<= 1.00 of it',
      measured: slower.toFixed(2),
      holds: slower <= 1,
    })
  } finally {
    await workers.stop()
  }
  return {
    title: 'Security headers and the check of origins',
    text: 'Over a middleware that does nothing. In the loop each variant has five isolates and of each round the best counts, since the size that a heap has found weighs more than what is measured; “best over best” is the best of all rounds against the best of the other, as with seals. hono/secure-headers sends no policy and no Permissions-Policy unless it is told to; ours does by default, with a fresh nonce for each document, and leaves headers away that mean nothing on what it answers.',
    tables,
    goals,
  }
}

function leastOf({ perRequest }: Measured, name: Name): number[] {
  const [first = [], ...others] = copies.map((copy) => perRequest.get(name + copy) ?? [])
  return first.map((value, i) => Math.min(value, ...others.map((other) => other[i] ?? value)))
}

/** How many headers each sends; ours must send a policy with a nonce, and refuse what another site sends. */
async function check(workers: Workers, names: readonly Name[]): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (const name of names) {
    for (const route of ['document', 'api']) {
      const answer = await fetch(`http://127.0.0.1:${workers.port(name + copies[0])}/${route}?n=0`)
      await answer.text()
      if (!answer.ok) throw new Error(`${name} ${route}: ${answer.status}\n${workers.said()}`)
      counts.set(`${name} ${route}`, [...answer.headers].length)
      const nonce = answer.headers.get('content-security-policy')?.includes("'nonce-") ?? false
      if (name === 'ours' && nonce !== (route === 'document'))
        throw new Error(`ours: no policy on ${route}`)
    }
    if (!name.endsWith('csrf')) continue
    const form = {
      method: 'POST',
      headers: {
        'sec-fetch-site': 'cross-site',
        'content-type': 'text/plain',
        origin: 'https://evil.test',
      },
    }
    const refused = await fetch(`http://127.0.0.1:${workers.port(`http ${name}`)}/form`, form)
    if (refused.status !== 403) throw new Error(`${name} lets another site pass: ${refused.status}`)
  }
  if (counts.get('ours document') !== counts.get('hono-same document'))
    throw new Error('not as many headers as ours')
  return counts
}
