import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  createServer,
  get,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { raw, rawFetch, rawRequest } from '../../support/raw.ts'
import { type Pair, publicOrigin, startPair } from './support.ts'

type Answering = (request: IncomingMessage, response: ServerResponse) => unknown

let server: Server
let streaming: Answering
let at: Pair
beforeAll(async () => {
  server = createServer((request, response) => streaming(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  at = await startPair({ STREAM_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
})
afterAll(async () => {
  await at.stop()
  server.closeAllConnections()
  server.close()
})
beforeEach(() => at.origin.reset())

describe('bodies', () => {
  it('stream both ways: 24 MB come back as they went, the first before the last was sent', async () => {
    streaming = (request, response) => pipeline(request, response).catch(() => response.destroy())
    const chunk = randomBytes(1024 * 1024)
    const sent = createHash('sha256')
    const got = createHash('sha256')
    const client = httpRequest({ port: at.worker.port, host: '127.0.0.1', method: 'POST', path: '/stream/echo' })
    client.write(chunk)
    sent.update(chunk)
    // Half of the proof: an answer begins while the request has not ended.
    const [answer] = (await once(client, 'response')) as [IncomingMessage]
    let bytes = 0
    const all = (async () => {
      for await (const part of answer) {
        bytes += (part as Buffer).length
        got.update(part as Buffer)
      }
    })()
    for (let i = 1; i < 24; i++) {
      sent.update(chunk)
      if (!client.write(chunk)) await once(client, 'drain')
    }
    client.end()
    await all
    expect(bytes).toBe(24 * 1024 * 1024)
    expect(got.digest('hex')).toBe(sent.digest('hex'))
  })

  it('that are compressed pass as they are', async () => {
    const body = gzipSync('compressed '.repeat(1000))
    at.origin.answer({
      headers: { 'content-encoding': 'gzip', 'content-type': 'text/plain', 'content-length': `${body.length}` },
      body,
    })
    const answer = await rawFetch(at.worker.port, { path: '/x', headers: [['Accept-Encoding', 'gzip']] })
    expect(answer.header('content-encoding')).toBe('gzip')
    expect(Buffer.from(answer.body).equals(body)).toBe(true)
  })

  it('that the origin cuts off end as an error, never as if they were whole', async () => {
    streaming = (_request, response) => {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('half', () => response.destroy())
    }
    const [answer] = await raw(at.worker.port, rawRequest({ path: '/stream/cut' }))
    expect(answer?.text.length ?? 0).toBeLessThan(1000)
    expect(answer?.header('content-length') ?? '1000').toBe('1000')
  })
})

describe('server-sent events', () => {
  it('arrive one by one: the second is written only after the first was read', async () => {
    let next: () => void = () => {}
    streaming = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      response.write('data: 1\n\n')
      next = () => response.end('data: 2\n\n')
    }
    const client = get({ port: at.worker.port, host: '127.0.0.1', path: '/stream/events' })
    const [answer] = (await once(client, 'response')) as [IncomingMessage]
    expect(answer.headers['content-type']).toBe('text/event-stream')
    const [first] = (await once(answer, 'data')) as [Buffer]
    expect(first.toString()).toBe('data: 1\n\n')
    const second = once(answer, 'data') as Promise<[Buffer]>
    next()
    expect((await second)[0].toString()).toBe('data: 2\n\n')
  })
})

describe('a client that leaves', () => {
  // workerd learns of it when it has something to write; before the first byte it is the deadline that ends the wait.
  it('is noticed by the origin with what it writes next', async () => {
    let left: Promise<unknown> | undefined
    streaming = (_request, response) => {
      left = once(response, 'close')
      response.writeHead(200).write('first')
      const ticking = setInterval(() => response.write('more'), 20)
      response.once('close', () => clearInterval(ticking))
    }
    const client = get({ port: at.worker.port, host: '127.0.0.1', path: '/stream/long' }).on('error', () => {})
    await once(client, 'response')
    expect(left).toBeDefined()
    client.destroy()
    await left
  })
})

describe('an origin', () => {
  it('that sends no first byte in time is 504', async () => {
    at.origin.answer(() => {})
    const answer = await rawFetch(at.worker.port, { path: '/slow' })
    expect([answer.status, answer.header('content-type')]).toEqual([504, 'application/problem+json'])
  })

  it('that is not there is 502, and the page says nothing of where it should be', async () => {
    const answer = await rawFetch(at.worker.port, { path: '/dead', headers: [['Accept', 'text/html']] })
    expect([answer.status, answer.header('content-type')]).toEqual([502, 'text/html; charset=utf-8'])
    expect(answer.text).not.toMatch(/127\.0\.0\.1|refused|workerd|cloudflare/i)
  })

  it('that hangs up or speaks no HTTP is 502', async () => {
    streaming = (request) => request.socket.destroy()
    expect((await rawFetch(at.worker.port, { path: '/stream/x' })).status).toBe(502)
    streaming = (request) => request.socket.end('SSH-2.0-OpenSSH_9\r\n')
    expect((await rawFetch(at.worker.port, { path: '/stream/x' })).status).toBe(502)
  })

  // workerd's fetch takes an interim 103 for the answer, and no Response can be made of one.
  it('that sends 103 first is an error of the gateway, not a crash', async () => {
    streaming = (_request, response) => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' }, () => response.end('late'))
    }
    const answer = await rawFetch(at.worker.port, { path: '/stream/hints' })
    expect([200, 502]).toContain(answer.status)
    expect(answer.header('x-content-type-options')).toBe('nosniff')
  })

  it('that has many headers is passed on with all of them', async () => {
    at.origin.answer({
      headers: Array.from({ length: 80 }, (_, i) => [`X-Header-${i}`, 'v'.repeat(50)] as const),
      body: 'x',
    })
    const answer = await rawFetch(at.worker.port, { path: '/x' })
    expect(answer.headers.filter(([name]) => /^x-header-/i.test(name)).length).toBe(80)
  })
})

describe('WebSocket', () => {
  const open = (headers: Record<string, string>): WebSocket =>
    new WebSocket(`ws://127.0.0.1:${at.worker.port}/socket`, ['chat'], { headers })

  it('echoes, and keeps the subprotocol', async () => {
    const socket = open({ Origin: publicOrigin, 'X-Forwarded-User': 'planted' })
    await once(socket, 'open')
    expect(socket.protocol).toBe('chat')
    socket.send('hello')
    const [data] = (await once(socket, 'message')) as [Buffer]
    expect(data.toString()).toBe('hello')
    socket.close(1000)
    await once(socket, 'close')
    expect(at.origin.last()).toMatchObject({ url: '/socket', upgrade: true })
    expect(at.origin.last().header('x-forwarded-user')).toBe(undefined)
  })

  // Cross-site WebSocket hijacking: `new WebSocket('wss://gateway/socket')` on a page of somebody else.
  it('of a page elsewhere gets 403 and does not reach the origin', async () => {
    const socket = open({ Origin: 'https://evil.test' })
    const [, answer] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
    expect(answer.statusCode).toBe(403)
    expect(at.origin.received).toEqual([])
    socket.once('error', () => {})
    socket.terminate()
  })

  it('that the origin refuses is the answer it gave', async () => {
    server.once('upgrade', (_request, socket) => socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno'))
    const socket = new WebSocket(`ws://127.0.0.1:${at.worker.port}/stream/socket`, {
      headers: { Origin: publicOrigin },
    })
    const [, answer] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
    expect(answer.statusCode).toBe(401)
    socket.once('error', () => {})
    socket.terminate()
  })
})
