import type { Context } from 'hono'
import { csrf as honoCsrf } from 'hono/csrf'
import { describe, expect, it } from 'vitest'
import {
  type CrossOriginOptions,
  type CsrfReason,
  checkCrossOrigin,
  csrfPolicy,
} from '../../src/csrf/index.ts'
import { ConfigError } from '../../src/errors.ts'
import { createIssues } from '../../src/options/index.ts'

type Heads = Record<string, string>
type Answer = 'passes' | CsrfReason | 'by trust' | 'by exempt'
/** What Hono's own csrf() says of the same request, in 4.13.19 without options: for contrast, and checked. */
type Hono = 'hono: passes' | 'hono: refuses'
type Row = [what: string, method: string, headers: Heads, answer: Answer, hono: Hono]

const site = 'https://app.example.com/transfer'
const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
const json = { 'Content-Type': 'application/json' }
const cookie = { Cookie: '__Host-session=x' }
const socket = { Upgrade: 'websocket', Connection: 'Upgrade' }

function ask(
  options: CrossOriginOptions<never>,
  method: string,
  headers: Heads,
  url = site,
  path?: string,
): Answer {
  const faults = createIssues()
  const policy = csrfPolicy(options, faults)
  faults.throwIfAny()
  const pathname = path ?? url.slice(url.indexOf('/', 8))
  const verdict = checkCrossOrigin(
    { method, headers: new Headers(headers), url },
    policy,
    pathname,
    { ORIGIN: site },
  )
  if (!verdict.ok) return verdict.reason
  return verdict.by === undefined ? 'passes' : `by ${verdict.by}`
}

async function askHono(method: string, headers: Heads): Promise<Hono> {
  const sent = new Headers(headers)
  const req = { method, url: site, header: (name: string) => sent.get(name) ?? undefined }
  try {
    await honoCsrf()({ req } as Context, async () => {})
    return 'hono: passes'
  } catch {
    return 'hono: refuses'
  }
}

describe('a method', () => {
  it.each<Row>([
    // <a href="https://app.example.com/transfer?to=mallory">, <img>, fetch(url, { mode: 'no-cors' }): reads.
    ['is safe: GET', 'GET', { 'Sec-Fetch-Site': 'cross-site' }, 'passes', 'hono: passes'],
    ['is safe: HEAD', 'HEAD', { 'Sec-Fetch-Site': 'cross-site' }, 'passes', 'hono: passes'],
    // The preflight of a fetch() from elsewhere: it asks, and carries no cookie.
    ['is safe: OPTIONS', 'OPTIONS', { Origin: 'https://evil.example' }, 'passes', 'hono: passes'],
    [
      'is safe with a word that it is not',
      'GET',
      { 'X-HTTP-Method-Override': 'DELETE' },
      'passes',
      'hono: passes',
    ],
    [
      'is unsafe: PUT',
      'PUT',
      { ...form, 'Sec-Fetch-Site': 'cross-site' },
      'cross-site',
      'hono: refuses',
    ],
    [
      'is unsafe: PATCH',
      'PATCH',
      { ...form, 'Sec-Fetch-Site': 'cross-site' },
      'cross-site',
      'hono: refuses',
    ],
    [
      'is unsafe: DELETE',
      'DELETE',
      { 'Sec-Fetch-Site': 'cross-site' },
      'cross-site',
      'hono: refuses',
    ],
    [
      'is unsafe where nobody knows it: PURGE',
      'PURGE',
      { 'Sec-Fetch-Site': 'cross-site' },
      'cross-site',
      'hono: refuses',
    ],
    // fetch('/transfer', { method: 'get' }) is sent as GET by browsers; a raw `get` is another method (RFC 9110 9.1).
    [
      'has a case: get is not GET',
      'get',
      { 'Sec-Fetch-Site': 'cross-site' },
      'cross-site',
      'hono: refuses',
    ],
    [
      'has a case: Head is not HEAD',
      'Head',
      { Origin: 'https://evil.example' },
      'origin-mismatch',
      'hono: refuses',
    ],
    [
      'is not what an override says',
      'POST',
      { 'X-HTTP-Method-Override': 'GET', Origin: 'null' },
      'origin-null',
      'hono: refuses',
    ],
    [
      'is nothing where it is empty',
      '',
      { Origin: 'https://evil.example' },
      'origin-mismatch',
      'hono: refuses',
    ],
  ])('%s', async (_, method, headers, answer, hono) => {
    expect(ask({}, method, headers)).toBe(answer)
    expect(await askHono(method, headers)).toBe(hono)
  })
})

