import { describe, expect, test } from 'vitest'
import { publicCache } from '../../src/gateway/index.ts'
import { createMapStore } from './cache/support.ts'
import { bench } from './support.ts'

const token = 'placeholder-3f9c1e7ab2d84c60'
const headers = { preset: 'recommended', noncePlaceholder: token } as const
const html = `<script nonce="${token}"></script>`

describe('P9: a placeholder for the nonce is learned from no answer', () => {
  // Range: bytes=0-20, then bytes=21-40: neither part holds the whole token, and both together tell it.
  test.each([
    { range: 'bytes=0-20' },
    { range: 'bytes=21-40', 'if-range': '"1"' },
    { 'accept-encoding': 'gzip, br' },
  ])('P9: %j does not reach the upstream', async (sent) => {
    const at = await bench({ headers })
    at.answer = () => new Response(html, { headers: { 'content-type': 'text/html' } })
    const answer = await at.ask('/', { headers: sent as Record<string, string> })
    expect(await answer.text()).not.toContain(token)
    const { headers: got } = at.last()
    expect([got.get('range'), got.get('if-range'), got.get('accept-encoding')]).toEqual([
      null,
      null,
      'identity',
    ])
  })

  test.each([
    ...[
      'text/plain',
      'text/css',
      'text/javascript',
      'application/json',
      'application/problem+json',
      'image/svg+xml',
    ],
    ...[
      'text/event-stream',
      'application/xml',
      'application/manifest+json',
      'TEXT/PLAIN; charset=utf-8',
    ],
  ])('P9: %s leaves without it, with its validator', async (type) => {
    const at = await bench({ headers })
    at.answer = () =>
      new Response(`a ${token} b`, {
        headers: { 'content-type': type, etag: '"1"', 'content-length': '32' },
      })
    const answer = await at.ask('/')
    expect([await answer.text(), answer.headers.get('etag')]).toEqual(['a  b', '"1"'])
    expect(answer.headers.get('content-length')).toBe(null)
  })

  test('P9: also where chunks cut it, and an image stays as it is', async () => {
    const at = await bench({ headers })
    at.answer = () => {
      const body = new ReadableStream<Uint8Array>({
        start(controller): void {
          for (const part of ['x', token.slice(0, 9), token.slice(9), 'y'])
            controller.enqueue(new TextEncoder().encode(part))
          controller.close()
        },
      })
      return new Response(body, { headers: { 'content-type': 'text/plain' } })
    }
    expect(await (await at.ask('/')).text()).toBe('xy')
    at.answer = () =>
      new Response(token, { headers: { 'content-type': 'image/png', 'content-length': '28' } })
    const image = await at.ask('/')
    expect([await image.text(), image.headers.get('content-length')]).toEqual([token, '28'])
  })

  test.each([
    [206, { 'content-type': 'text/html', 'content-range': 'bytes 0-9/40' }, 502],
    [206, { 'content-type': 'text/plain', 'content-range': 'bytes 0-9/40' }, 502],
    [206, { 'content-type': 'video/mp4', 'content-range': 'bytes 0-9/40' }, 206],
  ])('P9: an upstream that answers %i %j all the same: %i', async (status, said, expected) => {
    const at = await bench({ headers })
    at.answer = () =>
      new Response(html.slice(0, 10), { status, headers: said as Record<string, string> })
    const answer = await at.ask('/')
    expect(answer.status).toBe(expected)
    if (expected === 502) expect(await answer.text()).not.toContain('<script')
  })

  test('P9: a cache that gives parts gives none there', async () => {
    const cache = publicCache({ store: createMapStore(), ranges: true })
    const at = await bench({
      headers,
      routes: [
        { path: '/login', to: 'app', access: 'public' },
        { path: '/*', to: 'app', access: 'public', cache },
      ],
    })
    at.answer = () =>
      new Response(html, {
        headers: { 'content-type': 'text/html', 'cache-control': 'max-age=60' },
      })
    for (let i = 0; i < 2; i++) {
      const answer = await at.ask('/x', { headers: { range: 'bytes=0-20' } })
      expect([answer.status, (await answer.text()).length > 40]).toEqual([200, true])
    }
  })
})

describe('O4: the own error page of a gateway', () => {
  // Each error page made one false report: its style is allowed by its own policy, and by no other.
  test.each([
    {},
    { headers: { preset: 'recommended' } },
    { headers: { preset: 'recommended', enforce: ['contentSecurityPolicy'] } },
    { headers: { preset: 'compat', contentSecurityPolicyReportOnly: true } },
  ] as const)('O4: has one policy, its own: %j', async (options) => {
    const at = await bench(options as never)
    at.answer = () => new Response('<p>', { headers: { 'content-type': 'text/html' } })
    const page = { accept: 'text/html', 'sec-fetch-dest': 'document' }
    for (const path of ['/a%2fb', `/x?${'a'.repeat(9000)}`]) {
      const answer = await at.ask(path, { headers: page })
      expect([400, 414]).toContain(answer.status)
      expect(answer.headers.get('content-security-policy-report-only')).toBe(null)
      expect(answer.headers.get('content-security-policy')).toMatch(
        /^default-src 'none'; style-src 'sha256-/,
      )
    }
    const ours = await at.ask('/', { headers: page })
    const policy =
      ours.headers.get('content-security-policy-report-only') ??
      ours.headers.get('content-security-policy')
    expect(policy).toContain('report-uri /.portcullis/reports')
  })
})

describe('O5: reports over plain http', () => {
  test.each([
    ['https://app.example.com', true],
    ['http://localhost:8787', false],
  ])('O5: a policy of %s names an endpoint: %s', async (publicOrigin, named) => {
    const at = await bench({ publicOrigin, platform: 'none' })
    at.answer = () => new Response('<p>', { headers: { 'content-type': 'text/html' } })
    for (const path of ['/', '/a%2fb']) {
      const request = new Request(publicOrigin + path, {
        headers: { accept: 'text/html', 'sec-fetch-dest': 'document' },
      })
      const { headers: said } = await at.gateway.fetch(request)
      const policy =
        said.get('content-security-policy-report-only') ?? said.get('content-security-policy') ?? ''
      expect(policy).toContain('report-uri /.portcullis/reports')
      expect(policy.includes('report-to portcullis')).toBe(named)
    }
  })
})
