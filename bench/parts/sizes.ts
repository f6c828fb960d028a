/** (f) How large Workers become, and how long they take to answer the first request. */
import { gzipSync } from 'node:zlib'
import { compileCsrf } from '../../src/csrf/index.ts'
import { compileHeaders } from '../../src/headers/index.ts'
import { cpuOf } from '../lib/cpu.ts'
import { drive, requestText } from '../lib/load.ts'
import { bars } from '../lib/plot.ts'
import type { Report, Settings } from '../lib/report.ts'
import { spread, written } from '../lib/stats.ts'
import { bundle, startWorkers } from '../lib/workers.ts'

const hono = `import { Hono } from 'hono'\nconst app = new Hono().get('/', (c) => c.text('ok'))\n`
const guards = `import { secureHeaders } from 'hono/secure-headers'\nimport { csrf } from 'hono/csrf'\napp.use(secureHeaders()).use(csrf())\n`
const end = '\nexport default app'
/** As an app has it that judged its options while building: the code, and the data of the defaults beside it. */
const compiled = (headers: string, csrf: string): string =>
  `${hono}import { compiledCsrf, compiledHeaders } from '../../src/compiled/index.ts'\napp.use(compiledHeaders(${headers})).use(compiledCsrf(${csrf}))${end}`
const mounted = (file: string): string =>
  `import { mount } from './routes/${file}.ts'\nmount(app)${end}`

const bundles: ReadonlyArray<readonly [label: string, code: string]> = [
  ['Hono, hello', `${hono}${end}`],
  ['Hono + hand-written session', `${hono}${mounted('hand')}`],
  ['Hono + Portcullis session, stateless', `${hono}${mounted('ours')}`],
  ['Hono + jose session', `${hono}${mounted('jose')}`],
  ['Hono + iron-session', `${hono}${mounted('iron-session')}`],
  ['Hono + hono-sessions', `${hono}${mounted('hono-sessions')}`],
  ['Hono + @hono/session', `${hono}${mounted('hono-session')}`],
  ['h3 with useSession', `export { app as default } from './routes/h3.ts'`],
  ['Hono + secure-headers + csrf', `${hono}${guards}${end}`],
  [
    'Hono + Portcullis headers + csrf',
    `${hono}import { secureHeaders } from '../../src/headers/middleware.ts'\nimport { csrf } from '../../src/csrf/middleware.ts'\napp.use(secureHeaders()).use(csrf())${end}`,
  ],
  [
    'Hono + Portcullis headers + csrf, judged while building',
    compiled(JSON.stringify(compileHeaders()), JSON.stringify(compileCsrf())),
  ],
  [
    'Hono + Portcullis stack, stateless',
    `${hono}import { portcullis } from '../../src/stack/portcullis.ts'\nimport { sessions } from './routes/ours.ts'\napp.use(portcullis({ session: sessions }))${end}`,
  ],
  [
    'Portcullis gateway, stateless',
    `import { gateway } from './gateway-ours.ts'\nexport default gateway('http://127.0.0.1:9', {})`,
  ],
]

export async function sizes({ quick, log }: Settings): Promise<Report> {
  const starts = quick ? 2 : 11
  const made = await Promise.all(
    bundles.map(async ([label, code]) => {
      const text = await bundle(code)
      return {
        label,
        code,
        bytes: Buffer.byteLength(text),
        gzip: gzipSync(text, { level: 9 }).length,
      }
    }),
  )
  const cpu = new Map<string, number[]>(bundles.map(([label]) => [label, []]))
  const wall = new Map<string, number[]>(bundles.map(([label]) => [label, []]))
  for (let round = 0; round < starts; round++) {
    log(`start ${round + 1} of ${starts}`)
    for (const { label, code } of made) {
      const started = performance.now()
      const workers = await startWorkers([{ name: 'w', code }])
      const load = { port: workers.port('w'), request: requestText('/read'), connections: 1, ms: 0 }
      await drive({ ...load, statuses: [200, 400, 401, 403, 404, 421, 500, 502] })
      wall.get(label)?.push(performance.now() - started)
      cpu.get(label)?.push(cpuOf(workers.pid).used / 1000)
      await workers.stop()
    }
  }
  const hello = made[0]?.gzip ?? 0
  const codeOnly =
    gzipSync(await bundle(compiled('globalThis.headers', 'globalThis.csrf')), { level: 9 }).length -
    hello
  const base = spread(cpu.get(made[0]?.label ?? '') ?? []).median
  return {
    title: 'Bundle sizes and start-up',
    text: 'esbuild, minified, as for a Worker without Node; gzip -9. Start-up is the CPU of a new workerd from its start to its first answer; wall time includes bundling.',
    tables: [
      {
        caption: `Bytes, and ms of CPU until the first answer, median of ${starts} (min-max)`,
        columns: ['', 'minified', 'gzip', 'gzip over Hono', 'start-up CPU ms', 'over Hono'],
        rows: made.map(({ label, bytes, gzip }) => {
          const started = spread(cpu.get(label) ?? [])
          return [
            label,
            bytes.toLocaleString('en'),
            gzip.toLocaleString('en'),
            `${gzip >= hello ? '+' : ''}${(gzip - hello).toLocaleString('en')}`,
            written(started),
            (started.median - base).toFixed(1),
          ]
        }),
      },
    ],
    goals: [
      // `npm run check:sizes` holds these, with Hono taken off; here they stand beside the others.
      ...(
        [
          ['Hono + Portcullis session, stateless', 'session (stateless) over Hono', 5000],
          ['Hono + Portcullis headers + csrf', 'headers and csrf over Hono', 4000],
        ] as const
      ).map(([label, promise, most]) => {
        const measured = (made.find((each) => each.label === label)?.gzip ?? 0) - hello
        return {
          promise: `gzip of ${promise}`,
          goal: `<= ${most}`,
          measured: `${measured}`,
          holds: measured <= most,
        }
      }),
      {
        promise:
          'gzip of headers and csrf over Hono, options judged while building, their data apart',
        goal: '<= 4000',
        measured: String(codeOnly),
        holds: codeOnly <= 4000,
      },
    ],
    plots: [
      bars(
        'sizes.svg',
        'gzip over a Hono hello',
        'bytes',
        made.slice(1).map(({ label, gzip }) => ({
          name: label.slice(0, 34),
          value: Math.max(0, gzip - hello),
          ours: label.includes('Portcullis'),
        })),
      ),
    ],
  }
}
