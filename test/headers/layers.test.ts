import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { type HeaderOptions, headerWriter, secureHeaders } from '../../src/headers/index.ts'
import { createIssues } from '../../src/options/index.ts'
import { errorPage } from '../../src/page/index.ts'

const https = { https: true, host: 'app.example' }

function write(options: HeaderOptions, response: Response): Response {
  const wrong = createIssues()
  const writer = headerWriter(options, wrong)
  wrong.throwIfAny()
  return writer(response, https)
}

function wrong(options: unknown): string {
  try {
    secureHeaders(options as HeaderOptions)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'nothing'
}

describe('secureHeaders inside secureHeaders', () => {
  const outer: HeaderOptions = {
    referrerPolicy: 'origin',
    xFrameOptions: 'SAMEORIGIN',
    crossOriginOpenerPolicy: false,
  }
  const app = new Hono()
    .use(secureHeaders(outer))
    .use('/a/*', secureHeaders({ xFrameOptions: null, xDnsPrefetchControl: 'on' }))
    .use('/a/b/*', secureHeaders({ xDnsPrefetchControl: false, crossOriginOpenerPolicy: true }))
    .use('/p/*', secureHeaders({ preset: 'api' }))
    .get('*', (c) => c.html('<p>', 200, c.req.query('set') ? { 'X-Frame-Options': 'DENY' } : {}))
  const names = [
    'Referrer-Policy',
    'X-Frame-Options',
    'Cross-Origin-Opener-Policy',
    'X-DNS-Prefetch-Control',
  ]

  it.each([
    ['/', ['origin', 'SAMEORIGIN', null, null]],
    ['/a/x', ['origin', null, null, 'on']],
    ['/a/b/x', ['origin', null, 'same-origin', null]],
    ['/p/x', ['no-referrer', 'SAMEORIGIN', null, null]],
    // null is stronger than a handler.
    ['/a/x?set=1', ['origin', null, null, 'on']],
    ['/?set=1', ['origin', 'DENY', null, null]],
  ])('%s: the inner options lie over the outer ones', async (path, values) => {
    for (let i = 0; i < 2; i++) {
      const { headers } = await app.request(`https://app.example${path}`)
      expect(names.map((name) => headers.get(name))).toEqual(values)
    }
  })

  it('writes each header once', async () => {
    const { headers } = await app.request('https://app.example/a/b/x')
    expect(headers.get('Referrer-Policy')).toBe('origin')
    expect(headers.get('Content-Security-Policy')?.match(/default-src/g)).toHaveLength(1)
  })

  it('that contradict each other answer 503, with the headers of the outer one', async () => {
    const app = new Hono()
      .use(secureHeaders({ crossOriginIsolated: true }))
      .use('/popup', secureHeaders({ crossOriginOpenerPolicy: 'unsafe-none' }))
      .get('*', (c) => c.html('<p>'))
    app.onError(errorPage({ report: () => {} }))
    const response = await app.request('https://app.example/popup')
    expect(response.status).toBe(503)
    expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect((await app.request('https://app.example/')).status).toBe(200)
  })

  it('serves an app inside another that is mounted as a handler', async () => {
    const inner = new Hono()
      .use(secureHeaders({ referrerPolicy: 'no-referrer' }))
      .get('/', (c) => c.html('<p>'))
    const app = new Hono().use(secureHeaders()).mount('/inner', inner.fetch)
    const { headers } = await app.request('https://app.example/inner/')
    expect(headers.get('Referrer-Policy')).toBe('no-referrer')
    expect(headers.get('X-Frame-Options')).toBe('DENY')
  })
})

describe('null', () => {
  it('takes away what the handler or an upstream set; false leaves it', () => {
    const given = {
      'Content-Type': 'text/html',
      'Content-Security-Policy': "default-src 'self'",
      'X-Frame-Options': 'DENY',
    }
    const nulled = write(
      { contentSecurityPolicy: null, xFrameOptions: null },
      new Response('', { headers: given }),
    )
    expect([
      nulled.headers.get('Content-Security-Policy'),
      nulled.headers.get('X-Frame-Options'),
    ]).toEqual([null, null])
    const off = write(
      { contentSecurityPolicy: false, xFrameOptions: false },
      new Response('', { headers: given }),
    )
    expect(off.headers.get('Content-Security-Policy')).toBe("default-src 'self'")
    expect(off.headers.get('X-Frame-Options')).toBe('DENY')
  })
})

describe('enforce', () => {
  const given = {
    'Content-Type': 'text/html',
    'Content-Security-Policy': '*',
    'X-Frame-Options': 'SAMEORIGIN',
  }

  it('sets what it lists over the handler, once, and leaves the rest', () => {
    const { headers } = write(
      { enforce: ['contentSecurityPolicy'] },
      new Response('', { headers: given }),
    )
    expect(headers.get('Content-Security-Policy')).toMatch(
      /^default-src 'none'; script-src 'nonce-[\w-]{24}'/,
    )
    expect(headers.get('X-Frame-Options')).toBe('SAMEORIGIN')
  })

  it.each([
    [
      ['xFrameOption'],
      "enforce must be a list of names of header options, such as ['xFrameOptions']; did you mean xFrameOptions?",
    ],
    [['strip'], 'enforce must be a list of names of header options'],
    ['all', 'enforce must be a list of names of header options'],
    [[7], 'enforce must be a list of names of header options'],
  ])('of %j is refused', (enforce, says) => {
    expect(wrong({ enforce })).toContain(says)
  })
})

describe('Cross-Origin-Resource-Policy', () => {
  it.each<[options: HeaderOptions, origin: string | undefined, value: string | null]>([
    [{}, undefined, 'same-origin'],
    // CORS says that others may read it; same-origin would keep <img crossorigin> and fonts from them all the same.
    [{}, '*', 'cross-origin'],
    [{}, 'https://other.example', 'cross-origin'],
    [{ crossOriginResourcePolicy: true }, '*', 'cross-origin'],
    [{ crossOriginResourcePolicy: 'same-origin' }, '*', 'same-origin'],
    [{ crossOriginResourcePolicy: 'same-site' }, '*', 'same-site'],
    [{ crossOriginResourcePolicy: false }, '*', null],
    [{ enforce: ['crossOriginResourcePolicy'] }, '*', 'cross-origin'],
  ])('with %j and Access-Control-Allow-Origin: %s is %s', (options, origin, value) => {
    const headers = new Headers({ 'Content-Type': 'font/woff2' })
    if (origin) headers.set('Access-Control-Allow-Origin', origin)
    expect(
      write(options, new Response('', { headers })).headers.get('Cross-Origin-Resource-Policy'),
    ).toBe(value)
  })
})

describe('crossOriginIsolated', () => {
  const names = [
    'Cross-Origin-Embedder-Policy',
    'Cross-Origin-Opener-Policy',
    'Cross-Origin-Resource-Policy',
  ]
  it.each<[HeaderOptions, Array<string | null>]>([
    [{}, [null, 'same-origin', 'same-origin']],
    [{ crossOriginIsolated: false }, [null, 'same-origin', 'same-origin']],
    [{ crossOriginIsolated: true }, ['require-corp', 'same-origin', 'same-origin']],
    [{ crossOriginIsolated: 'credentialless' }, ['credentialless', 'same-origin', 'same-origin']],
  ])('%j sends all three or none', (options, values) => {
    const { headers } = write(
      options,
      new Response('', { headers: { 'Content-Type': 'text/html' } }),
    )
    expect(names.map((name) => headers.get(name))).toEqual(values)
  })

  it.each([
    [
      { crossOriginIsolated: true, crossOriginOpenerPolicy: 'unsafe-none' },
      "crossOriginOpenerPolicy must be 'same-origin'",
    ],
    [
      { crossOriginIsolated: true, crossOriginOpenerPolicy: false },
      "crossOriginOpenerPolicy must be 'same-origin'",
    ],
    [
      { crossOriginIsolated: true, crossOriginEmbedderPolicy: false },
      'crossOriginEmbedderPolicy contradicts',
    ],
    [{ crossOriginIsolated: 'yes' }, 'crossOriginIsolated must be true, false, null or one of'],
  ])('%j is refused', (options, says) => {
    expect(wrong(options)).toContain(says)
  })
})

describe('publicOrigin', () => {
  it.each<[origin: unknown, url: string, hsts: string | null]>([
    [undefined, 'http://app.internal/', null],
    ['https://app.example', 'http://app.internal/', 'max-age=63072000; includeSubDomains'],
    ['https://app.example:8443/', 'http://127.0.0.1/', 'max-age=63072000; includeSubDomains'],
    [
      (c: { env: { ORIGIN: string } }) => c.env.ORIGIN,
      'http://app.internal/',
      'max-age=63072000; includeSubDomains',
    ],
    ['http://app.example', 'https://app.internal/', null],
    ['https://localhost', 'http://app.internal/', null],
  ])('%s for a request to %s pins: %s', async (publicOrigin, url, hsts) => {
    const app = new Hono()
      .use(secureHeaders({ publicOrigin } as object))
      .get('/', (c) => c.text('ok'))
    const response = await app.request(
      url,
      { headers: { 'X-Forwarded-Proto': 'https' } },
      { ORIGIN: 'https://app.example' },
    )
    expect(response.headers.get('Strict-Transport-Security')).toBe(hsts)
  })

  it.each(['app.example', 'https://app.example/path', 'ftp://app.example', 7])(
    '%s is refused',
    (publicOrigin) => {
      expect(wrong({ publicOrigin })).toContain(
        'publicOrigin must be an origin such as https://app.example.com',
      )
    },
  )
})
