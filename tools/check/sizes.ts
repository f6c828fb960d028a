/**
 * `npm run check:sizes`: what our parts add to a Worker, minified and gzipped, and what the deployed Worker weighs. A
 * size that nobody looks at doubles with the first convenient import.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/** In bytes after gzip; a kB is 1,000 of them. */
interface Part {
  name: string
  /** What the design asks for, where it does; printed beside what is there until it is reached. */
  goal?: number
  /** What is there, and a little: above it the check fails. docs/decisions/0002-sizes.md says why it is not the goal. */
  limit: number
  /** Parts that come in as functions: of what nobody imports nothing may be there. */
  without?: RegExp
  code: () => Promise<Bundle> | Bundle
  /** What is there already: the part is what it adds. */
  over?: () => Promise<Bundle>
}

interface Bundle {
  bytes: Uint8Array
  /** What it is made of, largest first: told when it is too big. */
  files: Array<[path: string, bytes: number]>
}

const STORED =
  "export { session, storedSessions } from './src/session/index.ts'; export { upstashStore } from './src/store/upstash.ts'; export { redis } from './src/redis/index.ts'"

const GATEWAY = "export { createGateway } from './src/gateway/index.ts'"

const parts: Part[] = [
  {
    name: 'session, stateless, over Hono',
    goal: 5_000,
    limit: 15_700,
    without: /session\/(?:stateless\/revoca|legacy\/iron-cookie|stored\/|client\/)|bowser/,
    code: () => bundle("export { session, statelessSessions } from './src/session/index.ts'"),
  },
  {
    name: 'security headers and csrf',
    goal: 4_000,
    limit: 17_800,
    code: () =>
      bundle(
        "export { secureHeaders } from './src/headers/index.ts'; export { csrf } from './src/csrf/index.ts'",
      ),
  },
  {
    name: 'the same, judged while building',
    goal: 4_000,
    limit: 4_050,
    without: /options\/(?:issues|keys|from)|page\/|csp|presets|strip-list|placeholder|base64url/,
    code: () => bundle("export { compiledCsrf, compiledHeaders } from './src/compiled/index.ts'"),
  },
  {
    name: 'store in Durable Objects, over sessions',
    limit: 9_000,
    without: /redis\/(?:batch|rounds|transport)|store\/(?:upstash|memory)/,
    over: () => bundle("export { session, storedSessions } from './src/session/index.ts'"),
    code: () =>
      bundle(
        "export { session, storedSessions } from './src/session/index.ts'; export { durableObjectStore, PortcullisObject } from './src/durable-object/index.ts'",
      ),
  },
  {
    name: 'store in Postgres, over sessions',
    limit: 5_550,
    without: /redis\/(?:batch|rounds|transport)|store\/(?:upstash|memory)/,
    over: () => bundle("export { session, storedSessions } from './src/session/index.ts'"),
    code: () =>
      bundle(
        "export { session, storedSessions } from './src/session/index.ts'; export { postgresStore } from './src/store/postgres.ts'",
      ),
  },
  {
    name: 'store in D1, over sessions',
    limit: 4_400,
    without: /redis\/(?:batch|rounds|transport)|store\/(?:upstash|memory|postgres)/,
    over: () => bundle("export { session, storedSessions } from './src/session/index.ts'"),
    code: () =>
      bundle(
        "export { session, storedSessions } from './src/session/index.ts'; export { d1Store } from './src/store/d1.ts'",
      ),
  },
  {
    name: 'gateway, its options not imported',
    limit: 57_500,
    without:
      /limit\/(?:throttle|exact|memory|upstash)|graphql\/inspect|graphql-syntax|parameters\/|gateway\/checks\/method-override|login\/|oauth4webapi|gateway\/(?:throttle|review|console)\/|proxy\/(?:fetch\/breaker\.|cache\/)|assertion\/verify\.|monitor\/(?:monitor|uptime)\.|session\/(?:stored|stateless)|jose/,
    code: () => bundle("export { createGateway } from './src/gateway/index.ts'"),
  },
  {
    name: 'login, over stored sessions',
    goal: 20_000,
    limit: 26_250,
    // The gateway's part, tokens, access tokens, edges and presets are imports of their own.
    without: /login\/(?:gateway|tokens|bearer|edge|presets)\//,
    over: () => bundle(STORED),
    code: () => bundle(`${STORED}; export { login } from './src/login/index.ts'`),
  },
  {
    name: 'login of a gateway, over both',
    goal: 20_000,
    limit: 26_500,
    without: /login\/(?:serve|middleware|tokens\/|bearer\/|edge\/|presets\/)/,
    over: () => bundle(`${STORED}; ${GATEWAY}`),
    code: () =>
      bundle(`${STORED}; ${GATEWAY}; export { gatewayLogin } from './src/login/index.ts'`),
  },
  {
    // jose, which verifies, is the most of it; it runs at a server, where a kilobyte costs nothing.
    name: 'helper for servers behind it',
    limit: 11_000,
    code: () => bundle("export { createOrigin } from './src/origin/index.ts'"),
  },
  { name: 'deployed Worker', goal: 60_000, limit: 88_400, code: worker },
]

let failed = 0
console.log('                                     minified     gzip    limit     goal')
for (const { name, goal, limit, without, code, over } of parts) {
  try {
    const { bytes, files } = await code()
    const base = over === undefined ? 0 : gzipped((await over()).bytes)
    const size = gzipped(bytes) - base
    if (size > limit) failed++
    const unasked = files
      .filter(([path, length]) => length > 0 && without?.test(path))
      .map(([path]) => path)
    if (unasked.length > 0) failed++
    const verdict = size > limit ? '  <- too big' : ''
    const wanted = goal !== undefined && size > goal ? '  above the goal' : ''
    console.log(
      `${name.padEnd(34)} ${kB(bytes.length)} ${kB(size)} ${kB(limit)} ${goal === undefined ? '' : kB(goal)}${verdict || wanted}`,
    )
    if (unasked.length > 0) console.log(`  holds what nobody imported: ${unasked.join(', ')}`)
    if (verdict)
      for (const [path, length] of files.slice(0, 12))
        console.log(`  ${path.padEnd(32)} ${kB(length)}`)
  } catch (error) {
    failed++
    console.error(`${name}: ${error instanceof Error ? error.message : error}`)
  }
}
process.exitCode = failed > 0 ? 1 : 0

function gzipped(bytes: Uint8Array): number {
  return gzipSync(bytes, { level: 9 }).length
}

function kB(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`.padStart(8)
}

/** Tree-shaken as a bundler of an application would: Hono is there already. */
async function bundle(contents: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: '.', loader: 'ts' },
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2024',
    external: ['hono', 'hono/*'],
    logLevel: 'silent',
  })

  const files = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).map(([path, { bytesInOutput }]): [string, number] => [
      path,
      bytesInOutput,
    ]),
  )

  return {
    bytes: outputFiles[0]?.contents ?? new Uint8Array(),
    files: files.sort(([, a], [, b]) => b - a),
  }
}

/** As wrangler would upload it, with everything in it. */
function worker(): Bundle {
  const at = mkdtempSync(join(tmpdir(), 'portcullis-sizes-'))
  try {
    execFileSync(
      resolve('node_modules/.bin/wrangler'),
      ['deploy', '--dry-run', '--minify', '-e', 'production', '--outdir', at],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { ...process.env, WRANGLER_SEND_METRICS: 'false', WRANGLER_HIDE_BANNER: 'true' },
      },
    )

    return { bytes: readFileSync(join(at, 'index.js')), files: [] }
  } finally {
    rmSync(at, { recursive: true, force: true })
  }
}
