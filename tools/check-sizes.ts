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
  limit: number
  code: () => Promise<Uint8Array> | Uint8Array
}

const parts: Part[] = [
  {
    name: 'session, stateless, over Hono',
    limit: 5_000,
    code: () => bundle("export { session, statelessSessions } from './src/session/index.ts'"),
  },
  {
    name: 'security headers, over Hono',
    limit: 4_000,
    code: () => bundle("export { secureHeaders } from './src/headers/index.ts'"),
  },
  { name: 'deployed Worker', limit: 60_000, code: worker },
]

let failed = 0
console.log('                                     minified     gzip    limit')
for (const { name, limit, code } of parts) {
  try {
    const bytes = await code()
    const size = gzipSync(bytes, { level: 9 }).length
    if (size > limit) failed++
    console.log(`${name.padEnd(34)} ${kB(bytes.length)} ${kB(size)} ${kB(limit)}${size > limit ? '  <- too big' : ''}`)
  } catch (error) {
    failed++
    console.error(`${name}: ${error instanceof Error ? error.message : error}`)
  }
}
process.exitCode = failed > 0 ? 1 : 0

function kB(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`.padStart(8)
}

/** Tree-shaken as a bundler of an application would: Hono is there already. */
async function bundle(contents: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: '.', loader: 'ts' },
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2024',
    external: ['hono', 'hono/*'],
    logLevel: 'silent',
  })
  return outputFiles[0]?.contents ?? new Uint8Array()
}

/** As wrangler would upload it, with everything in it. */
function worker(): Uint8Array {
  const at = mkdtempSync(join(tmpdir(), 'portcullis-sizes-'))
  try {
    execFileSync(resolve('node_modules/.bin/wrangler'), ['deploy', '--dry-run', '--minify', '--outdir', at], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, WRANGLER_SEND_METRICS: 'false', WRANGLER_HIDE_BANNER: 'true' },
    })
    return readFileSync(join(at, 'index.js'))
  } finally {
    rmSync(at, { recursive: true, force: true })
  }
}
