/** Starts MariaDB and the applications of `test/frameworks/apps` on loopback, and the gateway in bare workerd before them. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { type Command, type Framework, password } from './types.ts'

/** A process that was started here. */
export interface Running {
  /** What it has printed so far. */
  said(): string
  stop(): Promise<void>
}

/** Starts a program and waits until it listens, on a port or a socket. */
export async function startProgram(
  { command, args, cwd, env = {} }: Command,
  listensOn: number | string,
  more: Readonly<Record<string, string>> = {},
): Promise<Running> {
  let said = ''
  const child = spawn(command, [...args], {
    cwd,
    env: { ...process.env, ...more, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // PHP's server and gunicorn have children of their own.
    detached: true,
  })
  const kill = (): void => killGroup(child)
  process.once('exit', kill)
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said = (said + chunk).slice(-20_000)
    })
  }
  const gone = once(child, 'close').catch(() => [])
  const stop = async (): Promise<void> => {
    process.off('exit', kill)
    kill()
    await gone
  }
  const end = Date.now() + 60_000
  let ended = false
  child.once('error', (error) => {
    said += error.message
    ended = true
  })
  child.once('exit', () => {
    ended = true
  })
  while (!(await isOpen(listensOn))) {
    if (ended || Date.now() > end) {
      await stop()
      throw new Error(`${command} ${args.join(' ')} does not listen:\n${said}`)
    }
    await new Promise((wake) => setTimeout(wake, 50))
  }
  return { said: () => said, stop }
}

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  } catch {} // already gone
}

function isOpen(where: number | string): Promise<boolean> {
  return new Promise((done) => {
    const socket =
      typeof where === 'number'
        ? connect({ port: where, host: '127.0.0.1' })
        : connect({ path: where })
    socket.once('connect', () => {
      socket.destroy()
      done(true)
    })
    socket.once('error', () => done(false))
  })
}

/** A MariaDB of its own, on a socket, with the tables of the PHP applications. */
export async function startMariaDb(at: string): Promise<Running & { readonly socket: string }> {
  const [data, socket] = [join(at, 'data'), join(at, 'socket')]
  mkdirSync(at, { recursive: true })
  const user = `--user=${userInfo().username}`
  const install = [
    '--no-defaults',
    user,
    `--datadir=${data}`,
    '--auth-root-authentication-method=normal',
  ]
  execFileSync('mariadb-install-db', [...install, '--skip-test-db'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const args = [
    '--no-defaults',
    user,
    `--datadir=${data}`,
    `--socket=${socket}`,
    '--skip-networking',
  ]
  const quick = ['--innodb-buffer-pool-size=32M', '--innodb-flush-log-at-trx-commit=0']
  const own = [`--pid-file=${join(at, 'pid')}`, ...quick]
  const running = await startProgram(
    { command: '/usr/sbin/mariadbd', args: [...args, ...own], cwd: at },
    socket,
  )
  const env = { ...process.env, MYSQL_SOCKET: socket, PASSWORD: password }
  execFileSync('php', ['test/frameworks/apps/php/setup.php'], { env })
  return { ...running, socket }
}

/** Starts an application, and the file in which it notes each look at a password. */
export async function startApplication(
  framework: Framework,
  at: { readonly port: number; readonly data: string; readonly socket: string },
): Promise<Running & { readonly calls: string }> {
  const calls = join(at.data, 'calls')
  mkdirSync(at.data, { recursive: true })
  writeFileSync(calls, '')
  const env = {
    CALLS: calls,
    DATA: at.data,
    PASSWORD: password,
    PORT: `${at.port}`,
    MYSQL_SOCKET: at.socket,
  }
  const app = resolve('test/frameworks/apps', framework.name)
  const command = await framework.prepare({ port: at.port, data: at.data, app, env })
  return { ...(await startProgram(command, at.port, env)), calls }
}

/** Bundles the fixture with the library of `root`, which may be another checkout. */
export async function bundleGateways(root: string): Promise<string> {
  const templates = (await import(pathToFileURL(join(root, 'cli/templates.ts')).href)) as {
    createFiles(choices: { name: string; upstream: string }): ReadonlyMap<string, string>
  }
  const config =
    templates
      .createFiles({ name: 'shop', upstream: 'http://127.0.0.1:1' })
      .get('gateway.config.ts') ?? ''
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, { types?: string }>
  }
  const plugin: Plugin = {
    name: 'library',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\.\.\/\.\.\/src\// }, ({ path }) => ({
        path: join(root, path.slice('../../'.length)),
      }))
      onResolve({ filter: /^init:/ }, ({ path }) => ({ path, namespace: 'init' }))
      onResolve({ filter: /^portcullis(?:\/|$)/ }, ({ path }) => {
        const types = exports[path.replace(/^portcullis/, '.')]?.types ?? ''
        return { path: join(root, types.replace(/^\.\/dist\//, 'src/').replace(/\.d\.ts$/, '.ts')) }
      })
      onLoad({ filter: /.*/, namespace: 'init' }, () => ({
        contents: config,
        loader: 'ts',
        resolveDir: root,
      }))
    },
  }
  const { outputFiles } = await build({
    entryPoints: ['test/frameworks/gateway.fixture.ts'],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    conditions: ['workerd', 'worker', 'browser'],
    target: 'es2024',
    external: ['cloudflare:*'],
    plugins: [plugin],
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}

/** Whether the gateway of `root` knows an option by this name. */
export function knowsOption(root: string, option: string): boolean {
  const at = join(root, 'src/gateway')
  const files = readdirSync(at, { recursive: true, encoding: 'utf8' })
  return files.some((file) => {
    return file.endsWith('.ts') && readFileSync(join(at, file), 'utf8').includes(`'${option}'`)
  })
}
