/** How many instructions something takes, by valgrind's callgrind: the same on a busy machine as on a quiet one. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startWorkers, type WorkerSpec } from './workers.ts'

export interface Counted {
  /** Instructions for each, where nothing was collected in between. */
  readonly least: number
  /** The same with what the collector does. */
  readonly mean: number
}

const warm = 3000

/** A busy machine leaves valgrind a tenth of a core; what takes longer than this hangs. */
const MAX_WAIT_MS = 600_000

/**
 * Counts a Worker that does something `n` times in a request of `path?n=`. In a workerd of its own, with one thread, so that
 * compiling and collecting are counted where they belong. User space only: what the kernel does for sockets is not there.
 */
export async function counted(spec: WorkerSpec, path: string, n: number): Promise<Counted> {
  demandValgrind()
  const at = mkdtempSync(join(tmpdir(), 'portcullis-count-'))
  const workers = await startWorkers([spec], {
    under: ['valgrind', '--quiet', '--tool=callgrind', `--callgrind-out-file=${at}/out`],
    v8Flags: ['--single-threaded'],
  })
  try {
    const url = `http://127.0.0.1:${workers.port(spec.name)}${path}`
    const since = (): number => {
      execFileSync('callgrind_control', ['--dump', String(workers.pid)], { stdio: 'ignore' })
      const last = Math.max(
        ...readdirSync(at).map((name) => Number(/^out\.(\d+)$/.exec(name)?.[1] ?? 0)),
      )
      return Number(
        /^(?:summary|totals): (\d+)/m.exec(readFileSync(join(at, `out.${last}`), 'utf8'))?.[1],
      )
    }
    for (let i = 0; i < 3; i++) await ask(`${url}?n=${warm}`)
    since()
    const each: number[] = []
    for (let i = 0; i < 4; i++) {
      await ask(`${url}?n=${n}`)
      each.push(since() / n)
    }
    return { least: Math.min(...each), mean: each.reduce((sum, one) => sum + one) / each.length }
  } finally {
    await workers.stop()
    rmSync(at, { recursive: true, force: true })
  }
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
