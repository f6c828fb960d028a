/**
 * Summarizes counts for the page: series over an hour, rejections, limits, upstreams and reports
 * of browsers. `console/create.ts` calls it before it renders. It is pure: data in, view out.
 */
import { type ConsoleData, findMinute, type HealthState, shownMinutes } from '../counts/counts.ts'

/** A name with its numbers, one for each minute of the hour, the oldest first. */
export interface Series {
  readonly name: string
  readonly total: number
  readonly values: readonly number[]
}

/** One upstream. */
export interface UpstreamView {
  readonly name: string
  /** Answers of the last hour. */
  readonly answers: number
  /** Requests that it failed: no answer, or a status from 500 on. */
  readonly failures: number
  /** Mean milliseconds to the first byte; undefined without an answer. */
  readonly millis: number | undefined
  readonly breaker: HealthState | undefined
  readonly health: HealthState | undefined
}

/** The reports of browsers about one directive. */
export interface DirectiveView {
  readonly directive: string
  readonly sources: ReadonlyArray<{
    readonly source: string
    readonly reports: number
    /** Whether the policy is enforced already. */
    readonly enforced: boolean
  }>
}

/** All of it. */
export interface ConsoleView {
  readonly decisions: readonly Series[]
  readonly refusals: readonly Series[]
  readonly limits: readonly Series[]
  readonly logins: readonly Series[]
  readonly upstreams: readonly UpstreamView[]
  readonly store: HealthState | undefined
  readonly reports: readonly DirectiveView[]
}

const loginEvents = ['login-succeeded', 'login-failed', 'login-throttled', 'session-created']

/** Summarizes. `names` are the upstreams of the configuration, which are shown although nobody asked them yet. */
export function createView(data: ConsoleData, names: readonly string[], now: number): ConsoleView {
  const series = collectSeries(data, now)
  const ofKind = (kind: string): Series[] =>
    [...(series.get(kind) ?? [])].sort((a, b) => b.total - a.total || compare(a.name, b.name))
  const totals = (kind: string): ReadonlyMap<string, number> =>
    new Map(ofKind(kind).map(({ name, total }) => [name, total]))

  const [answers, failures, millis] = [totals('upstream'), totals('failure'), totals('millis')]
  return {
    decisions: ofKind('decision'),
    refusals: ofKind('reason'),
    limits: ofKind('limit'),
    logins: ofKind('event').filter(({ name }) => loginEvents.includes(name)),
    upstreams: names.map((name) => {
      const count = answers.get(name) ?? 0
      return {
        name,
        answers: count,
        failures: failures.get(name) ?? 0,
        millis: count === 0 ? undefined : Math.round((millis.get(name) ?? 0) / count),
        breaker: data.states.get(`breaker ${name}`),
        health: data.states.get(`health ${name}`),
      }
    }),
    store: data.states.get('health store'),
    reports: groupReports(ofKind('csp')),
  }
}

/** The series of each kind. */
function collectSeries(data: ConsoleData, now: number): Map<string, Series[]> {
  const first = findMinute(now) - shownMinutes + 1
  const values = new Map<string, number[]>()
  for (const { at, counts } of data.minutes) {
    for (const [key, count] of counts) {
      const row = values.get(key) ?? new Array<number>(shownMinutes).fill(0)
      const index = at - first
      if (index >= 0 && index < shownMinutes) row[index] = (row[index] ?? 0) + count
      values.set(key, row)
    }
  }

  const kinds = new Map<string, Series[]>()
  for (const [key, row] of values) {
    const space = key.indexOf(' ')
    const list = kinds.get(key.slice(0, space)) ?? []
    list.push({ name: key.slice(space + 1), total: row.reduce((a, b) => a + b, 0), values: row })
    kinds.set(key.slice(0, space), list)
  }
  return kinds
}

/** Names are `disposition directive source`. */
function groupReports(series: readonly Series[]): DirectiveView[] {
  const groups = new Map<string, DirectiveView['sources'][number][]>()
  for (const { name, total } of series) {
    const [disposition, directive = '', source = ''] = name.split(' ')
    const sources = groups.get(directive) ?? []
    sources.push({ source, reports: total, enforced: disposition === 'enforce' })
    groups.set(directive, sources)
  }
  return [...groups]
    .map(([directive, sources]) => ({ directive, sources }))
    .sort((a, b) => compare(a.directive, b.directive))
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
