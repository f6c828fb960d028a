/** Starts a bare `workerd serve`: what is deployed, without wrangler's entry worker and its own idea of a path. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { build } from 'esbuild'
import { WebSocket } from 'ws'
import { compatibilityDate, compatibilityFlags } from '../../tools/compatibility.ts'

/** What to run: an entry file, bundled here, or a module that is ready. Either exports `default { fetch }`. */
export type WorkerSource = { entry: string } | { module: string }

export interface WorkerOptions {
  /** Text bindings: vars and secrets, as `env` has them. */
  bindings?: Readonly<Record<string, string>>
  /** Service bindings, by name: each goes to the HTTP server on this port of this machine. */
  services?: Readonly<Record<string, number>>
  /** Header of whatever ends TLS in front that says the scheme of a request; on Workers the platform knows it. */
  forwardedProtoHeader?: string
  /** Listens with TLS, on this port. */
  tls?: { readonly key: string; readonly certificate: string; readonly port: number }
  /** Port of what `caches.default` is kept in; see cache-service.ts. Without one it cannot be asked. */
  cachePort?: number
  /** Opens the inspector, for {@link Workerd.heap}, and gives the Worker `gc()`. */
  inspect?: boolean
  /** Milliseconds until the port must be open. Default 20 s: the machine may be busy. */
  timeoutMs?: number
}

export interface Workerd {
  /** Of the process, for whoever watches what it takes. */
  readonly pid: number
  readonly port: number
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  readonly url: string
  /** Whole lines printed so far: `console.log` and `console.info` of the Worker. */
  readonly stdout: readonly string[]
  /** Whole lines printed so far: `console.warn`, `console.error`, uncaught exceptions. */
  readonly stderr: readonly string[]
  /** Bytes of the Worker's heap in use, garbage among them; only with `inspect`. */
  heap(): Promise<number>
  /** A snapshot of the Worker's heap as DevTools writes it, JSON; only with `inspect`. */
  heapSnapshot(): Promise<string>
  /** Resolves when the process is gone. May be called twice. */
  stop(): Promise<void>
}