describe('a WebSocket upgrade', () => {
  it.each<Row>([
    // new WebSocket('wss://app.example.com/transfer') on evil.example: cookies are sent, CORS is not asked. Chromium 156
    // sends Origin and no Fetch Metadata with it.
    [
      'from another site',
      'GET',
      { ...socket, ...cookie, Origin: 'https://evil.example' },
      'origin-mismatch',
      'hono: passes',
    ],
    [
      'from another site, as Firefox sends it',
      'GET',
      { ...socket, Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' },
      'cross-site',
      'hono: passes',
    ],
    [
      'from a sandboxed frame',
      'GET',
      { ...socket, ...cookie, Origin: 'null' },
      'origin-null',
      'hono: passes',
    ],
    [
      'from our own page',
      'GET',
      { ...socket, ...cookie, Origin: 'https://app.example.com' },
      'passes',
      'hono: passes',
    ],
    // wscat -c wss://app.example.com/transfer
    ['from a program with nothing to borrow', 'GET', socket, 'passes', 'hono: passes'],
    [
      'from a program with a cookie',
      'GET',
      { ...socket, ...cookie },
      'metadata-missing',
      'hono: passes',
    ],
    [
      'spelled otherwise',
      'GET',
      { Upgrade: 'foo, WebSocket', Origin: 'https://evil.example' },
      'origin-mismatch',
      'hono: passes',
    ],
    [
      'to something else is a read',
      'GET',
      { Upgrade: 'h2c', Origin: 'https://evil.example' },
      'passes',
      'hono: passes',
    ],
  ])('%s', async (_, method, headers, answer, hono) => {
    expect(ask({}, method, headers)).toBe(answer)
    expect(await askHono(method, headers)).toBe(hono)
  })
})

describe('Sec-Fetch-Site', () => {
  it.each<Row>([
    // <form method="post" action="/transfer"> on our own page.
    [
      'same-origin',
      'POST',
      { ...form, ...cookie, 'Sec-Fetch-Site': 'same-origin' },
      'passes',
      'hono: passes',
    ],
    // The same form on a page with `Referrer-Policy: no-referrer`, as Chromium 156 sends it: hidden from us, too.
    [
      'same-origin with Origin: null',
      'POST',
      { ...form, ...cookie, 'Sec-Fetch-Site': 'same-origin', Origin: 'null' },
      'passes',
      'hono: passes',
    ],
    // A proxy that ends TLS: the url says http, the browser said https.
    [
      'same-origin with an Origin that looks foreign',
      'POST',
      { ...form, 'Sec-Fetch-Site': 'same-origin', Origin: 'https://www.example.com' },
      'passes',
      'hono: passes',
    ],
    // The user reloads the page that a form led to.
    ['none', 'POST', { ...form, ...cookie, 'Sec-Fetch-Site': 'none' }, 'passes', 'hono: refuses'],
    // <form method="post" action="https://app.example.com/transfer"> on blog.example.com, which somebody took over.
    [
      'same-site',
      'POST',
      { ...form, ...cookie, 'Sec-Fetch-Site': 'same-site', Origin: 'https://blog.example.com' },
      'cross-site',
      'hono: refuses',
    ],
    // The same on evil.example, SameSite=None or within the two minutes of Chromium's Lax+POST.
    [
      'cross-site',
      'POST',
      { ...form, ...cookie, 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' },
      'cross-site',
      'hono: refuses',
    ],
    // <iframe sandbox="allow-forms" srcdoc="<form method=post ...>">, even on our own page, as Chromium 156 sends it.
    [
      'cross-site with Origin: null',
      'POST',
      { ...form, ...cookie, 'Sec-Fetch-Site': 'cross-site', Origin: 'null' },
      'cross-site',
      'hono: refuses',
    ],
    [
      'cross-site without Origin',
      'POST',
      { ...form, 'Sec-Fetch-Site': 'cross-site' },
      'cross-site',
      'hono: refuses',
    ],
    // No browser says both. Whoever does cannot be believed, and only one of the two is asked.
    [
      'cross-site with our Origin',
      'POST',
      { ...form, 'Sec-Fetch-Site': 'cross-site', Origin: 'https://app.example.com' },
      'cross-site',
      'hono: passes',
    ],
    [
      'cross-site with our Referer',
      'POST',
      { ...form, 'Sec-Fetch-Site': 'cross-site', Referer: 'https://app.example.com/' },
      'cross-site',
      'hono: refuses',
    ],
    // No credentials make it no better: a login form would sign the visitor in as somebody else.
    [
      'cross-site without a cookie',
      'POST',
      { ...json, 'Sec-Fetch-Site': 'cross-site' },
      'cross-site',
      'hono: passes',
    ],
    [
      'with spaces around it',
      'POST',
      { ...form, 'Sec-Fetch-Site': ' same-origin\t' },
      'passes',
      'hono: passes',
    ],
  ])('%s', async (_, method, headers, answer, hono) => {
    expect(ask({}, method, headers)).toBe(answer)
    expect(await askHono(method, headers)).toBe(hono)
  })
})

describe('a Sec-Fetch-Site that nobody knows leaves it to Origin', () => {
  it.each<Row>([
    [
      'a word of tomorrow, our Origin',
      'POST',
      { ...form, 'Sec-Fetch-Site': 'same-party', Origin: 'https://app.example.com' },
      'passes',
      'hono: passes',
    ],
    [
      'a word of tomorrow, another Origin',
      'POST',
      { ...form, 'Sec-Fetch-Site': 'same-party', Origin: 'https://evil.example' },
      'origin-mismatch',
      'hono: refuses',
    ],
    [
      'a word of tomorrow, our Referer',
      'POST',
      { ...form, 'Sec-Fetch-Site': 'same-party', Referer: 'https://app.example.com/form' },
      'passes',
      'hono: refuses',
    ],
    [
      'a word of tomorrow and nothing else',
      'POST',
      { ...form, 'Sec-Fetch-Site': 'same-party' },
      'metadata-missing',
      'hono: refuses',
    ],
    [
      'the right word in capitals',
      'POST',
      { ...form, 'Sec-Fetch-Site': 'Same-Origin', Origin: 'https://evil.example' },
      'origin-mismatch',
      'hono: refuses',
    ],
    [
      'the header twice',
      'POST',
      { ...form, 'Sec-Fetch-Site': 'same-origin, cross-site', Origin: 'https://evil.example' },
      'origin-mismatch',
      'hono: refuses',
    ],
    [
      'with parameters',
      'POST',
      { ...form, 'Sec-Fetch-Site': 'same-origin;v=1', Origin: 'null' },
      'origin-null',
      'hono: refuses',
    ],
    ['empty', 'POST', { ...form, 'Sec-Fetch-Site': '' }, 'metadata-missing', 'hono: refuses'],
  ])('%s', async (_, method, headers, answer, hono) => {
    expect(ask({}, method, headers)).toBe(answer)
    expect(await askHono(method, headers)).toBe(hono)
  })
})

// Browsers send Fetch Metadata to https and localhost only, and Safari before 16.4 never: then Origin decides.
describe('Origin, without Fetch Metadata', () => {
  it.each<Row>([
    [
      'ours',
      'POST',
      { ...form, ...cookie, Origin: 'https://app.example.com' },
      'passes',
      'hono: passes',
    ],
    [
      'another site',
      'POST',
      { ...form, ...cookie, Origin: 'https://evil.example' },
      'origin-mismatch',
      'hono: refuses',
    ],
    // <iframe sandbox="allow-forms allow-scripts">, data: urls, a redirect across two sites.
    ['null', 'POST', { ...form, ...cookie, Origin: 'null' }, 'origin-null', 'hono: refuses'],
    ['null without a cookie', 'POST', { ...form, Origin: 'null' }, 'origin-null', 'hono: refuses'],
    ['empty', 'POST', { ...form, Origin: '' }, 'origin-mismatch', 'hono: refuses'],
    // A man in the middle of http://app.example.com sends forms to https://app.example.com.
    [
      'ours over plain http',
      'POST',
      { ...form, Origin: 'http://app.example.com' },
      'origin-mismatch',
      'hono: refuses',
    ],
    [
      'ours on another port',
      'POST',
      { ...form, Origin: 'https://app.example.com:8443' },
      'origin-mismatch',
      'hono: refuses',
    ],
    [
      'ours with the port of https',
      'POST',
      { ...form, Origin: 'https://app.example.com:443' },
      'origin-mismatch',
      'hono: refuses',
    ],
    [
      'ours and a slash',
      'POST',
      { ...form, Origin: 'https://app.example.com/' },
      'origin-mismatch',
      'hono: refuses',
    ],
    [
      'ours in capitals',
      'POST',
      { ...form, Origin: 'https://APP.example.com' },
      'origin-mismatch',
      'hono: refuses',
    ],
    [
      'ours as a user name',
      'POST',
      { ...form, Origin: 'https://app.example.com@evil.example' },
      'origin-mismatch',
      'hono: refuses',
    ],
    [
      'ours as the beginning of a name',
      'POST',
      { ...form, Origin: 'https://app.example.com.evil.example' },
      'origin-mismatch',
      'hono: refuses',
    ],
    [
      'ours as the end of a name',
      'POST',
      { ...form, Origin: 'https://evilapp.example.com' },
      'origin-mismatch',
      'hono: refuses',
    ],
    [
      'a host below ours',
      'POST',
      { ...form, Origin: 'https://x.app.example.com' },
      'origin-mismatch',
      'hono: refuses',
    ],
    [
      'the host above ours',
      'POST',
      { ...form, Origin: 'https://example.com' },
      'origin-mismatch',
      'hono: refuses',
    ],
    [
      'ours with a dot at the end',
      'POST',
      { ...form, Origin: 'https://app.example.com.' },
      'origin-mismatch',
      'hono: refuses',
    ],
    [
      'twice',
      'POST',
      { ...form, Origin: 'https://app.example.com, https://app.example.com' },
      'origin-mismatch',
      'hono: refuses',
    ],
    [
      'ours without a scheme',
      'POST',
      { ...form, Origin: 'app.example.com' },
      'origin-mismatch',
      'hono: refuses',
    ],
    [
      'another site, with our Referer',
      'POST',
      { ...form, Origin: 'https://evil.example', Referer: 'https://app.example.com/' },
      'origin-mismatch',
      'hono: refuses',
    ],
    // curl -H 'Origin: https://evil.example' -d '' https://app.example.com/transfer: who says so is believed.
    [
      'another site, without a cookie',
      'POST',
      { ...json, Origin: 'https://evil.example' },
      'origin-mismatch',
      'hono: passes',
    ],
  ])('%s', async (_, method, headers, answer, hono) => {
    expect(ask({}, method, headers)).toBe(answer)
    expect(await askHono(method, headers)).toBe(hono)
  })
})

// Firefox before 70 and Edge before 79 sent no Origin with forms.
describe('Referer, without Fetch Metadata and Origin', () => {
  it.each<Row>([
    [
      'our page',
      'POST',
      { ...form, ...cookie, Referer: 'https://app.example.com/form?a=1#b' },
      'passes',
      'hono: refuses',
    ],
    [
      'our origin alone',
      'POST',
      { ...form, ...cookie, Referer: 'https://app.example.com' },
      'passes',
      'hono: refuses',
    ],
    [
      'our page with the port of https',
      'POST',
      { ...form, Referer: 'https://app.example.com:443/form' },
      'passes',
      'hono: refuses',
    ],
    [
      'another site',
      'POST',
      { ...form, ...cookie, Referer: 'https://evil.example/form' },
      'origin-mismatch',
      'hono: refuses',
    ],
    [
      'another site, without a cookie',
      'POST',
      { ...json, Referer: 'https://evil.example/' },
      'origin-mismatch',
      'hono: passes',
    ],
    // https://evil.example/?https://app.example.com/
    [
      'another site that mentions us',
      'POST',
      { ...form, Referer: 'https://evil.example/?https://app.example.com/' },
      'origin-mismatch',
      'hono: refuses',
    ],
    [
      'us as a user name',
      'POST',
      { ...form, Referer: 'https://app.example.com@evil.example/' },
      'origin-mismatch',
      'hono: refuses',
    ],
    [
      'us as a user name behind a backslash',
      'POST',
      { ...form, Referer: 'https://evil.example\\@app.example.com/' },
      'origin-mismatch',
      'hono: refuses',
    ],
    [
      'our page over plain http',
      'POST',
      { ...form, Referer: 'http://app.example.com/form' },
      'origin-mismatch',
      'hono: refuses',
    ],
    [
      'what is no url',
      'POST',
      { ...form, Referer: 'about:blank' },
      'origin-mismatch',
      'hono: refuses',
    ],
    ['a path', 'POST', { ...form, Referer: '/form' }, 'origin-mismatch', 'hono: refuses'],
    ['empty', 'POST', { ...json, Referer: '' }, 'origin-mismatch', 'hono: passes'],
  ])('%s', async (_, method, headers, answer, hono) => {
    expect(ask({}, method, headers)).toBe(answer)
    expect(await askHono(method, headers)).toBe(hono)
  })
})

describe('not a word on where it comes from', () => {
  it.each<Row>([
    // curl -d a=1 https://app.example.com/transfer
    ['from a program', 'POST', form, 'passes', 'hono: refuses'],
    [
      'with a Bearer token',
      'POST',
      { ...form, Authorization: 'Bearer eyJ' },
      'passes',
      'hono: refuses',
    ],
    [
      'with a scheme that only begins like one',
      'POST',
      { ...form, Authorization: 'Basic-Like x' },
      'passes',
      'hono: refuses',
    ],
    // A browser older than 2020, or one whose proxy takes headers away.
    ['with a cookie', 'POST', { ...form, ...cookie }, 'metadata-missing', 'hono: refuses'],
    ['with a cookie and JSON', 'POST', { ...json, ...cookie }, 'metadata-missing', 'hono: passes'],
    [
      'with any cookie at all',
      'POST',
      { ...form, Cookie: 'theme=dark' },
      'metadata-missing',
      'hono: refuses',
    ],
    // A browser that was once asked for a password repeats it for every site's forms.
    [
      'with Basic',
      'POST',
      { ...form, Authorization: 'Basic YTpi' },
      'metadata-missing',
      'hono: refuses',
    ],
    [
      'with basic',
      'POST',
      { ...json, Authorization: 'bAsIc YTpi' },
      'metadata-missing',
      'hono: passes',
    ],
    [
      'with Negotiate',
      'POST',
      { ...json, Authorization: 'Negotiate YII' },
      'metadata-missing',
      'hono: passes',
    ],
    [
      'with NTLM',
      'POST',
      { ...json, Authorization: 'NTLM TlR' },
      'metadata-missing',
      'hono: passes',
    ],
    [
      'with Digest',
      'POST',
      { ...json, Authorization: 'Digest username="a"' },
      'metadata-missing',
      'hono: passes',
    ],
  ])('%s', async (_, method, headers, answer, hono) => {
    expect(ask({}, method, headers)).toBe(answer)
    expect(await askHono(method, headers)).toBe(hono)
  })

  it.each<[what: string, options: CrossOriginOptions<never>, headers: Heads, answer: Answer]>([
    ['deny refuses curl', { missing: 'deny' }, {}, 'metadata-missing'],
    ['deny lets our page pass', { missing: 'deny' }, { 'Sec-Fetch-Site': 'same-origin' }, 'passes'],
    ['allow lets a cookie pass', { missing: 'allow' }, cookie, 'passes'],
    [
      'allow refuses another Origin',
      { missing: 'allow' },
      { Origin: 'https://evil.example' },
      'origin-mismatch',
    ],
    [
      'allow refuses a Sec-Fetch-Site nobody knows',
      { missing: 'allow' },
      { 'Sec-Fetch-Site': 'x' },
      'metadata-missing',
    ],
    ['our cookie counts', { cookieNames: ['__Host-session'] }, cookie, 'metadata-missing'],
    [
      'our cookie counts among others',
      { cookieNames: ['b'] },
      { Cookie: 'a=1; b =2' },
      'metadata-missing',
    ],
    [
      'another cookie does not',
      { cookieNames: ['__Host-session'] },
      { Cookie: '__cf_bm=x' },
      'passes',
    ],
    ['no cookie counts', { cookieNames: [] }, cookie, 'passes'],
    [
      'Basic counts as well as cookies',
      { cookieNames: [] },
      { Authorization: 'Basic YTpi' },
      'metadata-missing',
    ],
    [
      'the application says: yes',
      { credentials: (h) => h.has('X-Api-Key') },
      { 'X-Api-Key': 'k' },
      'metadata-missing',
    ],
    [
      'the application says: no',
      { credentials: () => false },
      { ...cookie, Authorization: 'Basic YTpi' },
      'passes',
    ],
  ])('%s', (_, options, headers, answer) => {
    expect(ask(options, 'POST', headers)).toBe(answer)
  })
})

// navigator.sendBeacon sends text/plain or a Blob's type, <a ping> sends text/ping, reports application/csp-report; a
// Blob without a type sends none. Hono asks only three types, so that each of the others was a way around.
describe('the content type never matters', () => {
  const types: Array<[type: string | undefined, hono: Hono]> = [
    ['application/x-www-form-urlencoded', 'hono: refuses'],
    ['APPLICATION/X-WWW-FORM-URLENCODED; charset=utf-8', 'hono: refuses'],
    ['multipart/form-data; boundary=x', 'hono: refuses'],
    ['text/plain', 'hono: refuses'],
    ['text/plain; application/json', 'hono: refuses'],
    ['text/ping', 'hono: refuses'],
    ['application/json', 'hono: passes'],
    ['application/csp-report', 'hono: passes'],
    ['application/graphql', 'hono: passes'],
    ['x/y', 'hono: passes'],
    ['', 'hono: refuses'],
    [undefined, 'hono: refuses'],
  ]
  it.each(types)('%s', async (type, hono) => {
    const headers = type === undefined ? {} : { 'Content-Type': type }
    const evil = {
      ...headers,
      ...cookie,
      'Sec-Fetch-Site': 'cross-site',
      Origin: 'https://evil.example',
    }
    expect(ask({}, 'POST', evil)).toBe('cross-site')
    expect(ask({}, 'POST', { ...headers, ...cookie, 'Sec-Fetch-Site': 'same-origin' })).toBe(
      'passes',
    )
    expect(await askHono('POST', evil)).toBe(hono)
  })
})

describe('the origin of the application', () => {
  const one: CrossOriginOptions<never> = { publicOrigins: 'https://www.example.com' }
  const two: CrossOriginOptions<never> = {
    publicOrigins: ['https://a.example', 'https://b.example'],
  }
  const bound: CrossOriginOptions<never> = { publicOrigins: (c: { env: { A: string } }) => c.env.A }
  it.each<
    [what: string, options: CrossOriginOptions<never>, url: string, origin: string, answer: Answer]
  >([
    ['is that of the url', {}, 'http://localhost:8787/', 'http://localhost:8787', 'passes'],
    [
      'is that of the url, in lower case',
      {},
      'https://APP.example.com:443/',
      'https://app.example.com',
      'passes',
    ],
    ['is an address', {}, 'http://[::1]:8787/', 'http://[::1]:8787', 'passes'],
    ['is none where the url has none', {}, 'https://a:b@app.example.com/', '', 'origin-mismatch'],
    [
      'is the public one behind a proxy',
      one,
      'http://10.0.0.7:3000/x',
      'https://www.example.com',
      'passes',
    ],
    [
      'is the public one and not that of the url',
      one,
      site,
      'https://app.example.com',
      'origin-mismatch',
    ],
    [
      'is the one of several that was asked',
      two,
      'https://a.example/',
      'https://a.example',
      'passes',
    ],
    // b.example is ours as well; that a page of it may send to a.example is for trustedOrigins to say.
    [
      'is not another one of several',
      two,
      'https://a.example/',
      'https://b.example',
      'origin-mismatch',
    ],
    [
      'is any of several where a proxy hides which',
      two,
      'http://10.0.0.7/',
      'https://b.example',
      'passes',
    ],
    ['is none but these', two, 'http://10.0.0.7/', 'http://10.0.0.7', 'origin-mismatch'],
  ])('%s', (_, options, url, origin, answer) => {
    expect(ask(options, 'POST', { Origin: origin }, url, '/')).toBe(answer)
    if (origin !== '')
      expect(ask(options, 'POST', { Referer: `${origin}/form` }, url, '/')).toBe(answer)
  })

  it('may come from the environment, and is judged with the first request that could need it', () => {
    const policy = csrfPolicy(bound, createIssues('csrf'))
    const post = (env: object, headers: Heads): unknown =>
      checkCrossOrigin(
        { method: 'POST', headers: new Headers(headers), url: site },
        policy,
        '/',
        env,
      )
    expect(post({ A: 'https://a.example' }, { Origin: 'https://a.example' })).toEqual({ ok: true })
    expect(post({ A: 'https://b.example' }, { Origin: 'https://a.example' })).toEqual({
      ok: false,
      reason: 'origin-mismatch',
    })
    for (const env of [{}, { A: 'https://a.example/' }, { A: 'null' }]) {
      expect(() => post(env, { 'Sec-Fetch-Site': 'same-origin' })).toThrow(ConfigError)
    }
  })
})

describe('a trusted origin', () => {
  const anywhere: CrossOriginOptions<never> = {
    trustedOrigins: ['https://shop.example', 'capacitor://localhost'],
  }
  const route: CrossOriginOptions<never> = {
    trust: [
      { path: '/callback', origins: ['https://login.example'] },
      { path: '/live', methods: ['GET'], origins: ['https://shop.example'] },
    ],
  }
  const crossing = { 'Sec-Fetch-Site': 'cross-site' }
  type TrustRow = [
    what: string,
    CrossOriginOptions<never>,
    request: string,
    headers: Heads,
    answer: Answer,
  ]
  it.each<TrustRow>([
    [
      'may send anything',
      anywhere,
      'DELETE /x',
      { ...crossing, Origin: 'https://shop.example' },
      'by trust',
    ],
    [
      'may be an app',
      anywhere,
      'POST /x',
      { ...crossing, Origin: 'capacitor://localhost' },
      'by trust',
    ],
    [
      'may be on the same site',
      anywhere,
      'POST /x',
      { 'Sec-Fetch-Site': 'same-site', Origin: 'https://shop.example' },
      'by trust',
    ],
    [
      'may have an old browser',
      anywhere,
      'POST /x',
      { Origin: 'https://shop.example' },
      'by trust',
    ],
    [
      'may have a very old browser',
      anywhere,
      'POST /x',
      { Referer: 'https://shop.example/cart' },
      'by trust',
    ],
    [
      'does not open the door for others',
      anywhere,
      'POST /x',
      { ...crossing, Origin: 'https://evil.example' },
      'cross-site',
    ],
    [
      'is not its Referer where Origin is hidden',
      anywhere,
      'POST /x',
      { ...crossing, Origin: 'null', Referer: 'https://shop.example/' },
      'cross-site',
    ],
    [
      'is not its Referer where the browser knows better',
      anywhere,
      'POST /x',
      { ...crossing, Referer: 'https://shop.example/' },
      'cross-site',
    ],
    [
      'has no hosts below it',
      anywhere,
      'POST /x',
      { ...crossing, Origin: 'https://x.shop.example' },
      'cross-site',
    ],
    [
      'has a scheme',
      anywhere,
      'POST /x',
      { ...crossing, Origin: 'http://shop.example' },
      'cross-site',
    ],
    [
      'has a case',
      anywhere,
      'POST /x',
      { ...crossing, Origin: 'https://SHOP.example' },
      'cross-site',
    ],
    // OpenID Connect with response_mode=form_post: login.example makes the browser post the code to us.
    [
      'may send to its route',
      route,
      'POST /callback',
      { ...crossing, Origin: 'https://login.example' },
      'by trust',
    ],
    [
      'may not send to another route',
      route,
      'POST /x',
      { ...crossing, Origin: 'https://login.example' },
      'cross-site',
    ],
    [
      'may not send with another method',
      route,
      'PUT /callback',
      { ...crossing, Origin: 'https://login.example' },
      'cross-site',
    ],
    [
      'is not everybody on that route',
      route,
      'POST /callback',
      { ...crossing, Origin: 'https://evil.example' },
      'cross-site',
    ],
    [
      'may open a socket',
      route,
      'GET /live',
      { ...socket, Origin: 'https://shop.example' },
      'by trust',
    ],
    [
      'may not open every socket',
      route,
      'GET /chat',
      { ...socket, Origin: 'https://shop.example' },
      'origin-mismatch',
    ],
  ])('%s', (_, options, request, headers, answer) => {
    const [method = '', path = ''] = request.split(' ')
    expect(ask(options, method, headers, `https://app.example.com${path}`)).toBe(answer)
  })
})

describe('an exempt route', () => {
  const options: CrossOriginOptions<never> = {
    exempt: [{ path: '/hook' }, { path: '/dav/', methods: ['PUT', 'DELETE'] }],
    missing: 'deny',
  }
  type PathRow = [request: string, answer: Answer]
  it.each<PathRow>([
    ['POST /hook', 'by exempt'],
    ['PUT /dav/', 'by exempt'],
    ['DELETE /dav/', 'by exempt'],
    ['PUT /hook', 'metadata-missing'],
    ['POST /dav/', 'metadata-missing'],
    // CVE-2025-47910: Go's `/hello/` also exempted `/hello`, whose handler trusted the check.
    ['PUT /dav', 'metadata-missing'],
    ['POST /hook/', 'metadata-missing'],
    ['POST /hook/x', 'metadata-missing'],
    ['POST /hooks', 'metadata-missing'],
    ['POST /Hook', 'metadata-missing'],
    ['POST /hook%2f', 'metadata-missing'],
    ['POST /%68ook', 'metadata-missing'],
    ['POST //hook', 'metadata-missing'],
    ['POST /x/../hook', 'metadata-missing'],
    ['POST /hook;x', 'metadata-missing'],
    ['POST /hook?x', 'metadata-missing'],
    ['post /hook', 'metadata-missing'],
  ])('%s: %s', (request, answer) => {
    const [method = '', path = ''] = request.split(' ')
    expect(ask(options, method, {}, site, path)).toBe(answer)
  })

  it('takes requests of other sites, and says what it overruled', () => {
    const faults = createIssues()
    const headers = new Headers({ 'Sec-Fetch-Site': 'cross-site' })
    const request = { method: 'POST', headers, url: 'https://app.example.com/hook' }
    expect(checkCrossOrigin(request, csrfPolicy(options, faults), '/hook')).toEqual({
      ok: true,
      by: 'exempt',
      reason: 'cross-site',
    })
  })

  it('has nothing to overrule where the request is ours', () => {
    expect(ask(options, 'POST', { 'Sec-Fetch-Site': 'same-origin' }, site, '/hook')).toBe('passes')
  })
})

describe('trustSameSite', () => {
  it.each<[headers: Heads, trusting: Answer]>([
    [{ 'Sec-Fetch-Site': 'same-site', Origin: 'https://blog.example.com' }, 'passes'],
    [{ 'Sec-Fetch-Site': 'cross-site', Origin: 'https://blog.example.com' }, 'cross-site'],
    // Which hosts are one site only a browser can say.
    [{ Origin: 'https://blog.example.com' }, 'origin-mismatch'],
  ])('%j: %s', (headers, trusting) => {
    expect(ask({ trustSameSite: true }, 'POST', headers)).toBe(trusting)
    expect(ask({ trustSameSite: false }, 'POST', headers)).not.toBe('passes')
  })
})
