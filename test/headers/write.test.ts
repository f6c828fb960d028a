import { describe, expect, it } from 'vitest'
import { type HeaderOptions, type HeaderWriter, headerWriter } from '../../src/headers/index.ts'
import { createIssues } from '../../src/options/index.ts'

const https = { https: true, host: 'app.example' }
const closed =
  "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

function writer(options: HeaderOptions = {}): HeaderWriter {
  const wrong = createIssues()
  const write = headerWriter(options, wrong)
  wrong.throwIfAny()
  return write
}
const write = writer()

/** A response as a fetch returns it: its headers cannot be changed. */
function immutable(response: Response): Response {
  const refuse = (): never => {
    throw new TypeError("Can't modify immutable headers.")
  }
  for (const method of ['set', 'append', 'delete'] as const) {
    Object.defineProperty(response.headers, method, { value: refuse })
  }
  return response
}

describe('a response whose headers cannot be changed', () => {
  it('is copied with status, text, body and every cookie', async () => {
    const response = new Response('body', { status: 418, statusText: 'Short and stout' })
    response.headers.append('Set-Cookie', 'a=1; Path=/')
    response.headers.append('Set-Cookie', 'b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT')
    response.headers.set('Content-Type', 'text/plain')
    response.headers.set('X-Powered-By', 'Express')
    const copy = write(immutable(response), https)
    expect(copy).not.toBe(response)
    expect(copy.status).toBe(418)
    expect(copy.statusText).toBe('Short and stout')
    expect(copy.headers.getSetCookie()).toEqual([
      'a=1; Path=/',
      'b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT',
    ])
    expect(copy.headers.get('Content-Security-Policy')).toBe(closed)
    expect(copy.headers.has('X-Powered-By')).toBe(false)
    expect(await copy.text()).toBe('body')
  })

  it('may be a Response.redirect', () => {
    const response = write(Response.redirect('https://app.example/next', 303), https)
    expect(response.status).toBe(303)
    expect(response.headers.get('Location')).toBe('https://app.example/next')
    expect(response.headers.get('Strict-Transport-Security')).toBe(
      'max-age=63072000; includeSubDomains',
    )
    expect(response.headers.get('Content-Security-Policy')).toBe(closed)
    expect(response.body).toBe(null)
  })

  it.each([204, 205, 304])('gets no body with status %i', (status) => {
    const response = write(
      immutable(new Response(null, { status, statusText: 'So', headers: { ETag: '"1"' } })),
      https,
    )
    expect([response.status, response.statusText]).toEqual([status, 'So'])
    expect(response.body).toBe(null)
    expect(response.headers.get('ETag')).toBe('"1"')
    expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff')
  })

  it('is returned as it is when there is nothing to change', () => {
    const off = {
      strip: false,
      removePoweredBy: false,
      contentSecurityPolicy: false,
      referrerPolicy: false,
    } as const
    const rest = {
      xFrameOptions: false,
      xContentTypeOptions: false,
      crossOriginResourcePolicy: false,
    } as const
    const response = immutable(new Response('x'))
    expect(writer({ ...off, ...rest, strictTransportSecurity: false })(response, https)).toBe(
      response,
    )
  })

  it('is returned as it is, and nothing is thrown, when its body was read', async () => {
    const response = immutable(new Response('x'))
    await response.text()
    expect(write(response, https)).toBe(response)
  })
})

describe('a response that passes untouched', () => {
  it.each([101, 103, 0])('has status %i', (status) => {
    const headers = new Headers({ Server: 'x' })
    const response = { status, headers, webSocket: {} } as unknown as Response
    expect(write(response, https)).toBe(response)
    expect([...headers.keys()]).toEqual(['server'])
  })

  it('is Response.error()', () => {
    const response = Response.error()
    expect(write(response, https)).toBe(response)
  })
})

describe('a writer for several hosts', () => {
  it('pins each that can be pinned, in whatever order they come', () => {
    for (const host of [
      'app.example',
      'localhost',
      'localhost',
      'app.example',
      '127.0.0.1',
      'other.example',
    ]) {
      const pinned = host.endsWith('.example')
      expect(
        write(new Response(''), { https: true, host }).headers.has('Strict-Transport-Security'),
      ).toBe(pinned)
      expect(
        write(new Response(''), { https: false, host }).headers.has('Strict-Transport-Security'),
      ).toBe(false)
    }
  })
})

describe('what the handler set', () => {
  it.each([
    ['Content-Security-Policy', "default-src 'self'"],
    // Two policies are both enforced.
    ['Content-Security-Policy', "default-src 'self', frame-ancestors 'self'"],
    ['Strict-Transport-Security', 'max-age=300'],
    ['Referrer-Policy', 'no-referrer, same-origin'],
    ['X-Frame-Options', 'SAMEORIGIN'],
    ['X-Content-Type-Options', 'nosniff'],
    ['Permissions-Policy', 'camera=(self), microphone=(self)'],
    ['Cross-Origin-Opener-Policy', 'unsafe-none'],
    ['Cross-Origin-Resource-Policy', 'cross-origin'],
    ['Origin-Agent-Cluster', '?0'],
    ['X-DNS-Prefetch-Control', 'on'],
  ])('stays: %s: %s', (name, value) => {
    const response = new Response('', { headers: { 'Content-Type': 'text/html', [name]: value } })
    expect(write(response, https).headers.get(name)).toBe(value)
  })

  // Two servers in a row set a header each; joined by a comma the value is none, and browsers ignore it.
  it.each([
    ['Strict-Transport-Security', 'max-age=300, max-age=0', 'max-age=63072000; includeSubDomains'],
    ['X-Frame-Options', 'SAMEORIGIN, DENY', 'DENY'],
    ['X-Content-Type-Options', 'nosniff, sniff', 'nosniff'],
    ['Cross-Origin-Opener-Policy', 'unsafe-none, same-origin', 'same-origin'],
    ['Cross-Origin-Resource-Policy', 'cross-origin, same-origin', 'same-origin'],
  ])('is replaced where it says two things at once: %s: %s', (name, value, ours) => {
    const response = new Response('', { headers: { 'Content-Type': 'text/html' } })
    for (const part of value.split(', ')) response.headers.append(name, part)
    expect(response.headers.get(name)).toBe(value)
    expect(write(response, https).headers.get(name)).toBe(ours)
  })

  it('is written to only once, however often the writer runs', () => {
    const once = write(new Response('', { headers: { 'Content-Type': 'text/html' } }), https)
    const before = [...once.headers]
    expect([...write(once, https).headers]).toEqual(before)
  })
})

describe('a body', () => {
  // What buffers a response holds the first byte back until the last is there.
  it.each(['changeable', 'immutable'])('is not held back, headers %s', async (how) => {
    let finish: (() => void) | undefined
    const body = new ReadableStream<Uint8Array>({
      start(controller): void {
        controller.enqueue(new TextEncoder().encode('first'))
        finish = () => controller.close()
      },
    })
    const response = new Response(body, { headers: { 'Content-Type': 'text/event-stream' } })
    const answer = write(how === 'immutable' ? immutable(response) : response, https)
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('first')
    finish?.()
    expect((await reader.read()).done).toBe(true)
  })
})