/** Resolves when the port is open; rejects with what workerd printed when it does not start. */
export async function startWorkerd(
  source: WorkerSource,
  options: WorkerOptions = {},
): Promise<Workerd> {
  const at = mkdtempSync(join(tmpdir(), 'portcullis-workerd-'))
  const remove = (): void => rmSync(at, { recursive: true, force: true })
  try {
    writeFileSync(
      join(at, 'worker.mjs'),
      'module' in source ? source.module : await bundle(source.entry),
    )
    writeFileSync(join(at, 'config.capnp'), config(options))
  } catch (error) {
    remove()
    throw error
  }
  // Not `.bin/workerd`: where install scripts do not run that is a launcher, and killing it orphans the binary.
  const { default: binary } = createRequire(import.meta.url)('workerd') as { default: string }
  const inspector = options.inspect ? ['--inspector-addr=127.0.0.1:0'] : []
  const child = spawn(binary, ['serve', '--control-fd=3', ...inspector, join(at, 'config.capnp')], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  const kill = (): boolean => child.kill('SIGKILL')
  process.once('exit', kill)
  const gone = once(child, 'close').finally(() => {
    process.off('exit', kill)
    remove()
  })
  const [stdout, stderr, control] = [1, 2, 3].map((fd) => lines(child.stdio[fd] as Readable))
  const port = await listening(
    control ?? [],
    child.stdio[3] as Readable,
    gone,
    options.timeoutMs ?? 20_000,
  )
  if (port === undefined) {
    kill()
    await gone
    throw new Error(`workerd did not start:\n${stderr?.join('\n')}`)
  }
  return {
    pid: child.pid ?? 0,
    port,
    url: `http://127.0.0.1:${port}`,
    stdout: stdout ?? [],
    stderr: stderr ?? [],
    heap: () => readHeapUsage(findInspector(control ?? [])),
    heapSnapshot: () => readHeapSnapshot(findInspector(control ?? [])),
    async stop(): Promise<void> {
      kill()
      await gone
    },
  }
}

/** Finds the inspector's port in what workerd prints about itself. */
function findInspector(control: readonly string[]): number {
  const events = control.map((line) => JSON.parse(line) as { event: string; port?: number })
  return events.find(({ event }) => event === 'listen-inspector')?.port ?? 0
}

/** Asks the inspector with one method of DevTools; `onEvent` receives what it sends before the result. */
async function inspect<T>(
  port: number,
  method: string,
  onEvent?: (event: { method: string; params: { chunk?: string } }) => void,
): Promise<T> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/main`)
  await once(socket, 'open')

  const answer = new Promise<T>((resolve, reject) => {
    socket.on('message', (text) => {
      const message = JSON.parse(`${text}`)
      if (message.id !== 1) onEvent?.(message)
      else if (message.error) reject(new Error(`${method}: ${message.error.message}`))
      else resolve(message.result)
    })
    socket.on('close', () => reject(new Error(`${method}: the inspector closed`)))
  })
  socket.send(JSON.stringify({ id: 1, method }))
  const result = await answer
  socket.close()

  return result
}

async function readHeapUsage(port: number): Promise<number> {
  const { usedSize } = await inspect<{ usedSize: number }>(port, 'Runtime.getHeapUsage')
  return usedSize
}

async function readHeapSnapshot(port: number): Promise<string> {
  const chunks: string[] = []
  await inspect(port, 'HeapProfiler.takeHeapSnapshot', ({ method, params }) => {
    if (method === 'HeapProfiler.addHeapSnapshotChunk') chunks.push(params.chunk ?? '')
  })
  return chunks.join('')
}

/** Bundles as wrangler does for a Worker without Node: a `node:` import is a build error. */
async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    conditions: ['workerd', 'worker', 'browser'],
    target: 'es2024',
    external: ['cloudflare:*'],
    logLevel: 'silent', // the rejection says it
  })
  return outputFiles[0]?.text ?? ''
}

function config({
  bindings = {},
  services = {},
  forwardedProtoHeader: proto,
  inspect,
  cachePort,
  tls,
}: WorkerOptions): string {
  const http = proto === undefined ? '()' : `(forwardedProtoHeader = ${quote(proto)})`
  const texts = Object.entries(bindings).map(
    ([name, value]) => `(name = ${quote(name)}, text = ${quote(value)})`,
  )
  const bound = Object.keys(services).map(
    (name) => `(name = ${quote(name)}, service = ${quote(`at-${name}`)})`,
  )
  const servers = Object.entries(services).map(
    ([name, port]) =>
      `(name = ${quote(`at-${name}`)}, external = (address = "127.0.0.1:${port}", http = ())),`,
  )
  const caching =
    cachePort === undefined
      ? ''
      : `(name = "cache", external = (address = "127.0.0.1:${cachePort}")),`
  const asking = cachePort === undefined ? '' : 'cacheApiOutbound = "cache",'
  const socket =
    tls === undefined
      ? `address = "127.0.0.1:0", http = ${http}`
      : `address = "127.0.0.1:${tls.port}", https = (options = ${http}, tlsOptions = (keypair = (
          privateKey = ${quote(tls.key)}, certificateChain = ${quote(tls.certificate)})))`
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "internet", network = (allow = ["public", "private", "local"])),${caching}${servers.join('')}
    (name = "main", worker = (
      modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
      bindings = [${[...texts, ...bound].join(', ')}],
      compatibilityDate = "${compatibilityDate}",
      compatibilityFlags = [${compatibilityFlags.map(quote).join(', ')}],${asking}
    )),
  ],
  v8Flags = [${inspect ? '"--expose-gc"' : ''}],
  sockets = [(name = "http", ${socket}, service = "main")],
);
`
}

/** A Cap'n Proto string: octal escapes for what may not stand in it, UTF-8 for the rest. */
function quote(text: string): string {
  const octal = (char: string): string => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a PEM key in a binding has line ends.
  return `"${text.replace(/[\u0000-\u001f"\\\u007f]/g, octal)}"`
}

/** Collects whole lines as they arrive. */
function lines(stream: Readable): string[] {
  const all: string[] = []
  let rest = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n')
    rest = parts.pop() ?? ''
    all.push(...parts)
  })
  stream.on('end', () => rest && all.push(rest))
  return all
}

/** The port workerd took, or undefined when it ended or stayed silent. */
async function listening(
  said: readonly string[],
  stream: Readable,
  gone: Promise<unknown>,
  timeoutMs: number,
): Promise<number | undefined> {
  const deadline = AbortSignal.timeout(timeoutMs)
  const over = Promise.race([gone, once(deadline, 'abort')])
  for (;;) {
    for (const line of said) {
      const { event, port } = JSON.parse(line) as { event: string; port?: number }
      if (event === 'listen' && port) return port
    }
    const ended = await Promise.race([
      once(stream, 'data').then(() => false),
      over.then(() => true),
    ])
    if (ended) return undefined
  }
}
