/**
 * Observes requests from their arrival to their response: log line, data point, trace and
 * Server-Timing. The gateway and `requestLog()` call it. Its methods never throw; wrong options
 * are a `ConfigError` while building.
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

/** The options of a monitor. Each output is off until it is named. */
export interface MonitorOptions<E = ProjectEnv> {
  /**
   * Receives one line per request. A promise that it returns is passed to `waitUntil`, and its
   * errors change no response. The monitor itself writes nowhere: `(line) =>
   * console.log(JSON.stringify(line))` is a Worker's log.
   */
  readonly log?: (requestLine: RequestLine) => unknown
  /** Trace context for upstreams and log. `true` is `{}`. */
  readonly trace?: boolean | TraceOptions
  /**
   * Sends timings in `Server-Timing`. Default false: every client can read them, and a login that
   * takes longer for existing names reveals them more easily.
   */
  readonly serverTiming?: boolean
  /** A binding of Workers Analytics Engine; a function that returns none writes none. */
  readonly analytics?: FromEnv<AnalyticsDataset, E>
  /** Traces and metrics over OTLP or for Prometheus, from {@link telemetry}. It turns `trace` on unless that is false. */
  readonly telemetry?: Telemetry
  /** Name of what is deployed, such as `(c) => c.env.CF_VERSION_METADATA?.id`, for lines and points. */
  readonly version?: FromEnv<string, E>
}

/** The data that a monitor receives when a request ends. */
export interface RequestEnd extends Omit<RequestOutcome, 'status' | 'headers' | 'version'> {
  /** The environment: `c.env` of `FromEnv` functions. */
  readonly env: unknown
  /** Whether the client left before the answer. */
  readonly left: boolean
  /** Keeps the isolate until what is sent has gone; without it the runtime may stop it. */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined
}

/** One monitor for all requests; holds nothing of any of them. */
export interface Monitor {
  /** Begins to watch a request. `now` in milliseconds since the epoch. */
  begin(headers: Headers, now: number): RequestMetrics
  /**
   * Puts the trace on a request to an upstream, where traces are on.
   *
   * @returns the id of the span that the upstream sees as its parent, where this question has a span of its own
   */
  forward(metrics: RequestMetrics, headers: Headers): { readonly spanId?: string }
  /** Records spans of requests whose metrics have a list of them; for the gateway, not part of the public API. */
  readonly spans?: SpanRecorder
  /** Counts an event, where there is telemetry. */
  event(event: SecurityEvent): void
  /** Tells what became of it, and never throws. Returns the response, or a copy that has `Server-Timing`. */
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

  // Without a trace there is no span to send.
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
      // A log that cannot be written must not change an answer.
    }

    try {
      dataset?.(env)?.writeDataPoint(analyticsPoint(requestLine))
    } catch {
      // Nor a counter.
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

  issues.add('telemetry', 'must be made by telemetry()')

  return undefined
}

/**
 * Resolves an option that the environment may lack: per request, and as absent where the function
 * throws.
 */
function resolveOptional<T>(
  optionValue: FromEnv<T, never> | undefined,
  option: string,
  issues: Issues,
): ((env: unknown) => T | undefined) | undefined {
  if (optionValue === undefined) return undefined
  if (typeof optionValue !== 'function') {
    if (optionValue === null) issues.add(option, 'must be a value, or a function that returns it')
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
 * Appends to the upstream's own timings. The headers of a raw `fetch` response cannot be changed.
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
