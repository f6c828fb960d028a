/** bench/RESULTS.md: one section a part, each replaced when its part is run again. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { load, machine } from './cpu.ts'
import { type Report, type Table, verdict } from './report.ts'

const file = join(import.meta.dirname, '../RESULTS.md')
/** Said where it was so: somebody will read the figures without their footnote otherwise. */
const busy = ': **a busy machine, where µs are too high and only large differences mean anything**'
const plots = join(import.meta.dirname, '../plots')
const packages = [
  'hono',
  'jose',
  'iron-session',
  'iron-webcrypto',
  'hono-sessions',
  '@hono/session',
  'h3',
  '@upstash/redis',
  '@upstash/ratelimit',
  'hono-rate-limiter',
  'rate-limiter-flexible',
  'express-session',
  'connect-redis',
]

export function writeResults(
  reports: ReadonlyArray<Report & { letter: string }>,
  markdown: (table: Table) => string,
): void {
  const old = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const sections = new Map<string, string>()
  for (const [, letter = '', text = ''] of old.matchAll(
    /<!-- part (\S+) -->\n([\s\S]*?)<!-- end -->/g,
  ))
    sections.set(letter, text)
  mkdirSync(plots, { recursive: true })
  for (const report of reports) {
    sections.set(report.letter, section(report, markdown))
    for (const { file, svg } of report.plots ?? []) writeFileSync(join(plots, file), svg)
  }
  const parts = [...sections]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([letter, text]) => `<!-- part ${letter} -->\n${text}<!-- end -->\n`)
  writeFileSync(file, `${head()}\n${parts.join('\n')}`)
}

function section(
  { title, text, tables, goals, plots = [] }: Report,
  markdown: (table: Table) => string,
): string {
  const date = new Date().toISOString().slice(0, 16).replace('T', ' ')
  const promises: Table[] =
    goals.length === 0
      ? []
      : [
          {
            caption: 'Promises',
            columns: ['promise', 'goal', 'measured', ''],
            rows: goals.map((each) => [each.promise, each.goal, each.measured, verdict(each)]),
          },
        ]
  return [
    `## ${title}\n`,
    `${text}\n`,
    ...plots.map(({ file, title }) => `![${title}](plots/${file})\n`),
    ...[...tables, ...promises].map(markdown),
    `<sub>${date} UTC, ${machine()}, Node ${process.versions.node}, load ${load().toFixed(1)} at the end${load() > 2.5 ? busy : ''}</sub>\n\n`,
  ].join('\n')
}

function head(): string {
  const require = createRequire(import.meta.url)
  const versions = packages.map((name) => `${name} ${versionOf(name)}`)
  return `# What it costs, beside others

Written by \`npm run bench\`; [README.md](README.md) says how to read it. Bare \`workerd serve\`, no Node names. CPU µs are those
of the whole workerd process by the scheduler's count; rounds are interleaved and shuffled, and a turn in which workerd had to wait
for a CPU is repeated. Compare figures of one table only: another machine, another hour, other microseconds.

workerd ${(require('workerd/package.json') as { version: string }).version}, ${versions.join(', ')}.
`
}

/** By its package.json, which some packages do not export. */
function versionOf(name: string): string {
  const at = join(import.meta.dirname, '../node_modules', name, 'package.json')
  return (JSON.parse(readFileSync(at, 'utf8')) as { version: string }).version
}
