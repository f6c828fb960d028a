/** Many Workers in one bare workerd: an isolate and a socket each, so that rounds can be interleaved. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { build, type Plugin } from 'esbuild'
import { compatibilityDate, compatibilityFlags } from '../../tools/compatibility.ts'

const root = join(import.meta.dirname, '../..')
const workers = join(import.meta.dirname, '../workers')

export interface WorkerSpec {
  readonly name: string
  /** TypeScript that exports `default { fetch }`; imports are resolved from bench/workers/. */
  readonly code: string
  readonly bindings?: Readonly<Record<string, string>>
  /** The peer needs Node's names: it gets `nodejs_compat`, and its row says so. */
  readonly node?: boolean
}

export interface StartOptions {
  /** A command to run workerd under. Default none. */
  readonly under?: readonly string[]
  /** What V8 is told. Default nothing. */
  readonly v8Flags?: readonly string[]
}

export interface Workers {
  readonly pid: number
  port(name: string): number
  /** What Workers printed on stderr, for when something goes wrong. */
  readonly said: () => string
  stop(): Promise<void>
}

/** One Hono for everybody, ours and peers alike, so that no variant carries two. */
const oneHono: Plugin = {
  name: 'one-hono',
  setup({ onResolve, resolve }) {
    onResolve(
      { filter: /^(?:hono|jose|@upstash\/redis|@upstash\/ratelimit)(?:$|\/)/ },
      ({ path, kind, pluginData }) =>
        pluginData === 'here'
          ? undefined
          : resolve(path, { kind, resolveDir: root, pluginData: 'here' }),
    )
  },
}

/** Bundles as wrangler does for a Worker without Node. */
export async function bundle(
  code: string,
  options: { minify?: boolean; node?: boolean } = {},
): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: workers, loader: 'ts', sourcefile: 'entry.ts' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    conditions: ['workerd', 'worker', 'browser'],
    target: 'es2024',
    minify: options.minify ?? true,
    external: [
      'cloudflare:*',
      ...(options.node ? ['node:*', 'crypto', 'buffer', 'util', 'stream', 'events'] : []),
    ],
    plugins: [oneHono],
    logLevel: 'silent', // the rejection says it
  })
  return outputFiles[0]?.text ?? ''
}

/** Starts them all; rejects with what workerd printed when one does not start. */
export async function startWorkers(
  specs: readonly WorkerSpec[],
  { under = [], v8Flags = [] }: StartOptions = {},
): Promise<Workers> {
  const at = mkdtempSync(join(tmpdir(), 'portcullis-bench-'))
  try {
    await Promise.all(
      specs.map(async ({ code, node }, i) => {
        writeFileSync(join(at, `${i}.mjs`), await bundle(code, node === undefined ? {} : { node }))
      }),
    )
    writeFileSync(join(at, 'config.capnp'), config(specs, v8Flags))
  } catch (error) {
    rmSync(at, { recursive: true, force: true })
    throw error
  }
  // Not `.bin/workerd`: where install scripts do not run that is a launcher, and killing it orphans the binary.
  const { default: binary } = createRequire(import.meta.url)('workerd') as { default: string }
  const [command = binary, ...rest] = [
    ...under,
    binary,
    'serve',
    '--control-fd=3',
    join(at, 'config.capnp'),
  ]
  const child = spawn(command, rest, {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  const kill = (): boolean => child.kill('SIGKILL')
  process.once('exit', kill)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-20_000)
    })
  }
  const gone = once(child, 'close').finally(() => {
    process.off('exit', kill)
    rmSync(at, { recursive: true, force: true })
  })
  const ports = await listening(child.stdio[3] as Readable, specs.length, gone)
  if (ports === undefined) {
    kill()
    await gone
    throw new Error(`workerd did not start:\n${said}`)
  }
  return {
    pid: child.pid as number,
    port(name): number {
      const port = ports.get(`s${specs.findIndex((spec) => spec.name === name)}`)
      if (port === undefined) throw new Error(`no Worker ${name}`)
      return port
    },
    said: () => said,
    async stop(): Promise<void> {
      kill()
      await gone
    },
  }
}

async function listening(
  stream: Readable,
  count: number,
  gone: Promise<unknown>,
): Promise<Map<string, number> | undefined> {
  const ports = new Map<string, number>()
  let rest = ''
  stream.setEncoding('utf8')
  const all = new Promise<void>((done) => {
    stream.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const { event, socket, port } = JSON.parse(line) as {
          event: string
          socket?: string
          port?: number
        }
        if (event === 'listen' && socket && port) ports.set(socket, port)
      }
      if (ports.size === count) done()
    })
  })
  return Promise.race([all.then(() => ports), gone.then(() => undefined)])
}

function config(specs: readonly WorkerSpec[], v8Flags: readonly string[]): string {
  const services = specs.map(({ bindings = {}, node }, i) => {
    const texts = Object.entries(bindings).map(
      ([name, value]) => `(name = ${quote(name)}, text = ${quote(value)})`,
    )
    const flags = node ? ['nodejs_compat', 'nodejs_compat_v2'] : compatibilityFlags
    return `    (name = "w${i}", worker = (
      modules = [(name = "worker.mjs", esModule = embed "${i}.mjs")],
      bindings = [${texts.join(', ')}],
      compatibilityDate = "${compatibilityDate}",
      compatibilityFlags = [${flags.map(quote).join(', ')}],
    )),`
  })
  const sockets = specs.map(
    (_, i) => `    (name = "s${i}", address = "127.0.0.1:0", http = (), service = "w${i}"),`,
  )
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  v8Flags = [${v8Flags.map(quote).join(', ')}],
  services = [
    (name = "internet", network = (allow = ["public", "private", "local"])),
${services.join('\n')}
  ],
  sockets = [
${sockets.join('\n')}
  ],
);
`
}

/** A Cap'n Proto string: octal escapes for what may not stand in it, UTF-8 for the rest. */
function quote(text: string): string {
  const octal = (char: string): string => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a PEM key in a binding has line ends.
  return `"${text.replace(/[\u0000-\u001f"\\\u007f]/g, octal)}"`
}
