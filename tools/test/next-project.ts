/** Copies of Next projects in a folder of their own: installed once, built and started as a user would. */
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { freePorts } from '../dev/start-dev.ts'

/** Nothing is told to anybody, and nothing is fetched. */
const quiet = { NEXT_TELEMETRY_DISABLED: '1', CI: '1', NODE_ENV: undefined }

/** The example, and what its files are called in its folder. */
const example = 'examples/vercel-next'
const fixtures = 'test/next'

/** A server that listens. */
export interface Running {
  readonly url: string
  /** What it has said so far. */
  readonly said: () => string
  stop(): Promise<void>
}

/** A project that a test builds beside the example. */
export interface TestProject {
  readonly name: string
  /** Which of the trees of `test/next/` it consists of. */
  readonly tree: 'app' | 'pages' | 'export'
  /** The file that holds the guard; absent where it runs in front. */
  readonly guard?: 'proxy.ts' | 'middleware.ts'
  /** next.config, as far as it is data. */
  readonly settings: Readonly<Record<string, unknown>>
}

/** A folder with one `node_modules` for the example and every test project. */
export class NextProject {
  readonly at: string = mkdtempSync(join(tmpdir(), 'portcullis-next-'))

  /** Dependencies from the example's lock file, and the library from the tarball that would be published. */
  install(): void {
    const skipped = new Set(['node_modules', '.next', '.env.local'])
    cpSync(example, this.at, { recursive: true, filter: (path) => !skipped.has(basename(path)) })
    cpSync('.npmrc', join(this.at, '.npmrc'))
    this.#run(this.at, 'npm', ['ci', '--silent'])
    this.#run(this.at, 'npm', ['run', '--silent', 'portcullis', '--', resolve('.')])
  }

  /** Builds the example with the guard under this name; the other is gone afterwards, since Next refuses both. */
  build(name: 'proxy.ts' | 'middleware.ts'): void {
    if (name === 'middleware.ts') renameSync(join(this.at, 'proxy.ts'), join(this.at, name))
    this.#run(this.at, 'npm', ['run', '--silent', 'build'])
  }

  /** Writes a test project and builds it. @returns its folder. */
  buildTest({ name, tree, guard, settings }: TestProject): string {
    const folder = join(this.at, 'others', name)
    mkdirSync(folder, { recursive: true })

    // Next takes a guard that lies in the folder of its dependencies for that of a project without one.
    for (const name of ['proxy.ts', 'middleware.ts']) rmSync(join(this.at, name), { force: true })
    cpSync(join(example, 'lib'), join(folder, 'lib'), { recursive: true })
    cpSync(join(example, 'tsconfig.json'), join(folder, 'tsconfig.json'))
    if (tree === 'app') cpSync(join(example, 'app'), join(folder, 'app'), { recursive: true })

    const source = tree === 'app' ? [['app', 'app']] : [[tree, '.']]
    for (const [from = '', to = ''] of source) {
      cpSync(join(fixtures, from), join(folder, to), { recursive: true })
    }

    cpSync(join(fixtures, 'public'), join(folder, 'public'), { recursive: true })
    cpSync(join(fixtures, 'next.config.ts'), join(folder, 'next.config.ts'))
    if (guard !== undefined) cpSync(join(fixtures, 'proxy.ts'), join(folder, guard))
    writeFileSync(join(folder, 'project.json'), JSON.stringify(settings))
    this.#run(folder, process.execPath, [this.#next, 'build'])

    return folder
  }

  /** Starts what was built, on a port that nobody uses. */
  async start(env: Readonly<Record<string, string>>, folder: string = this.at): Promise<Running> {
    const { gateway: port } = await freePorts()
    const url = `http://localhost:${port}`
    let said = ''

    // Next itself and not npm, which would not stop it.
    const child = spawn(process.execPath, [this.#next, 'start', '-p', `${port}`], {
      cwd: folder,
      env: {
        ...process.env,
        ...quiet,
        OTHER_HOST: `fr.localhost:${port}`,
        ...env,
        PUBLIC_ORIGIN: url,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })

    const closed = new Promise<void>((done) => child.once('close', () => done()))
    const stop = (): Promise<void> => {
      child.kill('SIGKILL')
      return closed
    }
    const ready = new Promise<void>((done, failed) => {
      const timer = setTimeout(
        () => failed(new Error(`next start is not ready:\n${said}`)),
        180_000,
      )
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

  get #next(): string {
    return join(this.at, 'node_modules/next/dist/bin/next')
  }

  #run(folder: string, command: string, args: readonly string[]): void {
    const { status, stdout, stderr } = spawnSync(command, args, {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, ...quiet },
      timeout: 900_000,
    })

    if (status !== 0)
      throw new Error(`${command} ${args.join(' ')} ended with ${status}\n${stdout}\n${stderr}`)
  }
}
