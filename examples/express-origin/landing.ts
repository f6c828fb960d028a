/** The first part of the home page: what Portcullis is, this app with and without it, attacks to try, and the console. */
import { type Attack, attacks } from './attacks.ts'
import type { Comparison } from './compare.ts'
import { type Html, html } from './html.ts'

/** What the landing part is made from. */
export interface LandingOptions {
  readonly gateway: string
  /** This origin's own address. */
  readonly direct: string
  /** Undefined where the gateway or this origin gave no answer. */
  readonly comparison: Comparison | undefined
  /** Whether this visitor may see the console of this gateway; `missing` where it has none. */
  readonly console: 'open' | 'needs-admin' | 'missing'
}

const configuration = `export default createGateway({
  publicOrigin: 'https://shop.example.com',
  upstreams: { app: { url: 'http://10.0.0.5:3000', sessions: true } },
  session: storedSessions({ secret, store: upstashStore({ redis }), user: (data) => data.user }),
  roles: (data) => data.roles,
  assertion: { key },
  throttle: gatewayThrottle({ store: upstashThrottle({ redis }), secret }),
  console: gatewayConsole({ access: { role: 'admin' } }),
  routes: [
    { path: '/login', methods: ['POST'], to: 'app', access: 'public', sessions: ['start'],
      throttle: { account: { form: 'user' }, success: 'portcullis' } },
    { path: '/admin/*', to: 'app', access: { role: 'admin' } },
    { path: '/*', to: 'app', access: 'public' },
  ],
})`

/** Renders it. */
export function landing(options: LandingOptions): Html {
  return html`<div class="hero">
        <p class="lead">Your server has no session code, no security headers and no rate limits. Portcullis stands in front of it and adds them.</p>
        <p>This demo is an ordinary Express app. Everything below is answered by the real gateway on this machine.</p>
        <p class="actions">
          <a class="button main" href="#attack">Attack it</a>
          <a class="button" href="${options.direct}/">The same page without it</a>
        </p>
      </div>
      <div class="panel" id="compare">
        <h2>The same page, without and with it</h2>
        ${options.comparison === undefined ? nothingToCompare() : comparisonTable(options.comparison, options)}
      </div>
      <div class="panel">
        <h2>This is the configuration</h2>
        <p>Sessions, access by role, brute-force protection and a console. The app behind it was not changed.</p>
        <pre class="code" tabindex="0" aria-label="Configuration of a gateway">${configuration}</pre>
      </div>
      <div class="beside">
        <div class="panel" id="attack">
          <h2>Attack it</h2>
          <p>Each button sends real requests from your browser. A row turns green when the gateway refused them.</p>
          ${
            options.console === 'missing'
              ? html`<p>This gateway has no limits: the last four get through. <code>npm run dev</code> without <code>--worker</code> refuses all of them.</p>`
              : undefined
          }
          <p class="noscript" id="attack-hint">These buttons need JavaScript.</p>
          <ul class="attacks">
            ${attacks.map(attackRow)}
          </ul>
          <p><button type="button" id="attack-all" class="main">Try all of them</button> <span id="attack-sum" role="status"></span></p>
        </div>
        <div class="panel" id="console">
          <h2>Watch it</h2>
          ${consolePanel(options.console)}
        </div>
      </div>
      <h2 class="more">Everything it does</h2>`
}

function nothingToCompare(): Html {
  return html`<p>The gateway does not answer, so there is nothing to compare. Start both with <code>npm run dev</code>.</p>`
}

function comparisonTable(
  { checks, scores }: Comparison,
  { gateway, direct }: LandingOptions,
): Html {
  const total = checks.length
  const mark = (passes: boolean): Html =>
    passes
      ? html`<span class="yes">✓ <span class="hidden">yes</span></span>`
      : html`<span class="no">✗ <span class="hidden">no</span></span>`
  return html`<div class="scores">
          <div class="score bad"><strong>${scores.without}<small>/${total}</small></strong> <span>without: <code>${direct}</code></span></div>
          <div class="score good"><strong>${scores.with}<small>/${total}</small></strong> <span>with Portcullis: <code>${gateway}</code></span></div>
        </div>
        <table class="checks">
          <thead><tr><th scope="col">What a browser looks for</th><th scope="col">Without</th><th scope="col">With</th></tr></thead>
          <tbody>${checks.map(
            (check) =>
              html`<tr><th scope="row">${check.name}</th><td>${mark(check.without)}</td><td>${mark(check.with)}</td></tr>
          `,
          )}</tbody>
        </table>`
}

function attackRow(attack: Attack): Html {
  const { name, aim, path, refused, times = 1, body = '', type = '', anonymous } = attack
  const credentials = anonymous ? 'omit' : 'same-origin'
  return html`<li>
              <button type="button" data-attack="${path}" data-refused="${refused.join(' ')}" data-times="${times}" data-body="${body}" data-type="${type}" data-credentials="${credentials}">${name}</button>
              <span>${aim}</span> <output></output>
            </li>
            `
}

function consolePanel(state: LandingOptions['console']): Html {
  if (state === 'missing')
    return html`<p>This gateway runs the deployable's configuration, which has no console. <code>npm run dev</code> without <code>--worker</code> has one.</p>`
  if (state === 'needs-admin')
    return html`<p>The console shows requests as they come, what was refused and why, and who is signed in. It is for administrators.</p>
          <p><a class="button main" href="/login?return_to=/">Log in as alice / wonderland</a></p>`
  return html`<p>Requests as they come. Press a button and look. <a href="/.portcullis/console">Open the console</a></p>
          <iframe src="/.portcullis/console" title="The console of this gateway" loading="lazy"></iframe>`
}
