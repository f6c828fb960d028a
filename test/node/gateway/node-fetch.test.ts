/** The gateway in Node, on Node's own fetch: what differs from Workers is seen on a real connection. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createGateway, type Gateway, type SecurityEvent } from '../../../src/gateway/index.ts'

let server: Server
let answering: (request: IncomingMessage, response: ServerResponse) => unknown
let gateway: Gateway
let asked = 0
const events: SecurityEvent[] = []
const faults: unknown[] = []
beforeAll(async () => {
  server = createServer((request, response) => {
    asked++
    answering(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  gateway = createGateway<'app', object>({
    publicOrigin: 'https://app.example.com',
    upstreams: {
      app: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, timeoutMs: 5000 },
    },
    routes: [{ path: '/*', to: 'app', access: 'public' }],
    onEvent: (event) => events.push(event),
    onFault: (error) => faults.push(error),
  })
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})
beforeEach(() => {
  asked = 0
  events.length = 0
  faults.length = 0
})

const ask = (path: string, init?: RequestInit): Promise<Response> =>
  gateway.fetch(new Request(`https://app.example.com${path}`, init))

describe('on the fetch of Node', () => {
  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
  ] as const)(
    'a body in %s arrives decoded, and nothing says that it is coded',
    async (coding, pack) => {
      const body = pack(Buffer.from('compressed '.repeat(100)))
      answering = (_request, response) =>
        response
          .writeHead(200, { 'content-encoding': coding, 'content-length': body.length })
          .end(body)
      const response = await ask('/x', { headers: { 'accept-encoding': coding } })
      expect(await response.text()).toBe('compressed '.repeat(100))
      expect([
        response.headers.get('content-encoding'),
        response.headers.get('content-length'),
      ]).toEqual([null, null])
    },
  )

  // `fetch` adds no-cache to what must not be stored, and servers such as Express then answer no condition with 304.
  it('P7: a conditional request is not turned into one that refuses every cache', async () => {
    let control: string | undefined
    answering = ({ headers }, response) => {
      control = headers['cache-control']
      response.writeHead(/no-cache/.test(`${control}`) ? 200 : 304, { etag: '"1"' }).end()
    }
    expect((await ask('/x', { headers: { 'if-none-match': '"1"' } })).status).toBe(304)
    expect(control).toBe('max-age=31536000')
    await ask('/x', { headers: { 'cache-control': 'max-age=0' } })
    expect(control).toBe('max-age=0')
  })

  it('HEAD and 304 keep what they say of the body that they have not', async () => {
    answering = (request, response) =>
      response
        .writeHead(request.method === 'HEAD' ? 200 : 304, {
          'content-encoding': 'gzip',
          etag: '"1"',
          ...(request.method === 'HEAD' && { 'content-length': '123' }),
        })
        .end()
    const head = await ask('/x', { method: 'HEAD' })
    expect([
      head.status,
      head.headers.get('content-length'),
      head.headers.get('content-encoding'),
    ]).toEqual([200, '123', 'gzip'])
    const same = await ask('/x', { headers: { 'if-none-match': '"1"' } })
    expect([same.status, same.headers.get('etag'), same.body]).toEqual([304, '"1"', null])
  })

  it('an interim 103 is passed over: the answer is the one that follows', async () => {
    answering = (_request, response) =>
      response.writeEarlyHints({ link: '</a.css>; rel=preload; as=style' }, () =>
        response.end('final'),
      )
    const response = await ask('/x')
    expect([response.status, await response.text(), response.headers.get('link')]).toEqual([
      200,
      'final',
      null,
    ])
  })

  it('an upstream that resets is asked once more, a POST is not', async () => {
    answering = (request, response) =>
      asked === 1 ? request.socket.resetAndDestroy() : response.end('second')
    expect(await (await ask('/x')).text()).toBe('second')
    expect([asked, events.map(({ type }) => type)]).toEqual([2, ['upstream-retried']])
    asked = 0
    const origin = { origin: 'https://app.example.com' }
    expect((await ask('/x', { method: 'POST', body: 'a', headers: origin })).status).toBe(502)
    expect(asked).toBe(1)
  })

  it('a client that leaves takes its upstream along, before the first byte and after it', async () => {
    for (const first of [false, true]) {
      const leave = new AbortController()
      const left = new Promise<void>((done) => {
        answering = (_request, response) => {
          response.once('close', () => done())
          if (first) response.writeHead(200).write('first')
          else leave.abort()
        }
      })
      const response = await ask('/x', { signal: leave.signal })
      if (first) {
        expect(response.status).toBe(200)
        leave.abort()
      }
      await left
    }
    expect(faults).toEqual([])
  })

  it('a stream of events arrives one by one', async () => {
    let next: () => void = () => {}
    answering = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
      next = () => response.end('data: 2\n\n')
    }
    const reader = (await ask('/x')).body?.pipeThrough(new TextDecoderStream()).getReader()
    expect((await reader?.read())?.value).toBe('data: 1\n\n')
    next()
    expect((await reader?.read())?.value).toBe('data: 2\n\n')
    expect((await reader?.read())?.done).toBe(true)
  })
})
