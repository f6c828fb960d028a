/**
 * Creates `monitor()`, which observes each request from its arrival to its response: it measures
 * times, continues the trace, and writes a log line, a data point of Workers Analytics Engine,
 * telemetry and `Server-Timing`. The gateway takes it as its option `monitor`, and `requestLog()`
 * creates one for a Hono app. Wrong options throw a `ConfigError` while building. Its methods never
 * throw: errors of the log and of analytics are swallowed, and a binding that the environment lacks
 * is skipped.
 */
import {
  booleanOption,
  checkKeys,
  createIssues,
  type Issues,
  optionalFunction,
} from '../options/index.ts'
import type { FromEnv, ProjectEnv, SecurityEvent } from '../types.ts'
import { type AnalyticsDataset, analyticsPoint } from './analytics.ts'
import {
  clientClosedRequest,
  createRequestLine,
  type RequestLine,
  type RequestMetrics,
  type RequestOutcome,
} from './line.ts'
import { formatServerTiming } from './server-timing.ts'
import type { SpanRecorder } from './telemetry/recorder.ts'
import type { Telemetry } from './telemetry/telemetry.ts'
import { randomHex, readTrace, type TraceOptions, writeTrace } from './trace.ts'

/** The options of a monitor. Each output is off unless its option is set. */
export interface MonitorOptions<E = ProjectEnv> {
  /**
   * Receives one line per request. A promise that it returns is passed to `waitUntil`, and its
   * errors change no response. The monitor itself writes nowhere: `(line) =>
   * console.log(JSON.stringify(line))` is a Worker's log.
   */
  readonly log?: (requestLine: RequestLine) => unknown
  /**
   * Adds W3C Trace Context to log lines and to requests to upstreams. `true` means `{}`. Default:
   * on with `telemetry`, and otherwise off.
   */
  readonly trace?: boolean | TraceOptions
  /**
   * Adds the response header `Server-Timing`. Default false: every client can read the timings, and
   * they make it easier to notice that a login takes longer for user names that exist.
   */
  readonly serverTiming?: boolean
  /**
   * A binding of Workers Analytics Engine. Where a function returns undefined or throws, nothing is
   * written.
   */
  readonly analytics?: FromEnv<AnalyticsDataset, E>
  /**
   * Sends traces and metrics over OTLP, or offers them to Prometheus, from {@link telemetry}. It
   * turns `trace` on unless that is false.
   */
  readonly telemetry?: Telemetry
  /**
   * The version of the deployment, such as `(c) => c.env.CF_VERSION_METADATA?.id`, for log lines
   * and data points. At most 64 characters of it are used.
   */
  readonly version?: FromEnv<string, E>
}

/** The data that a monitor receives when a request ends. */
export interface RequestEnd extends Omit<RequestOutcome, 'status' | 'headers' | 'version'> {
  /** The environment, which options that are functions receive as `c.env`. */
  readonly env: unknown
  /** Whether the client closed its connection before the response. */
  readonly left: boolean
  /**
   * Keeps the isolate running until logs and exports are sent. Without it, the runtime may stop
   * them.
   */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined
}

/** A monitor, which observes all requests and stores nothing about them. */
export interface Monitor {
  /** Starts the measurement of a request. `now` is in ms since the epoch. */
  begin(headers: Headers, now: number): RequestMetrics
  /**
   * Writes the trace to the headers of a request to an upstream, if traces are on.
   *
   * @returns the id of the span that the upstream receives as its parent, if the request to the
   *   upstream has a span of its own
   */
  forward(metrics: RequestMetrics, headers: Headers): { readonly spanId?: string }
  /**
   * Records spans of requests whose metrics have a list for them. For the gateway; not part of the
   * public API.
   */
  readonly spans?: SpanRecorder
  /** Counts an event in telemetry, if there is any. */
  event(event: SecurityEvent): void
  /**
   * Ends the measurement and writes all outputs. It never throws. Returns the response, or a copy
   * of it with `Server-Timing`.
   */
  end(metrics: RequestMetrics, response: Response, requestEnd: RequestEnd): Response
}

const optionKeys: ReadonlyArray<keyof MonitorOptions> = [
  'log',
  'trace',
  'serverTiming',
  'analytics',
  'telemetry',
  'version',
]

/**
 * Creates a monitor for the option `monitor` of a gateway.
 *
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 * @example
 * createGateway({ monitor: monitor({ log: (line) => console.log(JSON.stringify(line)) }), upstreams, routes })
 */
