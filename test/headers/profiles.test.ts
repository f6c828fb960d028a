import { describe, expect, it } from 'vitest'
import { type HeaderOptions, headerWriter } from '../../src/headers/index.ts'
import { createIssues } from '../../src/options/index.ts'

const https = { https: true, host: 'app.example' }
const http = { https: false, host: 'app.example' }

function written(
  status: number,
  type: string | undefined,
  about = https,
  options: HeaderOptions = {},
): object {
  const wrong = createIssues()
  const write = headerWriter(options, wrong)
  wrong.throwIfAny()
  const response = new Response(null, { status })
  if (type) response.headers.set('Content-Type', type)
  const answer = write(response, about)
  answer.headers.delete('Content-Type')
  return Object.fromEntries(
    [...answer.headers].map(([name, value]) => [
      name,
      value.replaceAll(/'nonce-[\w-]{24}'/g, "'nonce-N'"),
    ]),
  )
}

const everywhere = {
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
}
const referring = { ...everywhere, 'referrer-policy': 'strict-origin-when-cross-origin' }
const closed =
  "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
/** With N for the nonce. */
const strict =
  "default-src 'none'; script-src 'nonce-N' 'strict-dynamic' https: 'unsafe-inline'; style-src 'self' 'nonce-N'; " +
  "img-src 'self' data:; font-src 'self'; connect-src 'self'; media-src 'self'; manifest-src 'self'; " +
  "worker-src 'self'; frame-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; " +
  "require-trusted-types-for 'script'; frame-ancestors 'none'"
const denied =
  'accelerometer=(), bluetooth=(), camera=(), captured-surface-control=(), clipboard-read=(), compute-pressure=(), ' +
  'display-capture=(), geolocation=(), gyroscope=(), hid=(), idle-detection=(), language-model=(), local-fonts=(), ' +
  'local-network=(), local-network-access=(), loopback-network=(), magnetometer=(), microphone=(), midi=(), ' +
  'on-device-speech-recognition=(), payment=(), private-state-token-issuance=(), private-state-token-redemption=(), ' +
  'serial=(), summarizer=(), usb=(), window-management=(), xr-spatial-tracking=()'

function upgrading(policy: string): string {
  return policy.replace("for 'script';", "for 'script'; upgrade-insecure-requests;")
}

