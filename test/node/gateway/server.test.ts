/** `portcullis/node`: what passes through it is what was sent, over raw sockets. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { zstdCompressSync } from 'node:zlib'
import express from 'express'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type GatewayServer, type ServeOptions, serve } from '../../../node/index.ts'
import { createGateway, type GatewayConfig, gatewayThrottle } from '../../../src/gateway/index.ts'
import { memoryThrottle } from '../../../src/limit/index.ts'
import { closeCode } from '../../support/bad-frames.ts'
import { raw, rawFetch, rawRequest } from '../../support/raw.ts'
import { openSocket, startSocketOrigin } from '../../support/socket-origin.ts'
import { startTcpOrigin, type TcpOrigin } from '../../support/tcp-origin.ts'

const publicOrigin = 'http://localhost'
const servers: GatewayServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop()
})

type Config = Partial<GatewayConfig<'app', object>>

async function start(
  url: string,
  options: ServeOptions = {},
  config: Config = {},
): Promise<GatewayServer> {
  const gateway = createGateway<'app', object>({
    publicOrigin,
    limits: false,
    upstreams: { app: { url } },
    routes: [{ path: '/*', to: 'app', access: 'public', csrf: false }],
    ...config,
  })
  const server = await serve(gateway, { port: 0, signals: false, ...options })
  servers.push(server)
  return server
}

describe('what passes', () => {
  let origin: TcpOrigin
  let port: number
  beforeAll(async () => {
    origin = await startTcpOrigin()
  })
  afterAll(() => origin.stop())
  beforeEach(async () => {
    origin.reset()
    port = (await start(origin.url)).port
  })

  /** Header lines of the request that reached the upstream, without those of the gateway. */
  const received = (): string[] =>
    (origin.requests[0] ?? '')
      .replace(/\r\n\r\n.*$/s, '')
      .split('\r\n')
      .slice(1)
      .map((line) => line.toLowerCase())
      .filter(
        (line) =>
          !/^(?:host|connection|content-security-policy|x-forwarded-|forwarded|x-request-id|portcullis-)/.test(
            line,
          ),
      )
      .sort()

  it('P2: a request gets no header that the client did not send, and loses none', async () => {
    await rawFetch(port, {
      path: '/x',
      headers: [
        ['Sec-Fetch-Mode', 'navigate'],
        ['If-None-Match', '"1"'],
        ['Accept-Encoding', 'gzip, deflate, br, zstd'],
      ],
    })
    expect(received()).toEqual([
      'accept-encoding: gzip, deflate, br, zstd',
      'if-none-match: "1"',
      'sec-fetch-mode: navigate',
    ])
    origin.reset()
    await rawFetch(port, { path: '/x' })
    expect(received()).toEqual([])
  })

  it.each([
    ['POST', undefined, []],
    ['POST', '', ['content-length: 0']],
    ['POST', 'ab', ['content-length: 2']],
    ['PUT', undefined, []],
    ['DELETE', undefined, []],
    ['DELETE', 'ab', ['content-length: 2']],
    ['OPTIONS', 'ab', ['content-length: 2']],
  ])('P2: the body of %s %j is framed as the client framed it', async (method, body, expected) => {
    await rawFetch(port, { method, path: '/x', ...(body !== undefined && { body }) })
    expect(received()).toEqual(expected)
    expect(origin.requests[0]).toMatch(new RegExp(`\\r\\n\\r\\n${body ?? ''}$`))
  })

  it('T11: a login in multipart/form-data arrives in its bytes, with its length', async () => {
    const at = await start(
      origin.url,
      {},
      {
        throttle: gatewayThrottle({
          store: memoryThrottle(),
          secret: 'rT5-8mQz_v7RpLx0Wc4sTn6Yb1Hf9Ja3',
        }),
        routes: [
          {
            path: '/*',
            methods: ['POST'],
            to: 'app',
            access: 'public',
            csrf: false,
            throttle: { account: { form: 'email' }, success: { cookie: 'sid' } },
          },
        ],
      },
    )
    const part = (head: string, value: string): string =>
      `--x\r\nContent-Disposition: form-data; ${head}\r\n\r\n${value}\r\n`
    const body = `${part('name="email"', 'zo\u00c3\u00a9')}${part('name="f"; filename="f"', '\u00ff\0\n\u00e9')}--x--\r\n`
    const head = `POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n`
    await raw(at.port, `${head}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`)
    const [sent = ''] = origin.requests
    expect(sent.slice(sent.indexOf('\r\n\r\n') + 4)).toBe(body)
    expect(sent.toLowerCase()).toContain(`\r\ncontent-length: ${body.length}\r\n`)
  })

  it('P2: a chunked body stays chunked, its trailer fields stop here', async () => {
    const request = rawRequest({
      method: 'POST',
      path: '/x',
      headers: [['Transfer-Encoding', 'chunked']],
    })
    await raw(port, `${request}2\r\nab\r\n0\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n`)
    expect(received()).toEqual(['transfer-encoding: chunked'])
    expect(origin.requests[0]).toMatch(/\r\n\r\n2\r\nab\r\n0\r\n\r\n$/)
  })

  it('P1: a body in any coding arrives in its bytes, whole or in part', async () => {
    const packed = zstdCompressSync(Buffer.from('packed '.repeat(50)))
    for (const coding of [
      'zstd',
      'gzip',
      'x-gzip',
      'br',
      'deflate',
      'gzip, br',
      'foo',
      'aes128gcm',
    ]) {
      for (const line of ['200 OK', '206 Partial Content']) {
        origin.answer((socket) => {
          socket.write(
            `HTTP/1.1 ${line}\r\nContent-Encoding: ${coding}\r\nContent-Length: ${packed.length}\r\n\r\n`,
          )
          socket.write(packed)
        })
        const answer = await rawFetch(port, { path: '/x', headers: [['Accept-Encoding', coding]] })
        expect([answer.header('content-encoding'), Buffer.compare(answer.body, packed)]).toEqual([
          coding,
          0,
        ])
      }
    }
  })

  it('P2: the status line, the head and the framing of an answer are those of the upstream', async () => {
    for (const [head, body] of [
      ['HTTP/1.1 200 Fine by me\r\nContent-Length: 2', 'ok'],
      ['HTTP/1.1 200 \r\nContent-Length: 2', 'ok'],
      ['HTTP/1.1 418 Teapot\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 0', ''],
      ['HTTP/1.1 599 Odd\r\nContent-Length: 0', ''],
      ['HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nContent-Length: 500', ''],
      ['HTTP/1.1 204 No Content\r\nX-B: caf\xe9', ''],
    ] as const) {
      origin.answer(`${head}\r\n\r\n${body}`)
      const answer = await rawFetch(port, { path: '/x' })
      const [, status, reason] = /^HTTP\/1\.1 (\d{3}) (.*)/.exec(head) ?? []
      expect([answer.status, answer.reason, answer.text]).toEqual([Number(status), reason, body])
      for (const line of head.split('\r\n').slice(1)) {
        const [name = '', value = ''] = line.split(': ')
        expect(answer.all(name).join(', ')).toContain(value)
      }
      expect(answer.header('date')).toBeUndefined()
    }
  })

  it('P2: a head of 200 kB passes, one beyond the limit is 502', async () => {
    const head = (lines: number): string =>
      `HTTP/1.1 200 OK\r\n${Array.from({ length: lines }, (_, at) => `X-${at}: ${'v'.repeat(1000)}\r\n`).join('')}`
    origin.answer(`${head(200)}Content-Length: 2\r\n\r\nok`)
    const answer = await rawFetch(port, { path: '/x' })
    expect([answer.status, answer.header('x-199')?.length]).toEqual([200, 1000])
    origin.answer(`${head(400)}Content-Length: 2\r\n\r\nok`)
    expect((await rawFetch(port, { path: '/x' })).status).toBe(502)
  })

  it('P2: interim answers pass before the final one, without cookies and what is hop by hop', async () => {
    origin.answer(
      'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nSet-Cookie: a=1\r\nConnection: x\r\n\r\n' +
        'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    )
    const answers = await raw(port, rawRequest({ path: '/x' }))
    expect(answers.map(({ status, text }) => [status, text])).toEqual([
      [103, ''],
      [102, ''],
      [200, 'ok'],
    ])
    expect(answers[0]?.headers).toEqual([['Link', '</a.css>; rel=preload']])
    // A client of HTTP/1.0 would take it for the answer.
    const old = await raw(port, 'GET /x HTTP/1.0\r\nHost: localhost\r\n\r\n')
    expect(old.map(({ status }) => status)).toEqual([200])
  })

  it('P2: 100 is said when the upstream wants the body, and not for one that is refused', async () => {
    const headers = [
      ['Expect', '100-continue'],
      ['Content-Length', '2'],
    ] as const
    const socket = connect(port, '127.0.0.1')
    socket.write(rawRequest({ method: 'POST', path: '/x', headers }))
    expect(`${((await once(socket, 'data')) as [Buffer])[0]}`).toMatch(
      /^HTTP\/1\.1 100 Continue\r\n\r\n$/,
    )
    socket.write('ab')
    expect(`${((await once(socket, 'data')) as [Buffer])[0]}`).toMatch(/^HTTP\/1\.1 200 /)
    socket.destroy()
    const refused = await raw(port, rawRequest({ method: 'POST', path: '/a/%2e%2e/b', headers }))
    expect(refused.map(({ status }) => status)).toEqual([400])
  })

  it('P2: trailer fields of an answer pass, without those that stop here', async () => {
    origin.answer(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n' +
        '2\r\nok\r\n0\r\nX-Sum: 1\r\nSet-Cookie: a=1\r\nPortcullis-Session: x\r\n\r\n',
    )
    const socket = connect(port, '127.0.0.1')
    socket.write(rawRequest({ path: '/x', headers: [['Connection', 'close']] }))
    let text = ''
    for await (const part of socket) text += part
    expect(text).toMatch(/\r\n0\r\nX-Sum: 1\r\n\r\n$/)
  })

  it('P2: an answer that breaks off ends with the connection, never as if it were whole', async () => {
    for (const head of ['Content-Length: 1000', 'Transfer-Encoding: chunked']) {
      origin.answer((socket) => {
        socket.write(
          `HTTP/1.1 200 OK\r\n${head}\r\n\r\n${head.startsWith('C') ? 'half' : '4\r\nhalf\r\n'}`,
        )
        setTimeout(() => socket.resetAndDestroy(), 50)
      })
      const socket = connect(port, '127.0.0.1').on('error', () => {})
      let text = ''
      socket.on('data', (part) => (text += part))
      socket.write(rawRequest({ path: '/x' }))
      await once(socket, 'close')
      expect(text).toContain('half')
      expect(text).not.toMatch(/\r\n0\r\n\r\n$/)
    }
  })

  it.each([
    ['/a/../admin', 400],
    ['/a/%2e%2e/admin', 400],
    ['/a\\admin', 400],
    ['//admin', 308],
    ['/a;b', 400],
    ['/%2fadmin', 400],
    ['/caf\xc3\xa9', 400],
    ['http://localhost/a/../admin', 400],
    ['http://localhost/a', 200],
    ['http://elsewhere.example/a', 421],
    ['http://localhost@elsewhere.example/a', 400],
    ['*', 400],
    ['a', 400],
    ['ftp://localhost/a', 400],
  ])('the target %s reaches the checks as it was sent: %i', async (path, status) => {
    expect((await rawFetch(port, { path })).status).toBe(status)
    expect(origin.requests.length).toBe(status === 200 ? 1 : 0)
  })

  it('asks the server as a whole, tunnels and traces are refused', async () => {
    expect((await rawFetch(port, { method: 'OPTIONS', path: '*' })).status).toBe(400)
    expect((await rawFetch(port, { method: 'CONNECT', path: 'localhost:443' })).status).toBe(405)
    expect((await rawFetch(port, { method: 'TRACE', path: '/x' })).status).toBe(405)
    expect(origin.requests).toEqual([])
  })

  // GET /x HTTP/1.1, Host: localhost/admin
  it.each(['localhost/admin', 'localhost?', 'localhost\\a', 'a@localhost', ''])(
    'the Host %j is no host',
    async (host) => {
      const answer = await rawFetch(port, { path: '/x', host })
      expect([answer.status, origin.requests]).toEqual([400, []])
    },
  )

  it('two Host headers are refused', async () => {
    const headers = [['Host', 'elsewhere.example']] as const
    expect((await rawFetch(port, { path: '/x', headers })).status).toBe(400)
  })

  it('two requests on one connection are answered in their order', async () => {
    const both = rawRequest({ path: '/1' }) + rawRequest({ path: '/2' })
    const answers = await raw(port, both, { responses: 2 })
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
  })

  it('a client that leaves takes its upstream along, before the first byte and after it', async () => {
    for (const script of [
      '',
      'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n',
    ]) {
      const left = new Promise((done) =>
        origin.answer((socket) => void socket.once('close', done).write(script)),
      )
      const socket = connect(port, '127.0.0.1')
      socket.write(rawRequest({ path: '/x' }))
      if (script === '') await expect.poll(() => origin.requests.length).toBeGreaterThan(0)
      else await once(socket, 'data')
      socket.destroy()
      await left
      origin.reset()
    }
  })
})

