/** Counts instructions by valgrind's callgrind: the same on a busy machine as on a quiet one. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { restedCpu } from './cpu.ts'
import { startWorkers, type WorkerSpec, type Workers } from './workers.ts'

export interface Counted {
  /** Instructions for each, where nothing was collected in between. */
  readonly least: number
  /** The same with what the collector does. */
  readonly mean: number
}

/** How much is counted. */
export interface CountSettings {
  /** Times it is done before anything is counted, so that all of it is compiled. */
  readonly warm: number
  /** Times it is done in each round. */
  readonly times: number
  readonly rounds: number
}

/** Enough for the collector, and for what is compiled late: as RESULTS.md has it. */
export const thorough: CountSettings = { warm: 9000, times: 4000, rounds: 3 }
/** For the budget: the same warm-up each time gives the same code, to about half a percent. */
export const quick: CountSettings = { warm: 3000, times: 400, rounds: 3 }

/** A busy machine leaves valgrind a tenth of a core; what takes longer than this hangs. */
const MAX_WAIT_MS = 600_000

interface Counter {
  readonly workers: Workers
  /** The instructions since the last call. */
  readonly read: () => number
  /** Begins to count. Before that valgrind runs four times as fast. */
  readonly begin: () => void
  readonly pause: () => void
}

/**
 * Counts a Worker that does something `n` times in a request of `path?n=`. In a workerd of its own, with one thread, so that
 * compiling and collecting are counted where they belong. User space only: what the kernel does for sockets is not there.
 */
export async function counted(
  spec: WorkerSpec,
  path: string,
  settings: CountSettings,
): Promise<Counted> {
  const [each] = await countPoints(spec, [`${path}?`], settings)
  return each as Counted
}

/** Counts several paths of one Worker, one after the other: the points of a curve. Each ends with `?` or with `&`. */
export function countPoints(
  spec: WorkerSpec,
  paths: readonly string[],
  { warm, times, rounds }: CountSettings,
): Promise<Counted[]> {
  return withCounter(spec, false, async ({ workers, read, begin, pause }) => {
    const points: Counted[] = []
    for (const path of paths) {
      const url = `http://127.0.0.1:${workers.port(spec.name)}${path}`
      // Several requests, so that the optimized code of a loop is entered as well.
      for (let i = 0; i < Math.min(3, warm); i++) await ask(`${url}n=${Math.ceil(warm / 3)}`)
      begin()
      // What valgrind itself makes ready at the first instructions.
      if (times > 1) await ask(`${url}n=20`)
      read()
      const each: number[] = []
      for (let i = 0; i < rounds; i++) {
        await ask(`${url}n=${times}`)
        each.push(read() / times)
      }
      pause()
      const mean = each.reduce((sum, one) => sum + one) / each.length
      points.push({ least: Math.min(...each), mean })
    }
    return points
  })
}

/**
 * Measures the same points in microseconds of CPU of the whole workerd, without valgrind: where so much has to be made ready that
 * valgrind would take an hour. Least and mean of the rounds.
 */
export async function measurePoints(
  spec: WorkerSpec,
  paths: readonly string[],
  { warm, times, rounds }: CountSettings,
): Promise<Counted[]> {
  const workers = await startWorkers([spec], { v8Flags: ['--single-threaded'] })
  try {
    const points: Counted[] = []
    for (const path of paths) {
      const url = `http://127.0.0.1:${workers.port(spec.name)}${path}`
      await ask(`${url}n=${warm}`)
      const each: number[] = []
      for (let i = 0; i < rounds; i++) {
        const before = (await restedCpu(workers.pid)).used
        await ask(`${url}n=${times}`)
        each.push(((await restedCpu(workers.pid)).used - before) / times)
      }
      const mean = each.reduce((sum, one) => sum + one) / each.length
      points.push({ least: Math.min(...each), mean })
    }
    return points
  } finally {
    await workers.stop()
  }
}

/** Counts from the start of workerd to its first response: loading the Worker, and one request. */
export function countStart(spec: WorkerSpec, path: string): Promise<Counted> {
  return withCounter(spec, true, async ({ workers, read }) => {
    await ask(`http://127.0.0.1:${workers.port(spec.name)}${path}?n=1`)
    const all = read()
    return { least: all, mean: all }
  })
}

async function withCounter<T>(
  spec: WorkerSpec,
  fromStart: boolean,
  use: (counter: Counter) => Promise<T>,
): Promise<T> {
  demandValgrind()
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-count-'))
  const workers = await startWorkers([spec], {
    under: [
      ...['valgrind', '--quiet', '--tool=callgrind'],
      `--instr-atstart=${fromStart ? 'yes' : 'no'}`,
      `--callgrind-out-file=${directory}/out`,
    ],
    v8Flags: ['--single-threaded'],
  })
  const control = (order: string): void => {
    execFileSync('callgrind_control', [order, String(workers.pid)], { stdio: 'ignore' })
  }
  try {
    return await use({
      workers,
      begin: () => control('--instr=on'),
      pause: () => control('--instr=off'),
      read() {
        control('--dump')
        return readLastDump(directory)
      },
    })
  } finally {
    await workers.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** The instructions of the newest dump. */
function readLastDump(directory: string): number {
  const dumps = readdirSync(directory).map((name) => Number(/^out\.(\d+)$/.exec(name)?.[1] ?? 0))
  const text = readFileSync(join(directory, `out.${Math.max(...dumps)}`), 'utf8')
  return Number(/^(?:summary|totals): (\d+)/m.exec(text)?.[1])
}

function demandValgrind(): void {
  try {
    execFileSync('valgrind', ['--version'], { stdio: 'ignore' })
  } catch {
    throw new Error('Counting instructions needs valgrind (Debian: apt-get install valgrind)')
  }
}

/** A connection for each: one that is kept is closed while its user counts. */
function ask(url: string): Promise<void> {
  return new Promise((done, fail) => {
    const sent = request(url, { agent: false }, (answer) => {
      answer
        .resume()
        .on('end', () =>
          answer.statusCode === 200 ? done() : fail(new Error(`${answer.statusCode} ${url}`)),
        )
    })
    sent.setTimeout(MAX_WAIT_MS, () => {
      sent.destroy(
        new Error(`${url} took more than ${MAX_WAIT_MS / 60_000} minutes under valgrind`),
      )
    })
    sent.on('error', fail).end()
  })
}
