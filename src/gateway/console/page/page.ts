/**
 * Renders the console as one HTML page. `console/create.ts` calls it for each view of the page, with the
 * data of the session panel from `sessions.ts`. Only the live updates need the script. Without it, the page
 * shows the counts of the moment at which it was loaded. `html.ts` escapes all values but the style and the script
 * of this package. It throws nothing and reads nothing.
 */
import type { SessionInfo } from '../../../session/index.ts'
import { type Html, html, trustedHtml } from './html.ts'
import type { PartName, Parts } from './parts.ts'
import { consoleScript } from './script.ts'
import { consoleStyle } from './style.ts'

/** The path of the console. The stream of updates is at `/live` below it. */
export const consolePath = '/.portcullis/console'

/** The panel about the sessions of one user. */
export interface SessionPanel {
  /**
   * `list`: sessions can be listed and ended one by one. `end-all`: only all of a user can be ended. `none`: neither.
   */
  readonly support: 'list' | 'end-all' | 'none'
  /** The user that the administrator entered; undefined if no form was sent. */
  readonly user: string | undefined
  /** The sessions of the user; undefined if no form was sent, or sessions cannot be listed. */
  readonly sessions: readonly SessionInfo[] | undefined
  /** A sentence about the result of the form; undefined if no form was sent. */
  readonly message: string | undefined
}

/** The values that a page is rendered from. */
export interface ConsolePage {
  readonly parts: Parts
  readonly origin: string
  /** A sentence about where the counts come from. */
  readonly source: string
  /** A sentence about a problem, such as a Redis that does not respond; undefined if there is none. */
  readonly problem: string | undefined
  readonly panel: SessionPanel
  readonly csrfToken: string
  /** The nonce of the script and the style sheet in the page's policy. */
  readonly nonce: string
  readonly now: number
}

