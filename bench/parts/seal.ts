/** (a) Sealing and opening, against everybody who seals cookies. */
import { loopVariant } from '../lib/loop.ts'
import { bars, type Plot } from '../lib/plot.ts'
import type { Goal, Report, Settings, Table } from '../lib/report.ts'
import { interleave, type Variant } from '../lib/rounds.ts'
import { figure, spread, written } from '../lib/stats.ts'
import { startWorkers, type Workers } from '../lib/workers.ts'

const candidates = [
  'hand',
  'ours',
  'jose',
  'hono-session',
  'iron-webcrypto',
  'iron-session',
  'hono-sessions',
  'h3',
]
const names: Readonly<Record<string, string>> = {
  hand: 'hand-written AES-GCM',
  ours: 'Portcullis',
  'hono-session': '@hono/session',
}
const sizes = [100, 1024, 3072]
const verbs = ['seal', 'open'] as const

export async function sealing({ rounds, ms, quick, unit, log }: Settings): Promise<Report> {
  const specs = candidates.map((name) => ({
    name,
    code: `export { default } from './seal/${name}.ts'`,
  }))
  // The very same code twice: how far apart its two columns are is how much of any ratio is noise.
  const workers = await startWorkers([...specs, { name: 'again', code: specs[0]?.code ?? '' }])
  const tables: Table[] = []
  const goals: Goal[] = []
  const best: number[] = []
  const plots: Plot[] = []
  try {
    const all = [...candidates, 'again']
    const lengths = await check(workers, all)
    const cells = new Map<string, readonly number[]>()
    for (const bytes of sizes) {
      for (const verb of verbs) {
        log(`${verb} ${bytes} B`)
        const variants: Variant[] = []
        for (const name of all)
          variants.push(
            await loopVariant(
              workers,
              name,
              `/${verb}?bytes=${bytes}`,
              Math.min(ms, quick ? 25 : 40),
              {
                first: name === 'h3' ? 2 : 300,
              },
            ),
          )
        const { perRequest } = await interleave(variants, {
          rounds: quick ? rounds : Math.max(rounds, 20),
          mostWaiting: 0.1,
          unit,
        })
        for (const name of all) cells.set(`${name} ${verb} ${bytes}`, perRequest.get(name) ?? [])
      }
    }
    const of = (name: string, verb: string, bytes: number): readonly number[] =>
      cells.get(`${name} ${verb} ${bytes}`) ?? []
    const ratio = (name: string, verb: string, bytes: number): number =>
      spread(of('hand', verb, bytes)).min / spread(of(name, verb, bytes)).min
    for (const verb of verbs) {
      tables.push({
        caption: `${verb}: CPU µs each, median (min-max), and its speed as a share of hand-written, best round against best round`,
        columns: ['', ...sizes.flatMap((bytes) => [`${bytes} B`, '×'])],
        rows: all.map((name) => [
          name === 'again' ? 'hand-written, once more (noise)' : (names[name] ?? name),
          ...sizes.flatMap((bytes) => [
            written(spread(of(name, verb, bytes))),
            figure(ratio(name, verb, bytes)),
          ]),
        ]),
      })
    }
    tables.push({
      caption: 'Characters of a token',
      columns: ['', ...sizes.map((bytes) => `${bytes} B`)],
      rows: candidates.map((name) => [
        names[name] ?? name,
        ...sizes.map((bytes) => String(lengths.get(`${name} ${bytes}`))),
      ]),
    })
    for (const [verb, least] of [
      ['seal', 0.95],
      ['open', 0.85],
    ] as const) {
      for (const bytes of sizes) {
        const measured = ratio('ours', verb, bytes)
        goals.push({
          promise: `${verb} ${bytes} B against hand-written Web Crypto`,
          goal: `>= ${least}`,
          measured: figure(measured),
          holds: measured >= least,
        })
      }
    }
    for (const bytes of sizes) {
      const sum = (name: string): number =>
        spread(of(name, 'seal', bytes)).min + spread(of(name, 'open', bytes)).min
      best.push(sum('hand') / sum('ours'))
      goals.push({
        promise: `seal and open together, ${bytes} B`,
        goal: '>= 0.92',
        measured: figure(best.at(-1) ?? 0),
        holds: (best.at(-1) ?? 0) >= 0.92,
      })
    }
    const both = (name: string): number =>
      spread(of(name, 'seal', 1024)).median + spread(of(name, 'open', 1024)).median
    const shown = candidates.map((name) => ({
      name: names[name] ?? name,
      value: both(name),
      ours: name === 'ours',
    }))
    plots.push(bars('seal.svg', 'Seal and open 1 KB', 'CPU µs', shown, 150))
  } finally {
    await workers.stop()
  }
  return {
    title: 'Sealing and opening',
    text:
      'A Worker seals or opens the same object in a loop, JSON and UTF-8 and base64url included, and the whole request is timed from outside. ' +
      'Hand-written is AES-256-GCM on Web Crypto with a cached key and the native base64 codec; it has no key id, no purpose, no day keys and authenticates nothing but its text. ' +
      'All run without any Node name. h3 stretches its password with 16,384 rounds of PBKDF2 for every token, by default.',
    tables,
    goals,
    plots,
  }
}

async function check(workers: Workers, all: readonly string[]): Promise<Map<string, number>> {
  const lengths = new Map<string, number>()
  for (const name of all) {
    for (const bytes of sizes) {
      const answer = await fetch(`http://127.0.0.1:${workers.port(name)}/check?bytes=${bytes}`)
      const text = await answer.text()
      if (!answer.ok || !text.includes('"ok":true'))
        throw new Error(`${name} at ${bytes} B: ${answer.status} ${text}\n${workers.said()}`)
      lengths.set(`${name} ${bytes}`, (JSON.parse(text) as { length: number }).length)
    }
  }
  return lengths
}