export function monitor<E = ProjectEnv>(options: MonitorOptions<E>): Monitor {
  const issues = createIssues('monitor')
  checkKeys(issues, options, optionKeys)

  const input: MonitorOptions<never> = { ...options }
  const writeLog = optionalFunction(issues, 'log', input.log)
  const telemetry = parseTelemetry(input.telemetry, issues)

  // Telemetry needs a trace to which its spans belong.
  const tracing = parseTraceOptions(input.trace ?? telemetry !== undefined, issues)
  const addsTiming = booleanOption(issues, 'serverTiming', input.serverTiming, false)
  const dataset = resolveOptional<AnalyticsDataset>(input.analytics, 'analytics', issues)
  const version = resolveOptional<string>(input.version, 'version', issues)

  issues.throwIfAny()

  function writeLine(requestLine: RequestLine, { env, waitUntil }: RequestEnd): void {
    try {
      const logResult = writeLog?.(requestLine)
      if (logResult instanceof Promise) {
        const settledLog = logResult.catch(() => {})
        waitUntil?.(settledLog)
      }
    } catch {
      // An error of the log must not change the response.
    }

    try {
      dataset?.(env)?.writeDataPoint(analyticsPoint(requestLine))
    } catch {
      // An error of analytics must not change the response either.
    }
  }

  return {
    ...(telemetry?.spans && { spans: telemetry.spans }),
    begin(headers, now): RequestMetrics {
      const metrics: RequestMetrics =
        tracing === undefined
          ? { startedAt: now }
          : { startedAt: now, trace: readTrace(headers, tracing) }
      if (telemetry?.spans !== undefined && metrics.trace?.sampled === true) metrics.spans = []
      return metrics
    },
    forward({ trace, spans }, headers): { readonly spanId?: string } {
      if (trace === undefined) return {}
      if (spans === undefined) {
        writeTrace(headers, trace)
        return {}
      }

      const spanId = randomHex(8)
      writeTrace(headers, { ...trace, spanId })

      return { spanId }
    },
    event(event): void {
      telemetry?.event(event)
    },
    end(metrics, response, requestEnd): Response {
      const versionText = version?.(requestEnd.env)
      const requestLine = createRequestLine(metrics, {
        ...requestEnd,
        status: requestEnd.left ? clientClosedRequest : response.status,
        headers: response.headers,
        ...(typeof versionText === 'string' && { version: versionText.slice(0, 64) }),
      })
      metrics.line = requestLine

      if (metrics.quiet !== true) {
        writeLine(requestLine, requestEnd)
        telemetry?.record({
          line: requestLine,
          metrics: metrics,
          env: requestEnd.env,
          waitUntil: requestEnd.waitUntil,
        })
      }

      return addsTiming && response.status !== 101
        ? addServerTiming(response, formatServerTiming(requestLine))
        : response
    },
  }
}

function parseTraceOptions(
  traceOption: boolean | TraceOptions | undefined,
  issues: Issues,
): TraceOptions | undefined {
  if (traceOption === undefined || traceOption === false) return undefined
  if (traceOption === true) return {}

  const traceIssues = issues.at('trace')
  checkKeys(traceIssues, traceOption, ['continue', 'sample', 'baggage'])
  booleanOption(traceIssues, 'continue', traceOption?.continue, true)
  booleanOption(traceIssues, 'baggage', traceOption?.baggage, false)

  const { sample: sampleRate = 1 } = traceOption ?? {}
  if (typeof sampleRate !== 'number' || !(sampleRate >= 0 && sampleRate <= 1))
    traceIssues.add('sample', 'must be a number from 0 to 1')

  return traceOption
}

function parseTelemetry(
  telemetryOption: Telemetry | undefined,
  issues: Issues,
): Telemetry | undefined {
  if (telemetryOption === undefined) return undefined
  if (typeof telemetryOption?.record === 'function' && typeof telemetryOption.event === 'function')
    return telemetryOption

  issues.add('telemetry', 'must be the result of telemetry()')

  return undefined
}

/**
 * Resolves an option at each request. A value that the environment lacks is undefined, and so is
 * one whose function throws.
 */
function resolveOptional<T>(
  optionValue: FromEnv<T, never> | undefined,
  option: string,
  issues: Issues,
): ((env: unknown) => T | undefined) | undefined {
  if (optionValue === undefined) return undefined
  if (typeof optionValue !== 'function') {
    if (optionValue === null)
      issues.add(option, 'must be a value or a function that returns one, not null')
    return () => optionValue
  }

  const resolveFunction = optionValue as (c: { env: unknown }) => T | undefined

  return (env) => {
    try {
      return resolveFunction({ env })
    } catch {
      return undefined
    }
  }
}

/**
 * Appends `Server-Timing` to the timings that the upstream sent. The headers of a `fetch` response
 * are immutable, so such a response is copied.
 */
function addServerTiming(response: Response, headerValue: string): Response {
  try {
    response.headers.append('server-timing', headerValue)
    return response
  } catch {
    const copiedResponse = new Response(response.body, response)
    copiedResponse.headers.append('server-timing', headerValue)
    return copiedResponse
  }
}
