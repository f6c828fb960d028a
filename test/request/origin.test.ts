import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  isHttps,
  isLoopbackHost,
  readUrlHost,
  readUrlHostName,
  readUrlOrigin,
} from '../../src/request/index.ts'

describe('originOf, hostOf, hostNameOf', () => {
  it.each([
    ['https://shop.example/a?b', 'https://shop.example', 'shop.example', 'shop.example'],
    ['http://shop.example', 'http://shop.example', 'shop.example', 'shop.example'],
    ['https://shop.example?a=/b', 'https://shop.example', 'shop.example', 'shop.example'],
    ['https://shop.example#/b', 'https://shop.example', 'shop.example', 'shop.example'],
    ['https://SHOP.example/A', 'https://shop.example', 'shop.example', 'shop.example'],
    ['https://shop.example:443/', 'https://shop.example', 'shop.example', 'shop.example'],
    ['http://shop.example:80/', 'http://shop.example', 'shop.example', 'shop.example'],
    ['https://shop.example:80/', 'https://shop.example:80', 'shop.example:80', 'shop.example'],
    ['http://localhost:8787/', 'http://localhost:8787', 'localhost:8787', 'localhost'],
    ['http://[::1]:8787/', 'http://[::1]:8787', '[::1]:8787', '[::1]'],
    ['http://[2001:DB8::1]/', 'http://[2001:db8::1]', '[2001:db8::1]', '[2001:db8::1]'],
    [
      'https://a_b.shop.example/',
      'https://a_b.shop.example',
      'a_b.shop.example',
      'a_b.shop.example',
    ],
  ])('%s has origin %s, host %s, name %s', (url, origin, host, name) => {
    expect([readUrlOrigin(url), readUrlHost(url), readUrlHostName(url)]).toEqual([
      origin,
      host,
      name,
    ])
    const parsed = new URL(url)
    expect([parsed.origin, parsed.host, parsed.hostname]).toEqual([origin, host, name])
  })

  // Whatever a URL parser would have to interpret is like no host anyone configured.
  it.each([
    ['https://shop.example@evil.example/'],
    ['https://user:pass@shop.example/'],
    ['https://shop.example:x/'],
    ['https://shop.example:/'],
    ['https://shop.example:123456/'],
    ['https://sh%6fp.example/'],
    ['https://shöp.example/'],
    ['https://shop .example/'],
    ['https://shop\t.example/'],
    ['https://shop.example,evil.example/'],
    ['https:///shop.example/'],
    ['https://[::1/'],
    ['https://[::1]x/'],
    ['https://'],
    ['//shop.example/'],
    ['/a'],
    ['ws://shop.example/'],
    ['HTTPS://shop.example/'],
    [''],
  ])('%j has none', (url) => {
    expect([readUrlOrigin(url), readUrlHost(url), readUrlHostName(url)]).toEqual(['', '', ''])
  })

  it('ends a host at a backslash, as browsers do', () => {
    expect(readUrlHost('https://evil.example\\@shop.example/')).toBe('evil.example')
  })

  it('agrees with the URL parser about every url it has written', () => {
    fc.assert(
      fc.property(
        fc.webUrl({ withQueryParameters: true, withFragments: true }),
        fc.nat(65535),
        (text, port) => {
          const url = new URL(text)
          url.port = String(port)
          expect([
            readUrlOrigin(url.href),
            readUrlHost(url.href),
            readUrlHostName(url.href),
          ]).toEqual([url.origin, url.host, url.hostname])
        },
      ),
    )
  })
})

describe('isHttps', () => {
  it.each([
    ['https://shop.example/', true],
    ['http://shop.example/?https://', false],
    ['httpsx://shop.example/', false],
    ['', false],
  ])('%j: %s', (url, answer) => {
    expect(isHttps(url)).toBe(answer)
  })
})

describe('isLoopbackHost', () => {
  it.each([
    ['localhost', true],
    ['localhost:8787', true],
    ['LOCALHOST', true],
    ['app.localhost', true],
    ['app.localhost:8787', true],
    ['127.0.0.1', true],
    ['127.0.0.1:8787', true],
    ['127.255.255.254', true],
    ['[::1]', true],
    ['[::1]:8787', true],
    ['::1', true],
    ['', false],
    ['localhost.evil.example', false],
    ['evillocalhost', false],
    ['127.0.0.1.evil.example', false],
    ['127.1', false],
    ['127.0.0.256', false],
    ['128.0.0.1', false],
    ['0.0.0.0', false],
    ['192.168.1.2:8787', false],
    ['[::2]', false],
    ['nas.local', false],
  ])('%j: %s', (host, answer) => {
    expect(isLoopbackHost(host)).toBe(answer)
  })
})
