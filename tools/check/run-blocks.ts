/**
 * Runs what documentation shows: every block that can stand alone is bundled as for a Worker and loaded, and where it exports
 * a `fetch` it is asked for a page. A block that compiles and throws while it is built has misled whoever copied it.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { assertionKey } from '../../cli/secrets.ts'

/** A block as a file, and where it came from. */
export interface Runnable {
  readonly file: string
  readonly page: string
  readonly line: number
  readonly text: string
}

/** What ran and what did not hold. */
export interface Ran {
  readonly ran: number
  readonly asked: number
  readonly faults: readonly string[]
}

/** What a block gets from its environment: values that a gateway and sessions can be built of. */
const env = {
  SESSION_SECRET: 'mD4uXq7-1kTz9PwVb3_sYh6RfLcN8jEa',
  PUBLIC_ORIGIN: 'https://app.example.com',
  UPSTREAM_URL: 'https://origin.example.com',
}

/** Why a block cannot run by itself; undefined where it can. */
export function whyNot(text: string): string | undefined {
  if (/^\s*declare (?!global\b)/m.test(text)) return 'it needs what it only declares'
  if (/^import (?!type\b)[^;]*? from '(?!portcullis|hono)[^']+'/m.test(text))
    return 'it needs another file or package'
  if (text.includes("from 'portcullis/node'")) return 'it opens a port'
  if (/^import '[^']+'/m.test(text)) return 'it needs another file or package'

  return undefined
}

/** Loads each block in a process of its own kind: one for all, with no network. `doors` lead from names to sources. */
export async function runBlocks(
  blocks: readonly Runnable[],
  doors: Readonly<Record<string, string>>,
  out: string,
): Promise<Ran> {
  const faults: string[] = []
  const modules: Array<{ path: string; place: string; redis: boolean }> = []
  mkdirSync(join(out, 'run'), { recursive: true })

  for (const [index, { file, page, line, text }] of blocks.entries()) {
    if (whyNot(text) !== undefined) continue
    const place = `${page}:${line}`

    try {
      const { outputFiles } = await build({
        entryPoints: [join(out, file)],
        bundle: true,
        write: false,
        format: 'esm',
        platform: 'browser',
        target: 'es2023',
        alias: { ...doors },
        nodePaths: ['node_modules'],
        logLevel: 'silent',
      })

      const path = join(out, 'run', `${index}.mjs`)
      writeFileSync(path, outputFiles[0]?.contents ?? '')

      // Where there is no Redis, who needs it says so.
      modules.push({ path, place, redis: text.includes("'portcullis/redis'") })
    } catch (error) {
      faults.push(`${place}: does not build: ${error instanceof Error ? error.message : error}`)
    }
  }

  const runner = join(out, 'run', 'all.mjs')
  writeFileSync(runner, script(modules, { ...env, ASSERTION_KEY: await assertionKey() }))

  const { stdout, stderr, status } = spawnSync(process.execPath, [runner], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  const [, answer] = /^RESULT (.*)$/m.exec(stdout) ?? []
  if (status !== 0 || answer === undefined)
    return { ran: 0, asked: 0, faults: [...faults, stdout + stderr] }

  const result = JSON.parse(answer) as { asked: number; faults: string[] }
  return { ran: modules.length, asked: result.asked, faults: [...faults, ...result.faults] }
}

/** Loads one module after the other; nothing may leave the process, so upstreams answer from here. */
function script(
  modules: ReadonlyArray<{ path: string; place: string; redis: boolean }>,
  bindings: object,
): string {
  return `
globalThis.fetch = async () => new Response('upstream', { headers: { 'content-type': 'text/plain' } })
const env = ${JSON.stringify(bindings)}
const faults = []
let asked = 0
for (const { path, place, redis } of ${JSON.stringify(modules)}) {
  try {
    const { default: app } = await import(path)
    if (typeof app?.fetch !== 'function') continue
    asked++
    const answer = await app.fetch(new Request('https://app.example.com/'), env, { waitUntil() {}, passThroughOnException() {} })
    if (answer.status >= 500 && !(redis && answer.status === 503)) faults.push(place + ': answers ' + answer.status + ' to a request for /')
    await answer.text()
  } catch (error) {
    faults.push(place + ': ' + (error?.stack ?? error).split('\\n').slice(0, 2).join(' '))
  }
}
console.log('RESULT ' + JSON.stringify({ asked, faults }))
process.exit(0)
`
}
