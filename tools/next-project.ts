/** A copy of `examples/vercel-next` in a folder of its own: installed, built and started as its README says. */
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { freePorts } from './start-dev.ts'

/** Nothing is told to anybody, and nothing is fetched. */
const quiet = { NEXT_TELEMETRY_DISABLED: '1', CI: '1', NODE_ENV: undefined }

/** A server that listens. */
export interface Running {
  readonly url: string
  /** What it has said so far. */
  readonly said: () => string
  stop(): Promise<void>
}

/** The copy. */
export class NextProject {
  readonly at: string = mkdtempSync(join(tmpdir(), 'portcullis-next-'))

  /** Dependencies from its lock file, and the library from the tarball that would be published. */
  install(): void {
    const skipped = new Set(['node_modules', '.next', '.env.local'])
    cpSync('examples/vercel-next', this.at, { recursive: true, filter: (path) => !skipped.has(basename(path)) })
    cpSync('.npmrc', join(this.at, '.npmrc'))
    this.#run('npm', ['ci', '--silent'])
    this.#run('npm', ['run', '--silent', 'portcullis', '--', resolve('.')])
  }

  /** Builds with the guard under this name; the other is gone afterwards, since Next refuses both. */
  build(name: 'proxy.ts' | 'middleware.ts'): void {
    if (name === 'middleware.ts') renameSync(join(this.at, 'proxy.ts'), join(this.at, name))
    this.#run('npm', ['run', '--silent', 'build'])
  }

  /** Starts what was built, on a port that nobody uses. */
  async start(env: Readonly<Record<string, string>>): Promise<Running> {
    const { gateway: port } = await freePorts()
    const url = `http://localhost:${port}`
    let said = ''
    // Next itself and not npm, which would not stop it.
    const child = spawn(process.execPath, ['node_modules/next/dist/bin/next', 'start', '-p', `${port}`], {
      cwd: this.at,
      env: { ...process.env, ...quiet, ...env, PUBLIC_ORIGIN: url },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const closed = new Promise<void>((done) => child.once('close', () => done()))
    const stop = (): Promise<void> => {
      child.kill('SIGKILL')
      return closed
    }
    const ready = new Promise<void>((done, failed) => {
      const timer = setTimeout(() => failed(new Error(`next start is not ready:\n${said}`)), 60_000)
      const hear = (chunk: Buffer): void => {
        said += chunk
        if (!said.includes('Ready in')) return
        clearTimeout(timer)
        done()
      }
      child.stdout.on('data', hear)
      child.stderr.on('data', hear)
      child.once('close', () => failed(new Error(`next start ended:\n${said}`)))
    })
    await ready.catch(async (error: unknown) => {
      await stop()
      throw error
    })
    return { url, said: () => said, stop }
  }

  remove(): void {
    rmSync(this.at, { recursive: true, force: true })
  }

  #run(command: string, args: readonly string[]): void {
    const { status, stdout, stderr } = spawnSync(command, args, {
      cwd: this.at,
      encoding: 'utf8',
      env: { ...process.env, ...quiet },
      timeout: 300_000,
    })
    if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}\n${stdout}\n${stderr}`)
  }
}
