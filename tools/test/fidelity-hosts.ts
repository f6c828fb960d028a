/** The runtimes of the fidelity table: each serves the gateway of test/fidelity/gateway.ts on a port of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { arch } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { build } from 'esbuild'
import { installPacked } from '../../test/support/packed.ts'
import { startWorkerd } from '../../test/support/workerd.ts'

/** A gateway that is being served. */
export interface FidelityHost {
  readonly port: number
  stop(): Promise<void>
}

/** Versions of Node, each from npm. That of this process needs none. */
const nodes: Readonly<Record<string, string>> = {
  'node-20': '20.20.2',
  'node-22': '22.23.3',
  'node-24': '24.21.0',
}

export const hosts: Readonly<Record<string, (upstream: string) => Promise<FidelityHost>>> = {
  async workerd(upstream) {
    const worker = await startWorkerd(
      { entry: 'test/fidelity/gateway.ts' },
      { bindings: { UPSTREAM_URL: upstream } },
    )
    return { port: worker.port, stop: () => worker.stop() }
  },
  'workerd-binding': (upstream) => startKind('binding', upstream),
  'workerd-app': (upstream) => startKind('app', upstream),
  ...Object.fromEntries(
    Object.entries(nodes).map(([name, version]) => [
      name,
      (upstream: string) => startNode(version, upstream),
    ]),
  ),
  deno: (upstream) =>
    startScript(
      [
        binaryOf('deno'),
        'run',
        '--allow-net',
        '--allow-env',
        '--no-prompt',
        '--no-config',
        '--no-lock',
      ],
      `Deno.serve({ port: 0, hostname: '127.0.0.1', onListen: ({ port }) => console.log(port) },
         (request) => gateway.fetch(request, { UPSTREAM_URL: Deno.env.get('UPSTREAM_URL') }))`,
      upstream,
    ),
  bun: (upstream) =>
    startScript(
      [binaryOf('bun')],
      `console.log(Bun.serve({ port: 0, hostname: '127.0.0.1', idleTimeout: 0,
         fetch: (request) => gateway.fetch(request, { UPSTREAM_URL: process.env.UPSTREAM_URL }) }).port)`,
      upstream,
    ),
}

/** In bare workerd, with an upstream of another kind than a URL. */
async function startKind(kind: 'binding' | 'app', upstream: string): Promise<FidelityHost> {
  const worker = await startWorkerd(
    { entry: 'test/fidelity/gateway.ts' },
    {
      bindings: { UPSTREAM_URL: upstream, KIND: kind },
      services: { APP: Number(new URL(upstream).port) },
    },
  )
  return { port: worker.port, stop: () => worker.stop() }
}

let packed: ReturnType<typeof installPacked> | undefined

/** Serves it with `portcullis/node` from the packed package, in a project of its own. */
async function startNode(version: string, upstream: string): Promise<FidelityHost> {
  if (packed === undefined) {
    packed = installPacked(['hono', 'jose'])
    process.once('exit', () => packed?.remove())
    await build({
      entryPoints: ['test/fidelity/gateway.ts'],
      bundle: true,
      format: 'esm',
      outfile: join(packed.folder, 'gateway.mjs'),
      external: ['portcullis'],
      // The gateway of the package, not that of the sources.
      plugins: [
        {
          name: 'packed',
          setup(b): void {
            b.onResolve({ filter: /src\/gateway\/index\.ts$/ }, () => ({
              path: 'portcullis/gateway',
              external: true,
            }))
          },
        },
      ],
    })

    writeFileSync(
      join(packed.folder, 'host.mjs'),
      `import { serve } from 'portcullis/node'
import gateway from './gateway.mjs'
const { port } = await serve(gateway, { port: 0 })
console.log(port)
`,
    )
  }

  return started(spawn(nodeBinary(version), [join(packed.folder, 'host.mjs')], options(upstream)))
}

async function startScript(
  command: readonly string[],
  serving: string,
  upstream: string,
): Promise<FidelityHost> {
  const at = resolve(`node_modules/.cache/portcullis/fidelity-${process.pid}`)
  mkdirSync(at, { recursive: true })
  process.once('exit', () => rmSync(at, { recursive: true, force: true }))

  const file = join(at, `${basename(command[0] ?? '')}.mjs`)
  const contents = `import gateway from './test/fidelity/gateway.ts'\n${serving}`
  await build({
    stdin: { contents, resolveDir: '.', loader: 'ts' },
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2024',
    outfile: file,
  })

  const [name = '', ...args] = command
  return started(spawn(name, [...args, file], options(upstream)))
}

function options(upstream: string): {
  stdio: ['ignore', 'pipe', 'ignore']
  env: NodeJS.ProcessEnv
} {
  return {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, UPSTREAM_URL: upstream, NO_COLOR: '1' },
  }
}

async function started(child: ChildProcess): Promise<FidelityHost> {
  const kill = (): boolean => child.kill('SIGKILL')
  process.once('exit', kill)

  const [line] = (await Promise.race([
    once(child.stdout as NodeJS.ReadableStream, 'data'),
    once(child, 'exit').then(() => ['']),
  ])) as [Buffer | string]
  const port = Number(`${line}`.trim())
  if (!(port > 0)) throw new Error(`did not start: ${line}`)

  return {
    port,
    async stop(): Promise<void> {
      process.off('exit', kill)
      kill()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

/** The binary itself: where install scripts do not run, what is in `.bin` starts it, and whoever ends that leaves it behind. */
function binaryOf(name: 'deno' | 'bun'): string {
  const places = globSync([`node_modules/@deno/*/deno`, 'node_modules/@oven/*/bin/bun'])
  return resolve(places.find((place) => basename(place) === name) ?? `node_modules/.bin/${name}`)
}

/** The binary of a version, brought by npm where it is not there yet. */
function nodeBinary(version: string): string {
  if (process.versions.node === version) return process.execPath

  const platform = `node-${process.platform === 'win32' ? 'win' : process.platform}-${arch()}`
  const folder = resolve(`node_modules/.cache/portcullis/node-${version}`)
  const binary = join(folder, 'node_modules', platform, 'bin/node')
  if (existsSync(binary)) return binary

  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  execFileSync(
    'npm',
    ['install', '--silent', '--no-audit', '--no-fund', `${platform}@${version}`],
    {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  )

  return binary
}
