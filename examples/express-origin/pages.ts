/** What the origin shows. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Comparison } from './compare.ts'
import { features, type Try } from './features.ts'
import { type Html, html } from './html.ts'
import { landing } from './landing.ts'
import type { Device } from './portcullis.ts'

/** Who is looking at a page. */
export interface Visitor {
  /** Absent for somebody who did not sign in. */
  readonly user?: string | undefined
  readonly name?: string | undefined
  readonly roles: readonly string[]
  /** Earlier visits to the home page. */
  readonly visits: number
  /** Seconds since the epoch. */
  readonly authTime?: number | undefined
  /** Whether the session works only on the device that signed in. */
  readonly bound?: boolean | undefined
}

/** The frame around every page. `script` is the CSP nonce for the page's script, or `''` where the gateway gave none. */
export function layout(title: string, who: Visitor, body: Html, script?: string): string {
  const hasLogin = process.env.PORTCULLIS_LOGIN === 'on'
  const signOut = hasLogin ? '/.portcullis/logout' : '/logout'
  const provider = hasLogin
    ? html` <a href="/.portcullis/login">Sign in with a provider</a>`
    : undefined
  const nav = who.user
    ? html`<span>Signed in as <strong>${who.name ?? who.user}</strong></span>
        <form method="post" action="${signOut}"><button>Log out</button></form>`
    : html`<span>Not signed in</span> <a href="/login">Log in</a>${provider}`
  const allowed = script ? html` nonce="${script}"` : undefined
  const tag =
    script === undefined
      ? undefined
      : html`<script src="/demo.js" integrity="${integrity()}"${allowed} defer></script>`
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${title}</title>
    <link rel="stylesheet" href="/demo.css">
    ${tag}
  </head>
  <body>
    <header><a class="brand" href="/">${logo} Portcullis <span>demo</span></a> ${nav}</header>
    <main>
      <h1>${title}</h1>
      ${body}
    </main>
  </body>
</html>
`.html
}

/** A gate: three bars up, two across. */
const logo: Html = html`<svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><path d="M5 3v18M12 3v18M19 3v18M3 8h18M3 15h18" fill="none" stroke="currentColor" stroke-width="2.5" stroke-linecap="round"/></svg>`

/** What the script must be, so that a browser runs no other in its place. Read each time: it may be edited meanwhile. */
function integrity(): string {
  const script = readFileSync(`${import.meta.dirname}/public/demo.js`)
  return `sha384-${createHash('sha384').update(script).digest('base64')}`
}

/** What the home page shows besides what everybody gets. */
export interface HomeOptions {
  /** Whether a gateway counted this visit. */
  readonly counted: boolean
  readonly gateway: string
  readonly direct: string
  readonly comparison: Comparison | undefined
  /** Whether the gateway runs the deployable's configuration. */
  readonly worker: boolean
}

export function home(who: Visitor, options: HomeOptions): Html {
  const { counted, direct, worker } = options
  const times = who.visits + 1
  const isAdmin = who.roles.includes('admin')
  const console = worker ? 'missing' : isAdmin ? 'open' : 'needs-admin'
  return html`${landing({ ...options, console })}
      <p>You have been here ${times} ${times === 1 ? 'time' : 'times'}. Scripts of this page: <output id="scripts">stopped</output></p>
      ${counted ? undefined : html`<p class="note">Nobody counts: open this page through the gateway, <a href="${options.gateway}/">${options.gateway}</a>.</p>`}
      <div class="features">${features({ ...who, direct, worker }).map(
        ({ name, does, tries }) => html`<section>
        <h2>${name}</h2>
        <p>${does}</p>
        <ul>
          ${tries.map((each) => html`<li>${tryout(each)}</li>\n          `)}
        </ul>
      </section>
      `,
      )}</div>`
}

function tryout(each: Try): Html {
  const answers = html`<small>${each.answers}</small>`
  if (each.is === 'link') {
    return html`<a href="${each.path}" data-answers="${each.answers}">${each.text ?? each.path}</a> ${answers} ${each.what}`
  }
  if (each.is === 'form') {
    const { path, type = 'application/x-www-form-urlencoded', value, text } = each
    return html`<form method="post" action="${path}" enctype="${type}"><input type="hidden" name="text" value="${value}">
          <button data-answers="${each.answers}">${text}</button> ${answers}</form>`
  }
  const { path, body, shows = '', times = 1, anonymous = false, text } = each
  return html`<button type="button" data-path="${path}" data-times="${times}" data-shows="${shows}" data-body="${body ?? ''}"
          data-credentials="${anonymous ? 'omit' : 'same-origin'}" data-answers="${each.answers}">${text}</button> ${answers}
          <pre></pre>`
}

/** On another site: a form for the gateway, as anybody could put it into a page. */
export function otherSite(gateway: string): Html {
  return html`<p>This page is another site for a browser. Its form goes to the gateway.</p>
      <form method="post" action="${gateway}/logout"><button>Log out there</button></form>`
}

/** A script that has no nonce, as a stranger's would not. */
export function inline(): Html {
  return html`<p>The script of this page has <output id="inline">not run</output>.</p>
      <script>document.getElementById('inline').textContent = 'run'</script>`
}

export function login(returnTo: string, user: string, wrong: boolean): Html {
  return html`${wrong ? html`<p role="alert">That name and password do not belong together.</p>` : undefined}
      <form class="panel narrow" method="post" action="/login">
        <input type="hidden" name="return_to" value="${returnTo}">
        <label>Name <input name="user" value="${user}" autocomplete="username" required autofocus></label>
        <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
        <button class="main">Log in</button>
      </form>
      <p>Demo accounts: <code>alice</code> / <code>wonderland</code> (admin), <code>bob</code> / <code>builder</code>.</p>`
}

export function account(who: Visitor): Html {
  const since = who.authTime === undefined ? 'unknown' : `${formatTime(who.authTime * 1000)} UTC`
  return html`<div class="panel"><dl>
        <dt>User</dt><dd>${who.user}</dd>
        <dt>Roles</dt><dd>${who.roles.join(', ') || 'none'}</dd>
        <dt>Signed in since</dt><dd>${since}</dd>
        <dt>Visits to the home page</dt><dd>${who.visits}</dd>
      </dl></div>`
}

/** How to copy the cookies of a bound session to another program, and what comes of it. */
export function device(who: Visitor, path: string, gateway: string): Html {
  if (!who.bound) {
    return html`<p>This session is bound to no device. With <code>npm run dev -- --device</code> and the Chromium that it prints, a
        login binds it. Your browser may not know how to; it works as before.</p>`
  }
  if (path === '/device/proof')
    return html`<p>Your device proved itself within the last ten seconds. A copy of its cookies cannot.</p>`
  const curl = (cookies: string, page: string): Html =>
    html`<pre>curl -ki -b '${cookies}' ${gateway}${page}</pre>`
  const session = '__Host-session=...'
  const both = `${session}; __Host-session-bound=...`
  return html`<p>This session works only on this device. Be the thief: open the developer tools, Application, Cookies, and copy the
        values into a terminal.</p>
      <p>The session cookie alone is refused immediately (401):</p>
      ${curl(session, '/account')}
      <p>Both cookies work until the bound one ends, six minutes after the last proof of this browser. Then they are refused, and this page
        goes on:</p>
      ${curl(both, '/account')}
      <p>Where the gateway asks for a proof of the last ten seconds they work no longer than that (307; the browser proves itself and
        repeats its request):</p>
      ${curl(both, '/device/proof')}
      <p><a href="/device/proof">The same page in this browser</a></p>`
}

/** Undefined: the gateway keeps no list. */
export function devices(all: readonly Device[] | undefined): Html {
  if (all === undefined) {
    return html`<p>There is no list: sessions are sealed into their cookies, and nobody stores them. With
        <code>npm run dev -- --redis</code> they are in Redis, and this page shows them.</p>`
  }
  return html`<div class="panel"><div class="scroll devices" tabindex="0" role="group" aria-label="Sessions"><table>
        <tr><th scope="col">Session</th><th scope="col">Device</th><th scope="col">Signed in (UTC)</th><th scope="col">Last seen</th><th scope="col">Ends at the latest</th><th scope="col">End it</th></tr>
        ${all.map(
          ({ id, createdAt, seenAt, expiresAt, client, current }) => html`<tr>
          <td><code>${id.slice(0, 8)}</code>${current ? ' (this one)' : ''}</td>
          <td>${describeDevice(client)}</td>
          <td data-label="Signed in">${formatTime(createdAt)}</td><td data-label="Last seen">${formatTime(seenAt)}</td>
          <td data-label="Ends at the latest">${formatTime(expiresAt)}</td>
          <td><form method="post" action="/devices"><button name="end" value="${id}" aria-label="Log out session ${id.slice(0, 8)}">Log out</button></form></td>
        </tr>
        `,
        )}
      </table></div></div>
      <form method="post" action="/devices"><p><button name="others" value="1">Log out everywhere else</button></p></form>`
}

/** Such as `2026-11-30 10:02:07`, in UTC. */
function formatTime(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').slice(0, 19)
}

/** Such as `Firefox 140 on Linux, DE, 203.0.113.0/24`. */
function describeDevice(client: Device['client']): string {
  const { browser = 'Unknown browser', system, country, network } = client ?? {}
  const name = system === undefined ? browser : `${browser} on ${system}`
  return [name, country, network].filter((part) => part !== undefined).join(', ')
}

export function live(): Html {
  return html`<p>Events: <output id="events">connecting</output></p>
      <p>WebSocket: <output id="socket">connecting</output></p>`
}

export function message(text: string): Html {
  return html`<p>${text}</p>`
}
