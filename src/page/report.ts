/**
 * Reports an error to the operator as one line of JSON, with the method and path of its request and
 * nothing else of it. `errorPage()`, the gateway, the proxy and the Vercel guard call it, and
 * applications may create their own reporter. It never throws: a log that fails is ignored. Queries
 * are removed from messages, and causes appear only by code or name. The same `ConfigError` is
 * reported at most once in 60 s per isolate.
 */
import { ConfigError, isPortcullisError } from '../errors.ts'
import type { Clock } from '../types.ts'

/** The parts of a request that a report may state. */
export interface FailedRequest {
  /** The request's id, which the error page shows. */
  readonly requestId?: string
  /** The method of the request. */
  readonly method?: string
  /** The path. Everything from `?` on is removed. */
  readonly path?: string
}

/** Options of a reporter. */
export interface ReporterOptions {
  /** Writes one line. Default: `console.error`. */
  readonly write?: (line: string) => void
  /** Returns the current time in ms. Default `Date.now`. */
  readonly clock?: Clock
}

/** Reports an error. It never throws. */
export type ReportError = (error: unknown, about: FailedRequest) => void

const quietMs = 60_000
const maxRemembered = 32

/**
 * Creates a function that reports errors as lines of JSON: `event` (`config-invalid` or `fault`), `code` for errors of this
 * package, `name`, `message`, `causes` by code or name, `faults` of a ConfigError by option and problem, and the `stack` of
 * other errors. The query of every URL in a message is removed. Headers, cookies and bodies are never included.
 *
 * An invalid configuration fails every request: the same ConfigError is reported at most once in 60 s per isolate, and the
 * next line has the number of `omitted` ones. Every other error is reported.
 *
 * @example
 * app.onError(errorPage({ report: createReporter({ write: (line) => logger.error(line) }) }))
 */
export function createReporter({
  write = writeToConsole,
  clock = Date.now,
}: ReporterOptions = {}): ReportError {
  const quiet = new Map<string, { since: number; omitted: number }>()

  /**
   * Returns how many lines with this message were omitted since the last one, or undefined to omit
   * this one, too.
   */
  function countOmitted(message: string): number | undefined {
    const nowMs = clock()
    const last = quiet.get(message)

    // If the clock was set back before the last line, the line is written again.
    if (last && nowMs >= last.since && nowMs - last.since < quietMs) {
      last.omitted++
      return undefined
    }

    if (quiet.size >= maxRemembered) quiet.clear()
    quiet.set(message, { since: nowMs, omitted: 0 })

    return last?.omitted ?? 0
  }

  return function reportError(error, about) {
    try {
      const isConfig = isPortcullisError(error, 'ERR_CONFIG')
      const omittedCount = isConfig ? countOmitted(error.message) : 0
      if (omittedCount === undefined) return

      const { requestId, method, path } = about
      write(
        JSON.stringify({
          level: 'error',
          event: isConfig ? 'config-invalid' : 'fault',
          ...describeError(error),
          omitted: omittedCount || undefined,
          requestId: requestId?.slice(0, 128),
          method: method?.slice(0, 32),
          path: path?.split(/[?#]/, 1)[0]?.slice(0, 256),
        }),
      )
    } catch {
      // An error of the log must not change the response.
    }
  }
}

/** Reports an error on `console.error`; see {@link createReporter}. */
export const reportError: ReportError = /* @__PURE__ */ createReporter()

interface Description {
  readonly code?: string
  readonly name: string
  readonly message?: string
  readonly faults?: ConfigError['faults']
  readonly stack?: string
  /**
   * The names and codes of causes. Their messages are dropped, because the message of a parser
   * quotes its input, which may be a session.
   */
  readonly causes?: readonly string[]
}

function describeError(error: unknown): Description {
  // A thrown string is not reported, because it may be a token.
  if (!(error instanceof Error)) return { name: error === null ? 'null' : typeof error }

  const name = errorName(error)
  if (error instanceof ConfigError) return { code: error.code, name, faults: error.faults }

  const message = removeQueries(error.message, 500)
  const causes = describeCauses(error)
  if (isPortcullisError(error)) return { code: error.code, name, message, ...causes }

  return { name, message, stack: removeQueries(error.stack ?? '', 2000), ...causes }
}

function describeCauses(error: Error): { causes?: readonly string[] } {
  const causes: string[] = []
  for (let next = error.cause; next instanceof Error && causes.length < 3; next = next.cause) {
    const { code } = next as { code?: unknown }
    causes.push(
      typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,40}$/.test(code) ? code : errorName(next),
    )
  }

  return causes.length > 0 ? { causes } : {}
}

function errorName(error: Error): string {
  return String(error.name).slice(0, 64)
}

/**
 * Shortens a text and removes every query in it, because `fetch` and `new URL` put whole URLs into
 * their messages.
 */
function removeQueries(text: unknown, length: number): string {
  return String(text)
    .slice(0, length)
    .replaceAll(/\?[^\s"'<>()]+/g, '?…')
}

function writeToConsole(line: string): void {
  // biome-ignore lint/suspicious/noConsole: reports to the operator go here by default.
  console.error(line)
}
