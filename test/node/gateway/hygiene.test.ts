/** What a client can send over a socket and no `fetch` would: the gateway in bare workerd, an origin that records. */
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Origin, startOrigin } from '../../support/origin.ts'
import { type RawRequest, type RawResponse, raw, rawFetch } from '../../support/raw.ts'
import { startWorkerd, type Workerd } from '../../support/workerd.ts'

let origin: Origin
let plain: Workerd
let secure: Workerd
beforeAll(async () => {
  origin = await startOrigin()
  const start = (PUBLIC_ORIGIN: string): Promise<Workerd> =>
    startWorkerd(
      { entry: 'test/node/gateway/hygiene.fixture.ts' },
      { bindings: { PUBLIC_ORIGIN, UPSTREAM_URL: origin.url } },
    )
  ;[plain, secure] = await Promise.all([
    start('http://gateway.test'),
    start('https://gateway.test'),
  ])
})
afterAll(async () => {
  await Promise.all([plain.stop(), secure.stop()])
  await origin.stop()
})
beforeEach(() => origin.reset())

const ask = (request: RawRequest): Promise<RawResponse> =>
  rawFetch(plain.port, { host: 'gateway.test', ...request })
/** Nothing reached the origin; a moment later neither, since the next request is there. */
async function untouched(): Promise<void> {
  await ask({ path: '/after' })
  expect(origin.received.map(({ url }) => url)).toEqual(['/after'])
}
const page: RawRequest['headers'] = [
  ['Accept', 'text/html'],
  ['Sec-Fetch-Mode', 'navigate'],
]

describe('the name a client asks for', () => {
  it.each(['gateway.test', 'GATEWAY.test', 'gateway.test:80', 'www.gateway.test'])(
    '%s is answered',
    async (host) => {
      expect((await ask({ host })).status).toBe(200)
    },
  )

  // curl -H 'Host: evil.example' http://gateway.test/reset: the origin would write that name into a mail
  it.each([
    'evil.example',
    'gateway.test.evil.example',
    'evil-gateway.test',
    'gateway.test:8080',
    'gateway.test.',
    '127.0.0.1',
    'gateway.test@evil.example',
  ])('%s is not', async (host) => {
    const response = await ask({ host })
    expect([421, 400, 500]).toContain(response.status)
    if (host !== 'gateway.test@evil.example') expect(response.status).toBe(421)
    await untouched()
  })

  it('may be any for the health endpoint, and for no other of our own', async () => {
    expect((await ask({ host: '10.0.0.7:8080', path: '/.portcullis/health' })).text).toBe(
      '{"ok":true}',
    )
    expect((await ask({ host: '10.0.0.7:8080', path: '/.portcullis/jwks.json' })).status).toBe(421)
  })

  it('is not what X-Forwarded-Host says', async () => {
    const headers = [['X-Forwarded-Host', 'gateway.test']] as const
    expect((await ask({ host: 'evil.example', headers })).status).toBe(421)
  })

  it('in a refusal is not repeated, and the page says what to check', async () => {
    const response = await ask({ host: 'evil.example', headers: page })
    expect(response.text).not.toContain('evil.example')
    expect(response.text).toContain(
      'This server does not serve the host name in this address. Check the address.',
    )
    expect(response.header('x-content-type-options')).toBe('nosniff')
  })
})

describe('plain http where https is meant', () => {
  const send = (request: RawRequest): Promise<RawResponse> =>
    rawFetch(secure.port, { host: 'gateway.test', ...request })
  it('sends a page there, path and query as they are', async () => {
    const response = await send({ path: '/a?b=c%20d', headers: page })
    expect([response.status, response.header('location')]).toEqual([
      308,
      'https://gateway.test/a?b=c%20d',
    ])
    expect(origin.received).toEqual([])
  })
  it('from another of its names, to the public origin', async () => {
    const response = await send({ host: 'www.gateway.test', headers: page })
    expect(response.header('location')).toBe('https://gateway.test/')
  })
  it.each([
    ['a form', { method: 'POST', headers: page, body: 'a=b' }],
    ['a program', { headers: [['Authorization', 'Bearer x']] as const }],
    ['a script', { headers: [['Sec-Fetch-Mode', 'cors']] as const }],
  ])('refuses %s', async (_, request) => {
    expect((await send(request)).status).toBe(403)
    expect(origin.received).toEqual([])
  })
  it('passes what the platform says came by https, and the health endpoint', async () => {
    expect((await send({ headers: [['CF-Visitor', '{"scheme":"https"}']] })).status).toBe(200)
    expect((await send({ path: '/.portcullis/health' })).status).toBe(200)
  })
})

