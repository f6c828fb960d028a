/** Runs `npm run dev` for a test: on free ports, until its banner, and stops it as Ctrl-C in a terminal would. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { freePort } from './free-port.ts'

/** Where one `npm run dev` listens. */
export interface Ports {
  readonly gateway: number
  readonly origin: number
  /** With `--login`. */
  readonly provider: number
}

/** One `npm run dev` that is up. */
export interface Dev {
  /** Address of the gateway, without a slash at its end. */
  readonly url: string
  /** Milliseconds from the command to the banner. */
  readonly tookMs: number
  /** What it wrote so far. */
  said(): string
  /** Ctrl-C; resolves when everything it started has let go of its output: true if npm ended with 0 or by that Ctrl-C. */
  stop(): Promise<boolean>
}

/** Three ports that nobody uses at the moment. */
export async function freePorts(): Promise<Ports> {
  const ports = new Set<number>()
  while (ports.size < 3) ports.add(await freePort())
  const [gateway = 0, origin = 0, provider = 0] = ports

  return { gateway, origin, provider }
}

/**
 * Starts it, and resolves with the banner. Rejects with what it said when it ends before, or after `withinMs`.
 *
 * @param args - of the script, such as `--redis`.
 */
export async function startDev(
  ports: Ports,
  args: readonly string[] = [],
  withinMs = 60_000,
): Promise<Dev> {
  const began = Date.now()
  let said = ''
  const child = spawn('npm', ['run', 'dev', '--', ...args], {
    cwd: join(import.meta.dirname, '../..'),
    env: {
      ...process.env,
      PORT: `${ports.gateway}`,
      ORIGIN_PORT: `${ports.origin}`,
      PROVIDER_PORT: `${ports.provider}`,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a group of its own: a terminal's Ctrl-C reaches npm, its shell and the script alike
  })

  const closed = new Promise<boolean>((done) =>
    child.once('close', (code, signal) => done(code === 0 || signal === 'SIGINT')),
  )
  const stop = (): Promise<boolean> => {
    const signal = (name: NodeJS.Signals): void => {
      if (child.pid && child.exitCode === null && child.signalCode === null)
        process.kill(-child.pid, name)
    }
    signal('SIGINT')

    const stuck = setTimeout(() => {
      signal('SIGKILL')
      child.stdout.destroy() // an orphan may hold the other end
      child.stderr.destroy()
    }, 10_000)

    return closed.finally(() => clearTimeout(stuck))
  }

  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    await new Promise<void>((done, failed) => {
      const hear = (chunk: Buffer): void => {
        said += chunk
        if (said.includes('Ctrl-C stops')) done()
      }
      child.stdout.on('data', hear)
      child.stderr.on('data', hear)
      child.once('error', failed)
      child.once('close', (code) => failed(new Error(`npm run dev ended with ${code}:\n${said}`)))
      timer = setTimeout(
        () => failed(new Error(`npm run dev is not up after ${withinMs} ms:\n${said}`)),
        withinMs,
      )
    })
  } catch (error) {
    await stop()
    throw error
  } finally {
    clearTimeout(timer)
  }

  return {
    url: `http://localhost:${ports.gateway}`,
    tookMs: Date.now() - began,
    said: () => said,
    stop,
  }
}
