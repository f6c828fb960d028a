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
    message?: string
    assertionResults: ReadonlyArray<{
      status: string
      fullName: string
      failureMessages?: readonly string[]
    }>
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

/** Names each test of a report that failed, and each file that did not load, with the first lines of the reason. */
export function listFailures(report: VitestReport): string[] {
  const firstLines = (text = ''): string => text.split('\n').slice(0, 3).join('\n    ')

  return report.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults.filter((result) => result.status === 'failed')
    if (status === 'failed' && failed.length === 0)
      return [`${name} did not load: ${firstLines(message)}`]

    return failed.map(
      ({ fullName, failureMessages }) =>
        `${name} > ${fullName}: ${firstLines(failureMessages?.[0])}`,
    )
  })
}

/**
 * Picks the lines in which a step that counts for itself says what failed: those that name a test, otherwise those that
 * name an error, and its last lines where it says nothing.
 */
export function pickFailures(printed: string): string[] {
  const lines = printed.split('\n').filter((line) => line.trim() !== '')
  const named = lines.filter((line) => /FAILED|FAIL |not ok|^\s*failed: /.test(line))
  const errors = lines.filter((line) => /Error: |was stopped after/.test(line))
  const telling = named.length > 0 ? named : errors

  return telling.length > 0 ? telling.slice(-40) : lines.slice(-15)
}

/**
 * Runs `npm run <script>`, also with arguments (`smoke -- --redis`), showing what it prints, and stops it with all its
 * children when the time is over.
 */
export function runScript(
  script: string,
  timeoutMs: number,
  env: Readonly<Record<string, string>> = {},
): Promise<{ stdout: string; printed: string; code: number | null }> {
  const group = process.platform !== 'win32'
  const child = spawn('npm', ['run', '--silent', ...script.split(' ')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: group, // npm does not stop what its shell started
    shell: !group, // npm is npm.cmd there
    env: { ...process.env, ...env },
  })

  let stdout = ''
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
    printed += chunk
    process.stdout.write(chunk)
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    printed += chunk
    process.stderr.write(chunk)
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
  process.once('exit', stop) // also when something else ends this process

  return new Promise((done) => {
    const timer = setTimeout(() => {
      const text = `npm run ${script} was stopped after ${Math.round(timeoutMs / 1000)} s\n`
      printed += text
      process.stderr.write(text)
      stop()
    }, timeoutMs)
    const end = (code: number | null): void => {
      clearTimeout(timer)
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, interrupted)
      process.off('exit', stop)
      done({ stdout, printed, code })
    }

    child.once('error', () => end(1))
    child.once('close', end)
    // A process that the script left behind may hold its output open for ever.
    child.once('exit', (code) => setTimeout(() => end(code), 5_000).unref())
  })
}