describe('in front of Express', () => {
  let server: Server
  let port: number
  let seen: IncomingMessage['headers'] = {}
  let events: ServerResponse | undefined
  beforeAll(async () => {
    const app = express()
    app.get('/page', (request, response) => {
      seen = request.headers
      response.set('Cache-Control', 'max-age=60').send('page')
    })
    app.get('/events', (_request, response) => {
      events = response
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
    })
    server = createServer(app).listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  beforeEach(async () => {
    port = (await start(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)).port
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  it('P2: 304 stays 304, and Sec-Fetch-Mode is what the browser sent', async () => {
    const first = await rawFetch(port, { path: '/page' })
    const headers = [
      ['If-None-Match', first.header('etag') ?? ''],
      ['Sec-Fetch-Mode', 'navigate'],
    ] as const
    const answer = await rawFetch(port, { path: '/page', headers })
    expect([first.status, answer.status, answer.text]).toEqual([200, 304, ''])
    expect([
      seen['sec-fetch-mode'],
      seen['cache-control'],
      seen['accept-language'],
      seen['user-agent'],
    ]).toEqual(['navigate', undefined, undefined, undefined])
  })

  // Node's fetch ends it after 300 s, and an Agent's time is for idle connections: here it is 100 ms.
  it('P2: a stream of events that is silent for longer than any timeout stays open', async () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const quick = { keepAliveMs: 100 }
    const { port: other } = await start(url, {
      headersTimeoutMs: 100,
      drainTimeoutMs: 100,
      upstream: quick,
    })
    const socket = connect(other, '127.0.0.1')
    socket.write(rawRequest({ path: '/events' }))
    let text = ''
    socket.on('data', (part) => (text += part))
    await expect.poll(() => text).toContain('data: 1')
    await new Promise((done) => setTimeout(done, 1500))
    events?.write('data: 2\n\n')
    await expect.poll(() => text).toContain('data: 2')
    socket.destroy()
  })
})

describe('who a client is', () => {
  let origin: TcpOrigin
  beforeAll(async () => {
    origin = await startTcpOrigin()
  })
  afterAll(() => origin.stop())
  beforeEach(() => origin.reset())
  const forged = [
    'CF-Connecting-IP',
    'X-Real-IP',
    'X-Vercel-Forwarded-For',
    'X-Forwarded-For',
    'True-Client-IP',
  ]
  const address = (): string | undefined =>
    /^x-forwarded-for: (.*)\r$/im.exec(origin.requests[0] ?? '')?.[1]

  it.each(['cloudflare', 'vercel', { hops: 1 }] as const)(
    'is its connection, whatever it says: %j',
    async (platform) => {
      const { port } = await start(origin.url, {}, { platform })
      await rawFetch(port, {
        path: '/x',
        headers: forged.map((name) => [name, '6.6.6.6'] as const),
      })
      expect(address()).toBe('127.0.0.1')
    },
  )

  it.each([
    [1, '6.6.6.6, 203.0.113.7', '203.0.113.7'],
    [2, '6.6.6.6, 203.0.113.7, 10.0.0.1', '203.0.113.7'],
    [2, '203.0.113.7', undefined],
    [1, 'unknown', undefined],
    [1, '', undefined],
  ])('behind %i proxies is what they say: %s', async (trustedProxies, forwarded, expected) => {
    const { port } = await start(origin.url, { trustedProxies })
    const headers = [
      ['X-Forwarded-For', forwarded],
      ['CF-Connecting-IP', '6.6.6.6'],
    ] as const
    await rawFetch(port, { path: '/x', headers })
    expect(address()).toBe(expected)
  })

  it('came over https only where a trusted proxy says so', async () => {
    const config = { publicOrigin: 'https://app.example.com' }
    const headers = [
      ['X-Forwarded-Proto', 'https'],
      ['X-Forwarded-For', '203.0.113.7'],
      ['CF-Visitor', '{"scheme":"https"}'],
    ] as const
    const host = 'app.example.com'
    const open = await start(origin.url, {}, config)
    expect((await rawFetch(open.port, { path: '/x', host, headers })).status).toBe(403)
    const behind = await start(origin.url, { trustedProxies: 1 }, config)
    expect((await rawFetch(behind.port, { path: '/x', host, headers })).status).toBe(200)
  })
})

describe('slow and greedy clients', () => {
  let origin: TcpOrigin
  beforeAll(async () => {
    origin = await startTcpOrigin()
  })
  afterAll(() => origin.stop())
  beforeEach(() => origin.reset())

  it('that never end their head get 408', async () => {
    const { port } = await start(origin.url, { headersTimeoutMs: 200 })
    const socket = connect(port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nX-')
    expect(`${((await once(socket, 'data')) as [Buffer])[0]}`).toMatch(/^HTTP\/1\.1 408 /)
    await once(socket, 'close')
  })

  it('with a head too long get 431', async () => {
    const { port } = await start(origin.url, { maxHeaderBytes: 4096 })
    expect((await rawFetch(port, { headers: [['X', 'v'.repeat(5000)]] })).status).toBe(431)
  })

  it('that drip their body are refused, and the upstream is left', async () => {
    const { port } = await start(origin.url, { bodyGraceMs: 200, minBodyBytesPerSecond: 1000 })
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    socket.write(rawRequest({ method: 'POST', path: '/x', headers: [['Content-Length', '1000']] }))
    const dripping = setInterval(() => socket.write('a'), 50)
    expect(`${((await once(socket, 'data')) as [Buffer])[0]}`).toMatch(/^HTTP\/1\.1 400 /)
    clearInterval(dripping)
    socket.destroy()
    await expect.poll(() => origin.open).toBe(0)
    expect(origin.requests).toEqual([])
  })

  it('that read nothing are dropped', async () => {
    origin.answer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n')
      const pour = (): void => {
        while (!socket.destroyed && socket.write(Buffer.alloc(65_536))) {}
      }
      socket.on('drain', pour)
      pour()
    })
    const { port } = await start(origin.url, { drainTimeoutMs: 300 })
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    socket.pause()
    socket.write(rawRequest({ path: '/x' }))
    await expect.poll(() => origin.requests.length).toBe(1)
    await expect.poll(() => origin.open, { timeout: 5000 }).toBe(0)
    socket.destroy()
  })

  it('beyond the connections there may be are closed', async () => {
    const { port } = await start(origin.url, { maxConnections: 1 })
    const first = connect(port, '127.0.0.1')
    await once(first, 'connect')
    const second = connect(port, '127.0.0.1').on('error', () => {})
    await once(second, 'close')
    first.destroy()
  })

  it('are told of wrong options before anything listens', async () => {
    const given = {
      port: -1,
      host: '',
      stopTimeoutMs: 0,
      upstream: { keepAlive: 1 },
      prot: 1,
    } as never
    await expect(serve({ fetch: () => new Response() }, given)).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringMatching(/port.*host.*stopTimeoutMs/s),
    })
  })
})