/** Renders the page. */
export function renderPage(page: ConsolePage): string {
  const { parts, origin, source, problem, panel, nonce, now } = page
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>Console of ${origin}</title>
<style nonce="${nonce}">${trustedHtml(consoleStyle)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header>
<h1>Portcullis console</h1>
<p>${origin}. ${source} All times are UTC.</p>
<span id="live" role="status" data-state="still">As of ${new Date(now).toISOString().slice(11, 19)}</span>
<button id="pause" type="button" hidden>Pause</button>
<a class="button" href="${consolePath}">Reload</a>
</header>
<main id="main">
${problem !== undefined && html`<section><p class="note" role="alert">${problem}</p></section>`}
<section><h2>Requests of the last hour</h2><div data-live="traffic">${parts.traffic}</div></section>
${renderTable({ title: 'Newest requests', part: 'requests', intro: 'Each request is listed by its route, not by its path. A request without an upstream was answered or rejected by the gateway.', columns: requestColumns }, parts)}
${renderTable({ title: 'Refusals by reason', part: 'refusals', intro: 'Clients do not receive these reasons.', columns: seriesColumns('Reason'), half: true }, parts)}
${renderTable({ title: 'Limits and throttle', part: 'limits', intro: 'How often a limit denied a request, or could not count one.', columns: seriesColumns('Event and policy'), half: true }, parts)}
${renderTable({ title: 'Sign-ins', part: 'logins', intro: 'Login attempts, and sessions that were created.', columns: seriesColumns('Event'), half: true }, parts)}
${renderTable({ title: 'Upstreams', part: 'upstreams', intro: 'Whether each upstream answers, and how fast.', columns: upstreamColumns, half: true }, parts)}
<section><h2>Reports of browsers</h2><p>Sources that the content security policy does not allow, by directive. A repeated report is counted once in ten minutes.</p><div data-live="reports">${parts.reports}</div></section>
${renderPanel(panel, page)}
</main>
<footer><p>This page shows no path, query, cookie, token or whole address. It shows the last hour.</p></footer>
<script nonce="${nonce}">${trustedHtml(consoleScript)}</script>
</body>
</html>
`.html
}

interface Column {
  readonly title: string
  /** Class of the cells: `n` aligns numbers, and `phone` hides the column on a phone. */
  readonly style?: string
}

interface Table {
  readonly title: string
  readonly part: PartName
  readonly intro: string
  readonly columns: readonly Column[]
  readonly half?: boolean
}

const requestColumns: readonly Column[] = [
  { title: 'Time' },
  { title: 'Status', style: 'n' },
  { title: 'Decision' },
  { title: 'Method' },
  { title: 'Route' },
  { title: 'Upstream', style: 'phone' },
  { title: 'ms', style: 'n' },
  { title: 'Client', style: 'phone' },
  { title: 'Request', style: 'phone' },
]
const upstreamColumns: readonly Column[] = [
  { title: 'Name' },
  { title: 'State' },
  { title: 'Answers', style: 'n' },
  { title: 'Failures', style: 'n' },
  { title: 'Mean ms', style: 'n' },
]

function seriesColumns(title: string): readonly Column[] {
  return [{ title }, { title: 'Last hour', style: 'n' }, { title: 'By minute' }]
}

function renderTable({ title, part, intro, columns, half }: Table, parts: Parts): Html {
  const heads = columns.map(
    (column) => html`<th scope="col" class="${column.style ?? ''}">${column.title}</th>`,
  )
  return html`<section class="${half ? 'half' : ''}"><h2>${title}</h2><p>${intro}</p>
<div class="scroll" tabindex="0" role="group" aria-label="${title}"><table>
<thead><tr>${heads}</tr></thead><tbody data-live="${part}">${parts[part]}</tbody></table></div></section>`
}

function renderPanel(panel: SessionPanel, { csrfToken }: ConsolePage): Html {
  const { support, user, sessions, message } = panel
  if (support === 'none')
    return html`<section><h2>Sessions of a user</h2><p>These sessions cannot be listed or ended here: they are only in cookies, or they name no user.</p></section>`

  const token = html`<input type="hidden" name="csrf_token" value="${csrfToken}">`
  const findWord = support === 'list' ? 'Show sessions' : 'Select'
  return html`<section id="sessions"><h2>Sessions of a user</h2>
<p>A session that you end stops working at its next request. The audit trail records that you ended it.</p>
${message !== undefined && html`<p class="note" role="status">${message}</p>`}
<form class="find" method="post" action="${consolePath}#sessions">${token}
<label>User, as the option user of the sessions names it <input name="user" value="${user ?? ''}" maxlength="256" required autocomplete="off" spellcheck="false"></label>
<button class="main" name="do" value="find">${findWord}</button></form>
${user !== undefined && renderSessions(user, sessions, token)}</section>`
}

function renderSessions(
  user: string,
  sessions: readonly SessionInfo[] | undefined,
  token: Html,
): Html {
  const target = html`${token}<input type="hidden" name="user" value="${user}">`
  const endAll = html`<form method="post" action="${consolePath}#sessions">${target}
<button class="end" name="do" value="end-all">End all sessions of this user</button></form>`
  if (sessions === undefined) return endAll
  if (sessions.length === 0) return html`<p>This user has no session.</p>`

  const rows = sessions.map(
    (
      session,
    ) => html`<tr><th scope="row"><code>${session.id.slice(0, 12)}</code></th><td class="phone">${renderMoment(session.createdAt)}</td>
<td>${renderMoment(session.seenAt)}</td><td class="phone">${renderMoment(session.idleExpiresAt)}</td><td>${describeDevice(session)}</td>
<td><form method="post" action="${consolePath}#sessions">${target}<input type="hidden" name="id" value="${session.id}">
<button class="end" name="do" value="end" aria-label="End session ${session.id.slice(0, 12)}">End</button></form></td></tr>\n`,
  )
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Sessions"><table><thead><tr><th scope="col">Session</th><th scope="col" class="phone">Signed in</th>
<th scope="col">Last seen</th><th scope="col" class="phone">Expires if unused</th><th scope="col">Device</th><th scope="col">End it</th></tr></thead><tbody>${rows}</tbody></table></div>
${endAll}`
}

/** Describes the device of a session by the fields that the session holds; a dash if it holds none. */
function describeDevice({ client, bound: isBound }: SessionInfo): Html {
  const { browser, system, country, network } = client ?? {}
  const device = [browser, system].filter((name) => name !== undefined).join(', ')
  const place = [country, network].filter((name) => name !== undefined).join(', ')
  const binding = isBound ? 'bound to its device' : ''
  const lines = [device, place, binding].filter((line) => line !== '')
  return lines.length === 0 ? html`–` : html`${lines.map((line) => html`<div>${line}</div>`)}`
}

function renderMoment(at: number): Html {
  const iso = new Date(at).toISOString()
  return html`<time datetime="${iso}">${iso.slice(0, 16).replace('T', ' ')}</time>`
}
