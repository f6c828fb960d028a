/**
 * Summarizes the counts of the last hour for the console's page: series by minute, rejections, limits,
 * upstreams and reports of browsers. `console/create.ts` calls it before `parts.ts` renders the result;
 * `charts.ts` and `parts.ts` use its types. It is a pure function. Counts of minutes outside the hour
 * are ignored, and upstreams that the configuration does not name are not shown.
 */
import { type ConsoleData, findMinute, type HealthState, shownMinutes } from '../counts/counts.ts'

/** The counts of one name: one value for each minute of the hour, the oldest first. */
export interface Series {
  readonly name: string
  readonly total: number
  readonly values: readonly number[]
}

/** The summary of one upstream. */
export interface UpstreamView {
  readonly name: string
  /** Number of responses in the last hour. */
  readonly answers: number
  /** Number of requests without a response or with a status of 500 and more. */
  readonly failures: number
  /** Mean milliseconds to the first byte; undefined if there was no response. */
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
    /** True if the policy was enforced, so that the source was blocked. */
    readonly enforced: boolean
  }>
}

/** Everything that the page shows, except for the list of requests and the sessions. */
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

/** Summarizes the counts. `names` are the upstreams of the configuration, which are shown even without requests. */
export function createView(data: ConsoleData, names: readonly string[], now: number): ConsoleView {
  const series = collectSeries(data, now)
  const listSeries = (kind: string): Series[] =>
    [...(series.get(kind) ?? [])].sort((a, b) => b.total - a.total || compare(a.name, b.name))
  const totals = (kind: string): ReadonlyMap<string, number> =>
    new Map(listSeries(kind).map(({ name, total }) => [name, total]))

  const [answers, failures, millis] = [totals('upstream'), totals('failure'), totals('millis')]

  return {
    decisions: listSeries('decision'),
    refusals: listSeries('reason'),
    limits: listSeries('limit'),
    logins: listSeries('event').filter(({ name }) => loginEvents.includes(name)),
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
    reports: groupReports(listSeries('csp')),
  }
}

/** Collects the series of each kind. */
function collectSeries(data: ConsoleData, now: number): Map<string, Series[]> {
  const firstMinute = findMinute(now) - shownMinutes + 1
  const values = new Map<string, number[]>()
  for (const { at, counts } of data.minutes) {
    for (const [key, count] of counts) {
      const row = values.get(key) ?? new Array<number>(shownMinutes).fill(0)
      const index = at - firstMinute
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

/** Groups reports by directive. The name of a series is disposition, directive and source, separated by spaces. */
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