describe('a server that stops', () => {
  it('finishes what runs, takes nothing new, and closes WebSockets with 1001', async () => {
    const sockets = await startSocketOrigin()
    let finish: () => void = () => {}
    const upstream = createServer((_request, response) => {
      response.writeHead(200, { 'content-length': '4' }).write('ab')
      finish = () => response.end('cd')
    }).listen(0, '127.0.0.1')
    await once(upstream, 'listening')
    const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
    const server = await start(url, {}, {
      upstreams: { app: { url }, live: { url: sockets.url } },
      routes: [
        { path: '/live', to: 'live', access: 'public' },
        { path: '/*', to: 'app', access: 'public' },
      ],
    } as never)
    const live = await openSocket(server.port, '/live')
    const running = connect(server.port, '127.0.0.1')
    let text = ''
    running.on('data', (part) => (text += part))
    running.write(rawRequest({ path: '/x' }))
    await expect.poll(() => text).toMatch(/ab$/)

    let stopped = false
    const stop = server.stop().then(() => (stopped = true))
    await expect.poll(() => closeCode(live.bytes)).toBe(1001)
    live.socket.end()
    await expect(rawFetch(server.port, { path: '/x' })).rejects.toThrow()
    expect(stopped).toBe(false)
    finish()
    await expect.poll(() => text).toMatch(/abcd$/)
    await stop
    upstream.close()
    await sockets.stop()
  })

  it('drops what is left after its deadline, and ends streams of events at once', async () => {
    const origin = await startTcpOrigin()
    origin.answer((socket, request) => {
      if (request.startsWith('GET /events')) {
        socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n')
      } else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab')
    })
    const server = await start(origin.url, { stopTimeoutMs: 400 })
    const [events, endless] = [connect(server.port, '127.0.0.1'), connect(server.port, '127.0.0.1')]
    endless.on('error', () => {})
    let text = ''
    events.on('data', (part) => (text += part))
    events.write(rawRequest({ path: '/events' }))
    endless.write(rawRequest({ path: '/x' }))
    await Promise.all([once(events, 'data'), once(endless, 'data')])
    const gone = once(endless, 'close')
    const stop = server.stop()
    await expect.poll(() => text).toMatch(/\r\n0\r\n\r\n$/)
    await Promise.all([gone, stop])
    await origin.stop()
  })

  it('does so on SIGTERM, and the process ends with 0', async () => {
    const script = `
      import { serve } from './node/index.ts'
      const { url } = await serve({ fetch: () => new Response('ok') }, { port: 0 })
      setInterval(() => {}, 1000)
      console.log(url)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    expect((await fetch(`${line}`.trim())).status).toBe(200)
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })
})
