/** Watches requests from their first moment to their answer: a line, a point, a trace, a header. */
import { checkKeys, type Faults, flag, faults as newFaults, optionalFunction } from '../options/index.ts'
import type { From, ProjectEnv } from '../types.ts'
import { type AnalyticsDataset, analyticsPoint } from './analytics.ts'
import { clientLeft, type Notes, type Outcome, type RequestLine, requestLine } from './line.ts'
import { serverTiming } from './server-timing.ts'
import { type TraceOptions, tellTrace, traceOf } from './trace.ts'

/** What is told of requests, and to whom. All of it is off until it is named. */
export interface MonitorOptions<E = ProjectEnv> {
  /**
   * Takes one line per request. What it returns is awaited by nobody (`waitUntil` keeps it alive), and what it throws changes
   * no answer. The room itself writes nowhere: `(line) => console.log(JSON.stringify(line))` is a Worker's log.
   */
  readonly log?: (line: RequestLine) => unknown
  /** Trace context for upstreams and log. `true` is `{}`. */
  readonly trace?: boolean | TraceOptions
  /**
   * Says in `Server-Timing` where the time went. Default false: it tells everybody, and a login that takes longer for names
   * that exist tells them more easily.
   */
  readonly serverTiming?: boolean
  /** A binding of Workers Analytics Engine; a function that returns none writes none. */
  readonly analytics?: From<AnalyticsDataset, E>
  /** Name of what is deployed, such as `(c) => c.env.CF_VERSION_METADATA?.id`, for lines and points. */
  readonly version?: From<string, E>
}

/** What a monitor is told of a request when it ends. */
export interface Ending extends Omit<Outcome, 'status' | 'headers' | 'version'> {
  /** What `From` functions get. */
  readonly env: unknown
  /** Whether the client left before the answer. */
  readonly left: boolean
  /** Keeps the isolate until what is sent has gone; without it the runtime may stop it. */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined
}

/** One monitor for all requests; holds nothing of any of them. */
export interface Monitor {
  /** Begins to watch a request. `now` in milliseconds since the epoch. */
  begin(headers: Headers, now: number): Notes
  /** Puts the trace on a request to an upstream, where traces are on. */
  forward(notes: Notes, headers: Headers): void
  /** Tells what became of it, and never throws. Returns the response, or a copy that has `Server-Timing`. */
  end(notes: Notes, response: Response, ending: Ending): Response
}

const keys: ReadonlyArray<keyof MonitorOptions> = ['log', 'trace', 'serverTiming', 'analytics', 'version']

/**
 * Makes a monitor, for the option `monitor` of a gateway.
 *
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 */
export function monitor<E = ProjectEnv>(options: MonitorOptions<E>): Monitor {
  const faults = newFaults('monitor')
  checkKeys(faults, options, keys)
  const given: MonitorOptions<never> = { ...options }
  const log = optionalFunction(faults, 'log', given.log)
  const tracing = judgeTrace(given.trace, faults)
  const timing = flag(faults, 'serverTiming', given.serverTiming, false)
  const dataset = judgeFound<AnalyticsDataset>(given.analytics, 'analytics', faults)
  const version = judgeFound<string>(given.version, 'version', faults)
  faults.done()

  function tell(line: RequestLine, { env, waitUntil }: Ending): void {
    try {
      const work = log?.(line)
      if (work instanceof Promise) {
        const done = work.catch(() => {})
        waitUntil?.(done)
      }
    } catch {
      // A log that cannot be written must not change an answer.
    }
    try {
      dataset?.(env)?.writeDataPoint(analyticsPoint(line))
    } catch {
      // Nor a counter.
    }
  }

  return {
    begin(headers, now): Notes {
      return tracing === undefined ? { startedAt: now } : { startedAt: now, trace: traceOf(headers, tracing) }
    },
    forward({ trace }, headers): void {
      if (trace !== undefined) tellTrace(headers, trace)
    },
    end(notes, response, ending): Response {
      const said = version?.(ending.env)
      const line = requestLine(notes, {
        ...ending,
        status: ending.left ? clientLeft : response.status,
        headers: response.headers,
        ...(typeof said === 'string' && { version: said.slice(0, 64) }),
      })
      if (notes.quiet !== true) tell(line, ending)
      return timing && response.status !== 101 ? withTiming(response, serverTiming(line)) : response
    },
  }
}

function judgeTrace(given: boolean | TraceOptions | undefined, faults: Faults): TraceOptions | undefined {
  if (given === undefined || given === false) return undefined
  if (given === true) return {}
  const at = faults.under('trace')
  checkKeys(at, given, ['continue', 'sample', 'baggage'])
  flag(at, 'continue', given?.continue, true)
  flag(at, 'baggage', given?.baggage, false)
  const { sample = 1 } = given ?? {}
  if (typeof sample !== 'number' || !(sample >= 0 && sample <= 1)) at.add('sample', 'must be a number from 0 to 1')
  return given
}

/** What the environment may lack: found at each request, and where it throws, not there. */
function judgeFound<T>(
  given: From<T, never> | undefined,
  option: string,
  faults: Faults,
): ((env: unknown) => T | undefined) | undefined {
  if (given === undefined) return undefined
  if (typeof given !== 'function') {
    if (given === null) faults.add(option, 'must be a value, or a function that finds it')
    return () => given
  }
  const from = given as (c: { env: unknown }) => T | undefined
  return (env) => {
    try {
      return from({ env })
    } catch {
      return undefined
    }
  }
}

/** Beside what an upstream said of itself. A raw `fetch` has headers that cannot be changed. */
function withTiming(response: Response, value: string): Response {
  try {
    response.headers.append('server-timing', value)
    return response
  } catch {
    const copy = new Response(response.body, response)
    copy.headers.append('server-timing', value)
    return copy
  }
}