describe('the head of a request', () => {
  it.each([
    ['a url of 8 KB and more', { path: `/${'a'.repeat(8200)}` }, 414],
    ['201 parameters', { path: `/?${'a=1&'.repeat(200)}b=2` }, 400],
    ['a parameter over 4 KB', { path: `/?a=${'b'.repeat(4100)}` }, 400],
    [
      '101 headers',
      { headers: Array.from({ length: 101 }, (_, i) => [`X-${i}`, '1'] as const) },
      431,
    ],
    ['a header over 16 KB', { headers: [['X-Large', 'x'.repeat(16_400)]] as const }, 431],
    ['cookies over 16 KB', { headers: [['Cookie', `a=${'b'.repeat(16_400)}`]] as const }, 431],
    [
      '33 KB of headers',
      { headers: [1, 2, 3].map((i) => [`X-${i}`, 'x'.repeat(11_000)] as const) },
      431,
    ],
  ])('with %s is refused', async (_, request, status) => {
    const response = await ask(request)
    expect(response.status).toBe(status)
    expect(response.header('x-content-type-options')).toBe('nosniff')
    await untouched()
  })
  it('of ordinary size is not', async () => {
    const headers = Array.from({ length: 60 }, (_, i) => [`X-${i}`, 'x'.repeat(200)] as const)
    expect((await ask({ path: `/?${'a=1&'.repeat(150)}`, headers })).status).toBe(200)
  })
  // TRACE would send the cookies back to a script that cannot read them
  it.each(['TRACE', 'TRACK', 'PROPFIND'])('with the method %s gets no further', async (method) => {
    expect([405, 501]).toContain((await ask({ method })).status)
    await untouched()
  })
})

