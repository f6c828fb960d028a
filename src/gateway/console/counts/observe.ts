/**
 * Wraps the monitor of a gateway so that the console counts the same requests and events.
 * `console/create.ts` calls it, and the stores implement its interface `ConsoleRecorder`. Requests to
 * the console itself and to quiet endpoints, such as the health check, are not counted. Names are cut
 * at 120 characters. Errors of the wrapped monitor are not caught.
 */
import type { Monitor, RequestEnd, RequestMetrics } from '../../../monitor/index.ts'
import { clientClosedRequest, createRequestLine, type RequestLine } from '../../../monitor/line.ts'
import type { Clock, EventType, SecurityEvent } from '../../../types.ts'
import type { CountKind, HealthState } from './counts.ts'
import { createRecentRequest, type RecentRequest } from './recent.ts'

/** Receives the counts, requests and states that the console shows. */
export interface ConsoleRecorder {
  add(now: number, kind: CountKind, name: string, by?: number): void
  remember(request: RecentRequest): void
  setState(key: string, state: HealthState): void
  /**
   * Called at the end of a request, so that a store can send its counts. `waitUntil` keeps the isolate alive meanwhile.
   */
  flush(env: unknown, waitUntil: ((work: Promise<unknown>) => void) | undefined): void
}

/** Events of rate limits and the login throttle: denials, observed ones, and limits that could not count. */
const limitEvents: ReadonlySet<EventType> = new Set<EventType>([
  'rate-limited',
  'rate-limit-observed',
  'rate-limit-degraded',
  'login-throttled',
  'login-throttle-observed',
  'account-pressure',
])
/** Events about an upstream or the store, and the kind of state that they change. */
const stateByEvent: Partial<Record<EventType, 'breaker' | 'health'>> = {
  'breaker-opened': 'breaker',
  'breaker-closed': 'breaker',
  'upstream-down': 'health',
  'upstream-up': 'health',
  'store-down': 'health',
  'store-up': 'health',
}

/** Maximum characters of a name that is counted. Reasons and names of a configuration are shorter. */
const maxNameLength = 120

/**
 * Wraps a monitor, which may be undefined. `ignored` holds the requests to the console itself, which are not counted.
 */
export function observeRequests(
  monitor: Monitor | undefined,
  recorder: ConsoleRecorder,
  ignored: WeakSet<RequestMetrics>,
  clock: Clock,
): Monitor {
  return {
    begin: (headers, now) => monitor?.begin(headers, now) ?? { startedAt: now },
    forward: (metrics, headers) => monitor?.forward(metrics, headers) ?? {},
    event(event) {
      recordEvent(recorder, event, clock())
      monitor?.event(event)
    },
    end(metrics, response, ending) {
      const answer = monitor?.end(metrics, response, ending) ?? response
      if (metrics.quiet !== true && !ignored.has(metrics)) {
        recordLine(recorder, metrics.line ?? createLine(metrics, response, ending), metrics)
      }
      recorder.flush(ending.env, ending.waitUntil)
      return answer
    },
  }
}

/** Creates the line of a request where no monitor has done so. */
function createLine(metrics: RequestMetrics, response: Response, ending: RequestEnd): RequestLine {
  const status = ending.left ? clientClosedRequest : response.status
  return createRequestLine(metrics, { ...ending, status, headers: response.headers })
}

function recordLine(
  recorder: ConsoleRecorder,
  line: RequestLine,
  { startedAt }: RequestMetrics,
): void {
  const { decision, reason, upstream, upstreamStatus, ttfbMs } = line
  recorder.add(startedAt, 'decision', decision)
  if (reason !== undefined) recorder.add(startedAt, 'reason', reason)
  if (upstream !== undefined && upstreamStatus !== undefined) {
    recorder.add(startedAt, 'upstream', upstream)
    recorder.add(startedAt, 'millis', upstream, ttfbMs ?? 0)
  }
  const hasFailed = decision === 'failed' || (upstreamStatus ?? 0) >= 500
  if (upstream !== undefined && hasFailed) recorder.add(startedAt, 'failure', upstream)
  recorder.remember(createRecentRequest(line, startedAt))
}

function recordEvent(recorder: ConsoleRecorder, event: SecurityEvent, now: number): void {
  const { type, reason, subject } = event
  const name = subject?.slice(0, maxNameLength)
  recorder.add(now, 'event', type)
  if (limitEvents.has(type)) recorder.add(now, 'limit', `${type} ${name ?? reason ?? ''}`)
  if (type === 'csp-report' && name !== undefined) recorder.add(now, 'csp', `${reason} ${name}`)

  const stateKind = stateByEvent[type]
  if (stateKind !== undefined) {
    const key = `${stateKind} ${type.startsWith('store') ? 'store' : (name ?? '')}`
    recorder.setState(key, { type, reason, at: now })
  }
}
