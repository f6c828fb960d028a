/** Commands and servers of a journey: shells of a page, programs that listen, ports. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** Something that runs until it is stopped. */
export interface Service {
  stop(): Promise<unknown>
}

/** A program that listens. */
export interface Program extends Service {
  /** What it has printed so far, of both streams. */
  said(): string
  /** Resolves when the output contains the text, and rejects with it when the program ends before. */
  saying(text: string | RegExp, withinMs?: number): Promise<string>
}

export interface CommandOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Text for its standard input. */
  readonly input?: string
}

export interface CommandResult {
  readonly status: number
  readonly output: string
}

/** Nothing is reported to anybody, and colours do not stand between words. */
const quiet = {
  WRANGLER_SEND_METRICS: 'false',
  NEXT_TELEMETRY_DISABLED: '1',
  NO_COLOR: '1',
  FORCE_COLOR: undefined,
  CI: 'true',
  NODE_ENV: undefined,
  npm_config_update_notifier: 'false',
  npm_config_audit: 'false',
  npm_config_fund: 'false',
  npm_config_prefer_offline: 'true',
}

/** Runs a block of a shell as it stands. */
export async function shell(text: string, options: CommandOptions): Promise<CommandResult> {
  const child = start('bash', ['--norc', '-eu', '-c', text], options)
  let output = ''
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk))
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk))
  // A program may end before it has read its input.
  child.stdin?.on('error', () => {})
  child.stdin?.end(options.input ?? '')
  const [status] = (await once(child, 'close')) as [number | null]

  return { status: status ?? 1, output }
}

/** The same, and fails with its output unless it ends well. */
export async function shellOk(text: string, options: CommandOptions): Promise<string> {
  const { status, output } = await shell(text, options)
  if (status !== 0) throw new Error(`${text}\nended with ${status}:\n${output}`)
  return output
}

/** Starts a program of its own process group, so that what it starts ends with it. */
export function run(command: string, args: readonly string[], options: CommandOptions): Program {
  const child = start(command, args, options)
  const exited = once(child, 'exit').catch(() => undefined)
  const waiting = new Set<() => void>()
  let [text, ended] = ['', false]
  const hear = (chunk: Buffer): void => {
    text += chunk
    for (const wake of waiting) wake()
  }
  child.stdout?.on('data', hear)
  child.stderr?.on('data', hear)
  const end = (): void => {
    ended = true
    for (const wake of waiting) wake()
  }
  child.once('close', end)
  // What it printed last arrives after its end; a process that it left behind may hold the output open for ever.
  child.once('exit', () => setTimeout(end, 2_000).unref())
  // A program may end before it has read its input.
  child.stdin?.on('error', () => {})
  child.stdin?.end(options.input ?? '')
  const kill = (): void => killGroup(child)
  process.once('exit', kill)

  return {
    said: () => text,
    async saying(wanted, withinMs = 60_000): Promise<string> {
      const deadline = Date.now() + withinMs
      for (;;) {
        if (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text)) return text
        const left = deadline - Date.now()
        if (ended || left <= 0)
          throw new Error(`${command} ${args.join(' ')} never said ${wanted}:\n${text}`)
        await new Promise<void>((wake) => {
          const done = (): void => {
            clearTimeout(timer)
            waiting.delete(done)
            wake()
          }
          const timer = setTimeout(done, left)
          waiting.add(done)
        })
      }
    },
    async stop(): Promise<void> {
      kill()
      process.off('exit', kill)
      // Not until its output is closed: a process that outlives the group may hold that open for ever.
      await exited
      child.stdout?.destroy()
      child.stderr?.destroy()
    },
  }
}

/** Repeats until it holds; fails with the last reason after 20 seconds. */
export async function eventually<Result>(probe: () => Promise<Result> | Result): Promise<Result> {
  const deadline = Date.now() + 20_000
  for (;;) {
    try {
      return await probe()
    } catch (error) {
      if (Date.now() > deadline) throw error
      await new Promise((wake) => setTimeout(wake, 50))
    }
  }
}

function start(command: string, args: readonly string[], options: CommandOptions): ChildProcess {
  return spawn(command, args, {
    cwd: options.cwd,
    detached: true,
    stdio: 'pipe',
    env: { ...process.env, ...quiet, ...options.env },
  })
}

/** Ends what is left of a group, also where its first process ended by itself and left children behind. */
function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  } catch {} // it is gone
}