describe('the body of a request', () => {
  it('within the limit goes on with its length', async () => {
    expect((await ask({ method: 'POST', path: '/small/x', body: 'a'.repeat(100) })).status).toBe(
      200,
    )
    expect([origin.last().text.length, origin.last().header('content-length')]).toEqual([
      100,
      '100',
    ])
  })
  it('over the limit by its own word is refused before it is sent', async () => {
    const headers = [['Content-Length', '101']] as const
    // No byte of it: an answer can only come from the word.
    expect((await ask({ method: 'POST', path: '/small/x', headers })).status).toBe(413)
    await untouched()
  })
  it('is refused altogether where none is taken, and a request without one is not', async () => {
    expect((await ask({ method: 'POST', path: '/none', body: 'a' })).status).toBe(413)
    expect((await ask({ method: 'POST', path: '/none', body: '' })).status).toBe(200)
  })

  it('in chunks within the limit goes on', async () => {
    const response = await ask({
      method: 'POST',
      path: '/small/x',
      headers: [['Transfer-Encoding', 'chunked']],
      body: '5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n',
    })
    expect([response.status, origin.last().text]).toEqual([200, 'helloworld'])
  })

  // curl -T - http://gateway.test/large/x < /dev/zero
  it('in chunks over the limit is answered 413 while the client still sends, and the origin is left in the middle', async () => {
    const client = await endless(plain.port, '/large/x')
    const answer = await client.answered
    client.socket.destroy()
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    const [received] = await origin.waitFor(1)
    expect(received?.aborted).toBe(true)
    expect(received?.body.length).toBeLessThanOrEqual(1_000_000)
    // What it wrote down is no whole request to it: no end ever came.
    expect(plain.stdout.some((line) => line.includes('"reason":"body-too-large"'))).toBe(true)
  })

  it('in small chunks is counted as one', async () => {
    const body = `${'1\r\na\r\n'.repeat(101)}0\r\n\r\n`
    const response = await ask({
      method: 'POST',
      path: '/small/x',
      headers: [['Transfer-Encoding', 'chunked']],
      body,
    })
    expect(response.status).toBe(413)
  })

  it('that comes slowly goes on as it comes', async () => {
    const socket = connect(plain.port, '127.0.0.1')
    socket.write('POST /small/slow HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 3\r\n\r\na')
    const got = new Promise<string>((resolve) =>
      socket.once('data', (data) => resolve(data.toString('latin1'))),
    )
    await ask({ path: '/meanwhile' })
    socket.write('b')
    await ask({ path: '/meanwhile' })
    socket.write('c')
    expect(await got).toMatch(/^HTTP\/1\.1 200 /)
    expect(origin.last().text).toBe('abc')
    socket.destroy()
  })

  it('that breaks off before its length is no request to the origin', async () => {
    const socket = connect(plain.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.end('POST /small/x HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 50\r\n\r\nhello')
    const [received] = await origin.waitFor(1)
    expect(received?.aborted).toBe(true)
    socket.destroy()
  })

  // Two servers that read these differently take the rest of the body for a request of its own.
  it.each([
    ['a length that is a word', 'Content-Length: abc\r\n\r\nhello'],
    ['a negative length', 'Content-Length: -1\r\n\r\nhello'],
    ['a length with a sign', 'Content-Length: +5\r\n\r\nhello'],
    ['two lengths', 'Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello'],
    ['two lengths that differ', 'Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
    ['a list of lengths', 'Content-Length: 5, 5\r\n\r\nhello'],
    [
      'a length and chunks',
      'Content-Length: 30\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    ],
  ])('with %s never reaches the origin', async (_, rest) => {
    const [answer] = await raw(
      plain.port,
      `POST /small/x HTTP/1.1\r\nHost: gateway.test\r\n${rest}`,
    )
    // workerd answers most of them itself, before any Worker.
    expect([400, 500]).toContain(answer?.status)
    await untouched()
  })

  it('of GET is dropped', async () => {
    expect((await ask({ path: '/none', body: 'hello' })).status).toBe(200)
    expect(origin.last().text).toBe('')
  })

  it.each([
    ['application/json', 200],
    ['Application/JSON;charset=utf-8', 200],
    // <form enctype="text/plain">, whose field is JSON
    ['text/plain', 415],
    ['application/x-www-form-urlencoded', 415],
    [undefined, 415],
  ])('of type %s where JSON is taken: %i', async (type, status) => {
    const headers = type === undefined ? [] : [['Content-Type', type] as const]
    expect((await ask({ method: 'POST', path: '/json', headers, body: '{}' })).status).toBe(status)
    expect(origin.received.length).toBe(status === 200 ? 1 : 0)
  })
})

/** A client that sends chunks until it is answered. */
async function endless(
  port: number,
  path: string,
): Promise<{ socket: Socket; answered: Promise<string> }> {
  const socket = connect(port, '127.0.0.1')
  const chunk = `10000\r\n${'a'.repeat(65_536)}\r\n`
  socket.write(`POST ${path} HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n`)
  const answered = new Promise<string>((resolve, reject) => {
    let text = ''
    socket.on('data', (data) => {
      text += data.toString('latin1')
      if (text.includes('\r\n\r\n')) resolve(text)
    })
    socket.on('error', () => (text ? resolve(text) : reject(new Error('closed without an answer'))))
    socket.on('close', () => (text ? resolve(text) : reject(new Error('closed without an answer'))))
  })
  const send = (): void => {
    while (!socket.destroyed && socket.write(chunk)) {}
  }
  socket.on('drain', send)
  // At most 4 MB before the first drain; the limit is 1.
  send()
  return { socket, answered }
}
