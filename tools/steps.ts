/** Runs npm scripts one after another and counts what they say: for `npm run check` and `npm run ci`. */
import { spawn } from 'node:child_process'

export interface Count {
  readonly passed: number
  readonly failed: number
}

/** What vitest's JSON reporter writes, as far as it counts. */
export interface VitestReport {
  numPassedTests: number
  numFailedTests: number
  testResults: ReadonlyArray<{
    name: string
    status: string
    assertionResults: ReadonlyArray<{ status: string; fullName: string }>
  }>
}

/**
 * Counts one step: by vitest's report, if there is one, and its last line "N passed, N failed", if it prints one; as one
 * when there is neither. A step that ended badly has at least one failure, whatever it printed.
 */
export function countStep(stdout: string, code: number | null, vitest?: Count): Count {
  const line = [...stdout.matchAll(/^(\d+) passed, (\d+) failed$/gm)].pop()
  const passed =
    line || vitest ? Number(line?.[1] ?? 0) + (vitest?.passed ?? 0) : code === 0 ? 1 : 0
  const failed = Number(line?.[2] ?? 0) + (vitest?.failed ?? 0)

  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed }
}

/** Counts vitest's report. A file that did not load is a failure; so is a skipped test: nobody else runs it. */
export function countVitest(report: VitestReport): Count & { skipped: string[] } {
  const skipped = report.testResults.flatMap(({ assertionResults }) =>
    assertionResults
      .filter(({ status }) => !['passed', 'failed'].includes(status))
      .map(({ fullName }) => fullName),
  )

  const broken = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((result) => result.status === 'failed'),
  ).length
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken + skipped.length,
    skipped,
  }
}

/** Runs `npm run <script>`, also with arguments (`smoke -- --redis`), showing what it prints, and stops it with all its children when the time is over. */
export function runScript(
  script: string,
  timeoutMs: number,
  env: Readonly<Record<string, string>> = {},
): Promise<{ stdout: string; code: number | null }> {
  const group = process.platform !== 'win32'
  const child = spawn('npm', ['run', '--silent', ...script.split(' ')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: group, // npm does not stop what its shell started
    shell: !group, // npm is npm.cmd there
    env: { ...process.env, ...env },
  })

  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
    process.stdout.write(chunk)
  })

  const stop = (): void => {
    try {
      if (child.pid) process.kill(group ? -child.pid : child.pid, 'SIGKILL')
    } catch {} // already gone
  }

  const interrupted = (): never => {
    stop()
    process.exit(130)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupted)

  return new Promise((done) => {
    const timer = setTimeout(() => {
      console.error(`npm run ${script} was stopped after ${Math.round(timeoutMs / 1000)} s`)
      stop()
    }, timeoutMs)
    const end = (code: number | null): void => {
      clearTimeout(timer)
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, interrupted)
      done({ stdout, code })
    }

    child.once('error', () => end(1))
    child.once('close', end)
  })
}