const document = {
  ...referring,
  'x-frame-options': 'DENY',
  'content-security-policy': upgrading(strict),
  'cross-origin-opener-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'permissions-policy': denied,
}
const api = { ...everywhere, 'content-security-policy': closed }
const asset = { ...referring, 'content-security-policy': closed }
const redirect = { ...asset, 'cross-origin-opener-policy': 'same-origin' }
const script = {
  ...referring,
  'content-security-policy':
    "script-src 'strict-dynamic' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'wasm-unsafe-eval' https: " +
    "'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}
const svg = {
  ...referring,
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
}
const media = {
  ...referring,
  'content-security-policy':
    "default-src 'none'; media-src 'self'; object-src 'self'; base-uri 'none'; form-action 'none'; " +
    "frame-ancestors 'none'; require-trusted-types-for 'script'",
}
const notModified = {
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  'x-content-type-options': 'nosniff',
}

describe('the recommended profile over https', () => {
  it.each<[name: string, status: number, type: string | undefined, headers: object]>([
    ['a page', 200, 'text/html', document],
    ['a page with its encoding', 200, 'text/html; charset=utf-8', document],
    ['a page in capitals', 200, 'Text/HTML;charset=UTF-8', document],
    ['an XHTML page', 200, 'application/xhtml+xml', document],
    ['a page that is not found', 404, 'text/html', document],
    ['a page that failed', 500, 'text/html', document],
    ['a page of choices', 300, 'text/html', document],
    ['a page with status 305, which nobody follows', 305, 'text/html', document],
    ['JSON', 200, 'application/json', api],
    ['a problem', 403, 'application/problem+json', api],
    ['text', 200, 'text/plain; charset=UTF-8', api],
    ['XML', 200, 'application/xml', api],
    ['a stream of events', 200, 'text/event-stream', api],
    ['bytes', 206, 'application/octet-stream', api],
    ['no type', 200, undefined, api],
    ['no content', 204, undefined, api],
    ['nonsense for a type', 200, 'x', api],
    ['a type that begins like HTML', 200, 'text/htm', api],
    ['a style sheet', 200, 'text/css', asset],
    ['an image', 200, 'image/png', asset],
    ['a font', 200, 'font/woff2', asset],
    ['WebAssembly', 200, 'application/wasm', asset],
    ['JavaScript', 200, 'text/javascript; charset=utf-8', script],
    ['JavaScript under its second name', 200, 'application/javascript', script],
    ['JavaScript under an old name', 200, 'application/x-javascript', script],
    ['ECMAScript', 200, 'text/ecmascript', script],
    ['SVG', 200, 'image/svg+xml', svg],
    ['a film', 200, 'video/mp4', media],
    ['a song', 206, 'audio/mpeg', media],
    ['a PDF', 200, 'application/pdf', media],
    ['301', 301, 'text/html', redirect],
    ['302', 302, undefined, redirect],
    ['303', 303, undefined, redirect],
    ['307', 307, undefined, redirect],
    ['308', 308, undefined, redirect],
    // What a cache stored keeps what it came with.
    ['304', 304, undefined, notModified],
    ['304 with a type', 304, 'text/html', notModified],
  ])('of %s', (_, status, type, headers) => {
    expect(written(status, type)).toEqual(headers)
  })

  it('has no header that browsers dropped, and none that breaks embedding', () => {
    const names = Object.keys(written(200, 'text/html')).join()
    expect(names).not.toMatch(
      /x-xss-protection|x-download-options|cross-origin-embedder-policy|expect-ct|feature-policy/,
    )
  })
})

describe('over plain http', () => {
  it.each([
    [
      'text/html',
      { ...document, 'content-security-policy': strict, 'x-dns-prefetch-control': 'off' },
    ],
    ['application/json', api],
  ])('%s is neither pinned to https nor upgraded', (type, headers) => {
    const { 'strict-transport-security': _, ...rest } = headers
    expect(written(200, type, http)).toEqual(rest)
  })
})

describe('X-DNS-Prefetch-Control', () => {
  it.each<[string, HeaderOptions, typeof https, string | undefined]>([
    ['is left to browsers over https', {}, https, undefined],
    ['is off over http', {}, http, 'off'],
    ['is off over https for who asks for it', { xDnsPrefetchControl: true }, https, 'off'],
    ['is off over https for who says so', { xDnsPrefetchControl: 'off' }, https, 'off'],
    ['is on where it is wanted', { xDnsPrefetchControl: 'on' }, https, 'on'],
    ['is on over http too', { xDnsPrefetchControl: 'on' }, http, 'on'],
    [
      'is not sent over http for who does not want it',
      { xDnsPrefetchControl: false },
      http,
      undefined,
    ],
  ])('%s', (_, options, about, value) => {
    const headers = written(200, 'text/html', about, options) as Record<string, string>
    expect(headers['x-dns-prefetch-control']).toBe(value)
    expect(written(200, 'application/json', about, options)).not.toHaveProperty(
      'x-dns-prefetch-control',
    )
  })
})

describe('Strict-Transport-Security', () => {
  it.each([
    ['max-age=63072000; includeSubDomains', 'app.example'],
    ['max-age=63072000; includeSubDomains', 'app.example:8443'],
    ['max-age=63072000; includeSubDomains', 'APP.EXAMPLE.'],
    ['max-age=63072000; includeSubDomains', 'intranet'],
    ['max-age=63072000; includeSubDomains', '1.example'],
    ['max-age=63072000; includeSubDomains', 'localhost.example'],
    ['max-age=63072000; includeSubDomains', 'notlocalhost'],
    [undefined, 'localhost'],
    [undefined, 'localhost:8787'],
    [undefined, 'LocalHost.'],
    [undefined, 'app.localhost'],
    [undefined, '127.0.0.1'],
    [undefined, '127.0.0.1:443'],
    [undefined, '203.0.113.9'],
    [undefined, '127.1'],
    [undefined, '0x7f000001'],
    [undefined, '2130706433'],
    [undefined, '[::1]'],
    [undefined, '[2001:db8::1]:443'],
    [undefined, ''],
    [undefined, '.'],
    [undefined, ':443'],
    [undefined, '127.0.0.0x1'],
    [undefined, '1.2.3.08.'],
    ['max-age=63072000; includeSubDomains', '1.2.3.4x'],
    ['max-age=63072000; includeSubDomains', '4.localhost.example.:1'],
    ['max-age=63072000; includeSubDomains', 'xn--0x1'],
  ])('is %s for https on "%s"', (value, host) => {
    const headers = written(200, 'text/html', { https: true, host }) as Record<string, string>
    expect(headers['strict-transport-security']).toBe(value)
    expect(headers['content-security-policy']).toBe(value ? upgrading(strict) : strict)
    expect(headers['x-dns-prefetch-control']).toBe(value ? undefined : 'off')
  })

  it.each(['app.example', 'localhost', '127.0.0.1'])(
    'is absent for http on %s, whatever the options',
    (host) => {
      const headers = written(
        200,
        'text/html',
        { https: false, host },
        { strictTransportSecurity: true },
      )
      expect(headers).not.toHaveProperty('strict-transport-security')
    },
  )
})
