/**
 * Renders the parts of the console's page that the live stream replaces. Each part is the content of one
 * element of the page. `console/create.ts` calls it for the page and for each update of the stream;
 * `live.ts` and `page.ts` use its types. It only renders the data that it gets. All values are escaped by
 * `html.ts`, and a part without data gets a sentence that says so.
 */

import type { ConsoleData, HealthState } from '../counts/counts.ts'
import type { RecentRequest } from '../counts/recent.ts'
import { describeBreakage } from './breakage.ts'
import { drawSpark, drawStack } from './charts.ts'
import { type Html, html } from './html.ts'
import type { ConsoleView, Series, UpstreamView } from './view.ts'

/** The content of each part, by its name. */
export type Parts = Readonly<Record<PartName, Html>>

/** Names of the parts. In the page, the attribute `data-live` of an element holds the name of its part. */
export type PartName =
  | 'traffic'
  | 'refusals'
  | 'limits'
  | 'logins'
  | 'upstreams'
  | 'requests'
  | 'reports'

/** The outcomes of a request, in the order in which a chart stacks them. */
const decisions = ['passed', 'answered', 'left', 'refused', 'failed'] as const

/** Renders all parts. */
export function renderParts(view: ConsoleView, data: ConsoleData): Parts {
  return {
    traffic: renderTraffic(view.decisions),
    refusals: renderSeries(view.refusals, 'No request was refused.'),
    limits: renderSeries(view.limits, 'No limit was reached.'),
    logins: renderSeries(view.logins, 'No sign-ins yet.'),
    upstreams: html`${view.upstreams.map(renderUpstream)}${renderStore(view.store)}`,
    requests: renderRequests(data.recent),
    reports: renderReports(view.reports),
  }
}

function renderTraffic(series: readonly Series[]): Html {
  const byName = new Map(series.map((each) => [each.name, each]))
  const present = decisions.flatMap((name) => byName.get(name) ?? [])
  const figures = decisions.map((name) => {
    const total = byName.get(name)?.total ?? 0
    return html`<div class="f-${name}"><dt>${name}</dt><dd>${total}</dd></div>`
  })
  const words = decisions.map((name) => `${byName.get(name)?.total ?? 0} ${name}`).join(', ')

  return html`<dl class="figures">${figures}</dl>
${drawStack(present, `Requests of the last hour by minute: ${words}.`)}`
}

function renderSeries(series: readonly Series[], emptyText: string): Html {
  if (series.length === 0) return renderNothing(3, emptyText)
  return html`${series.map(
    (each) =>
      html`<tr><th scope="row"><code>${each.name}</code></th><td class="n">${each.total}</td><td>${drawSpark(each)}</td></tr>\n`,
  )}`
}

function renderNothing(columns: number, text: string): Html {
  return html`<tr><td colspan="${columns}">${text}</td></tr>`
}

function renderUpstream(upstream: UpstreamView): Html {
  const { name, answers, failures, millis, breaker, health } = upstream
  const isPaused = breaker?.type === 'breaker-opened'
  const isDown = health?.type === 'upstream-down'
  // There is no health check and every attempt failed, so the upstream is not shown as in service.
  const isSilent = answers === 0 && failures > 0
  const isFailing = isPaused || isDown || isSilent
  const failure = isPaused ? 'paused by its breaker' : isDown ? 'down' : 'not answering'
  const idleState = answers === 0 && health === undefined ? 'no requests yet' : 'in service'
  const stateText = isFailing ? failure : idleState
  const style = isFailing ? 'failed' : idleState === 'in service' ? 'passed' : 'left'
  return html`<tr><th scope="row"><code>${name}</code></th><td><span class="d d-${style}">${stateText}</span>${renderSince(
    isPaused ? breaker : health,
  )}</td><td class="n">${answers}</td><td class="n">${failures}</td><td class="n">${millis ?? '–'}</td></tr>\n`
}

function renderStore(state: HealthState | undefined): Html | undefined {
  if (state === undefined) return undefined
  const isDown = state.type === 'store-down'
  return html`<tr><th scope="row">store</th><td><span class="d d-${isDown ? 'failed' : 'passed'}">${
    isDown ? 'down' : 'in service'
  }</span>${renderSince(state)}</td><td class="n">–</td><td class="n">–</td><td class="n">–</td></tr>`
}

function renderSince(state: HealthState | undefined): Html | undefined {
  if (state === undefined) return undefined
  return html` since ${renderTime(state.at)}${state.reason !== undefined && ` (${state.reason})`}`
}

function renderRequests(recent: readonly RecentRequest[]): Html {
  if (recent.length === 0) return renderNothing(8, 'No requests yet.')
  return html`${recent.map(
    (request) =>
      html`<tr><td>${renderTime(request.at)}</td><td class="n">${request.status}</td><td><span class="d d-${request.decision}">${request.decision}</span>${
        request.reason !== undefined && html` <code>${request.reason}</code>`
      }</td><td>${request.method}</td><td><code>${request.route ?? '–'}</code></td><td class="phone">${request.upstream ?? '–'}</td>\
<td class="n">${request.millis}</td><td class="phone"><code>${request.client ?? '–'}</code></td><td class="phone"><code>${request.id.slice(0, 36)}</code></td></tr>\n`,
  )}`
}

function renderReports(reports: ConsoleView['reports']): Html {
  if (reports.length === 0) return html`<p>No browser reported anything.</p>`
  return html`${reports.map(
    ({ directive, sources }) => html`<h3><code>${directive}</code></h3>
<div class="scroll" tabindex="0" role="group" aria-label="Sources that ${directive} does not allow"><table>
<thead><tr><th scope="col">Source</th><th scope="col" class="n">Reports</th><th scope="col">What it means</th></tr></thead><tbody>
${sources.map(
  ({ source, reports: count, enforced }) =>
    html`<tr><th scope="row"><code>${source}</code></th><td class="n">${count}</td><td class="wide">${describeBreakage(directive, source, enforced)}</td></tr>\n`,
)}</tbody></table></div>`,
  )}`
}

/** Renders the time of day in UTC. */
export function renderTime(at: number): Html {
  const iso = new Date(at).toISOString()
  return html`<time datetime="${iso}">${iso.slice(11, 19)}</time>`
}
