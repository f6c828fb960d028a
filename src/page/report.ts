/**
 * Reports a fault to the operator: one line of JSON, with nothing of the request but method and
 * path. `errorPage()` and the gateway call it. It never throws; queries are cut from messages, and
 * of causes only codes or names are written.
 */
import { ConfigError, isPortcullisError } from '../errors.ts'
import type { Clock } from '../types.ts'

/** The parts of a request that a report may state. */
export interface FailedRequest {
  /** The id that the client was shown, where there is one. */
  readonly requestId?: string
  /** Method of the request. */
  readonly method?: string
  /** Everything from `?` on is cut off. */
  readonly path?: string
}

/** Where reports go, for tests and for other logs. */
export interface ReporterOptions {
  /** Takes one line. Default: `console.error`. */
  readonly write?: (line: string) => void
  /** Now. Default `Date.now`. */
  readonly clock?: Clock
}

/** Takes a fault; never throws. */
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

  /** How many lines like this were omitted since the last one; undefined: omit this one too. */
  function countSkipped(message: string): number | undefined {
    const nowMs = clock()
    const last = quiet.get(message)

    // A clock that went back to before it was written ends the silence.
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
      const config = isPortcullisError(error, 'ERR_CONFIG')
      const omitted = config ? countSkipped(error.message) : 0
      if (omitted === undefined) return

      const { requestId, method, path } = about
      write(
        JSON.stringify({
          level: 'error',
          event: config ? 'config-invalid' : 'fault',
          ...describeError(error),
          omitted: omitted || undefined,
          requestId: requestId?.slice(0, 128),
          method: method?.slice(0, 32),
          path: path?.split(/[?#]/, 1)[0]?.slice(0, 256),
        }),
      )
    } catch {
      // A log that cannot be written must not change an answer.
    }
  }
}

/** Reports a fault on `console.error`; see {@link reporter}. */
export const reportError: ReportError = /* @__PURE__ */ createReporter()

interface Description {
  readonly code?: string
  readonly name: string
  readonly message?: string
  readonly faults?: ConfigError['faults']
  readonly stack?: string
  /** Names and codes only: the message of a parser quotes what it read, which may be a session. */
  readonly causes?: readonly string[]
}

function describeError(error: unknown): Description {
  // A thrown string may be anything, a token too.
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

/** Cuts the text, and every query in it: `fetch` and `new URL` put whole urls into their messages. */
function removeQueries(text: unknown, length: number): string {
  return String(text)
    .slice(0, length)
    .replaceAll(/\?[^\s"'<>()]+/g, '?…')
}

function writeToConsole(line: string): void {
  // biome-ignore lint/suspicious/noConsole: the one place where this room may speak.
  console.error(line)
}
