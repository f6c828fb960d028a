import { describe, expect, it } from 'vitest'
import { createIssues } from '../../src/options/index.ts'
import {
  arrivedOverHttps,
  checkHttps,
  compileKnownHosts,
  type Platform,
  readUrlHost,
} from '../../src/request/index.ts'

describe('a list of hosts', () => {
  const known = compileKnownHosts(
    ['app.example.com', 'localhost:8787', '127.0.0.1:*', '[::1]:*', 'xn--bcher-kva.example'],
    createIssues(),
  )
  it.each([
    ['https://app.example.com/', true],
    ['https://APP.example.com:443/x', true],
    ['http://app.example.com:80/', true],
    ['https://app.example.com:8443/', false],
    ['https://app.example.com./', false],
    ['https://evil.example/', false],
    ['https://app.example.com.evil.example/', false],
    ['https://evil-app.example.com/', false],
    ['https://app.example.com@evil.example/', false],
    ['https://evil.example#app.example.com/', false],
    ['http://localhost:8787/', true],
    ['http://localhost/', false],
    ['http://localhost:8788/', false],
    ['http://127.0.0.1/', true],
    ['http://127.0.0.1:49152/', true],
    ['http://127.0.0.2:49152/', false],
    ['http://[::1]:3000/', true],
    ['http://[::1]/', true],
    ['http://[::2]:3000/', false],
    ['https://xn--bcher-kva.example/', true],
    ['ftp://app.example.com/', false],
    ['/x', false],
  ])('%s: %s', (url, expected) => {
    expect(known(readUrlHost(url))).toBe(expected)
  })

  it.each([
    ['*.example.com'],
    ['*'],
    ['App.example.com'],
    ['https://app.example.com'],
    ['app.example.com/'],
    ['app.example.com:443'],
    ['app.example.com:80'],
    ['app.example.com:1:*'],
    [':*'],
    [''],
    ['a b'],
    ['user@app.example.com'],
    [5],
    [undefined],
  ])('holds no %j', (host) => {
    const list = createIssues('hosts')
    compileKnownHosts(['app.example.com', host], list)
    expect(() => list.throwIfAny()).toThrow(
      'hosts.1 must be a host such as www.example.com, localhost:8080 or 127.0.0.1:*',
    )
  })

  it('must be a list', () => {
    const list = createIssues('hosts')
    expect(compileKnownHosts('app.example.com', list)('app.example.com')).toBe(false)
    expect(() => list.throwIfAny()).toThrow('hosts must be a list of hosts')
  })
})

type Heads = Record<string, string>
const [http, https] = ['http://app.example.com/', 'https://app.example.com/']

describe('whether a client came by https', () => {
  it.each([
    ['none', https, {}, true],
    ['none', http, {}, false],
    ['none', http, { 'X-Forwarded-Proto': 'https', 'CF-Visitor': '{"scheme":"https"}' }, false],
    ['cloudflare', https, {}, true],
    ['cloudflare', http, {}, false],
    ['cloudflare', http, { 'CF-Visitor': '{"scheme":"https"}' }, true],
    ['cloudflare', http, { 'CF-Visitor': '{"scheme":"http"}' }, false],
    ['cloudflare', http, { 'X-Forwarded-Proto': 'https' }, false],
    ['vercel', http, { 'X-Forwarded-Proto': 'https' }, true],
    ['vercel', http, { 'X-Forwarded-Proto': 'http' }, false],
    ['vercel', http, {}, false],
    // curl -H 'X-Forwarded-Proto: https' http://... through a proxy that appends
    [{ hops: 1 }, http, { 'X-Forwarded-Proto': 'https, http' }, false],
    [{ hops: 2 }, http, { 'X-Forwarded-Proto': 'https,http' }, true],
    [{ hops: 2 }, http, { 'X-Forwarded-Proto': 'HTTPS' }, true],
    [{ hops: 1 }, http, { 'X-Forwarded-Proto': '' }, false],
    [undefined, https, {}, true],
    [undefined, http, {}, false],
    [undefined, http, { 'X-Forwarded-Proto': 'https' }, true],
    [undefined, http, { 'CF-Visitor': '{"scheme":"https"}' }, true],
    [undefined, http, { 'X-Forwarded-Proto': 'http', 'CF-Visitor': '{"scheme":"http"}' }, false],
  ] as Array<[Platform | undefined, string, Heads, boolean]>)(
    '%j, %s with %j: %s',
    (platform, url, headers, expected) => {
      expect(arrivedOverHttps({ url, headers: new Headers(headers) }, platform)).toBe(expected)
    },
  )

  const page = { Accept: 'text/html', 'Sec-Fetch-Mode': 'navigate' }
  it.each([
    ['GET', http, page, 'redirect'],
    ['HEAD', http, { Accept: 'text/html' }, 'redirect'],
    // A form's fields went out in the clear already; sending them on would hide it.
    ['POST', http, page, 'refused'],
    ['GET', http, { Accept: 'application/json' }, 'refused'],
    ['GET', http, {}, 'refused'],
    ['GET', http, { ...page, 'Sec-Fetch-Mode': 'cors' }, 'refused'],
    ['GET', https, page, 'passes'],
    ['POST', https, {}, 'passes'],
    ['GET', 'http://localhost:8787/', page, 'passes'],
    ['POST', 'http://127.0.0.1:8787/', {}, 'passes'],
    ['GET', 'http://[::1]/', page, 'passes'],
    ['GET', 'http://localhost.evil.example/', page, 'redirect'],
  ] as Array<[string, string, Heads, string]>)(
    '%s %s with %j: %s',
    (method, url, headers, expected) => {
      const verdict = checkHttps({ method, url, headers: new Headers(headers) }, 'none')
      const got = verdict.ok ? 'passes' : verdict.redirect ? 'redirect' : 'refused'
      expect(got).toBe(expected)
      if (!verdict.ok) expect(verdict.reason).toBe('https-required')
    },
  )
})
