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
import { type AddressInfo, connect } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { createGzip, gzipSync } from 'node:zlib'
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

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((done) => (resolve = done))
  return { promise, resolve }
}

describe('bodies', () => {
  it('stream both ways: 24 MB come back as they went, the first before the last was sent', async () => {
    streaming = (request, response) => pipeline(request, response).catch(() => response.destroy())
    const chunk = randomBytes(1024 * 1024)
    const sent = createHash('sha256')
    const got = createHash('sha256')
    const client = httpRequest({
      port: at.worker.port,
      host: '127.0.0.1',
      method: 'POST',
      path: '/stream/echo',
    })
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
      headers: {
        'content-encoding': 'gzip',
        'content-type': 'text/plain',
        'content-length': `${body.length}`,
      },
      body,
    })
    const answer = await rawFetch(at.worker.port, {
      path: '/x',
      headers: [['Accept-Encoding', 'gzip']],
    })
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

  it('that come compressed are unpacked, so that none waits for the next', async () => {
    let next: () => void = () => {}
    streaming = (_request, response) => {
      const gzip = createGzip()
      gzip.pipe(response)
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' })
      gzip.write('data: 1\n\n')
      gzip.flush()
      next = () => gzip.end('data: 2\n\n')
    }
    const headers = { 'accept-encoding': 'gzip' }
    const client = get({ port: at.worker.port, host: '127.0.0.1', path: '/stream/packed', headers })
    const [answer] = (await once(client, 'response')) as [IncomingMessage]
    expect(answer.headers['content-encoding']).toBe(undefined)
    expect(`${((await once(answer, 'data')) as [Buffer])[0]}`).toBe('data: 1\n\n')
    next()
    expect(`${((await once(answer, 'data')) as [Buffer])[0]}`).toBe('data: 2\n\n')
  })

  it('end when the route says so, and the origin is left', async () => {
    let left: Promise<unknown> | undefined
    streaming = (_request, response) => {
      left = once(response, 'close')
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
    }
    const answer = await rawFetch(at.worker.port, { path: '/brief/events' })
    expect([answer.status, answer.text]).toEqual([200, 'data: 1\n\n'])
    await left
  })
})

describe('a client that leaves', () => {
  // workerd then drops what runs for it; nothing is left to run, so there is no line in the log either.
  it('before the first byte is noticed by the origin at once, where the connection is reset', async () => {
    const asked = deferred<{ left: Promise<unknown> }>()
    streaming = (_request, response) => asked.resolve({ left: once(response, 'close') })
    const client = connect(at.worker.port, '127.0.0.1').on('error', () => {})
    client.write('GET /stream/hangs HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
    const { left } = await asked.promise
    client.resetAndDestroy()
    await left
  })

  // One that only ends its side may still be reading: workerd learns of it when it has something to write.
  it('is noticed by the origin with what it writes next', async () => {
    let left: Promise<unknown> | undefined
    streaming = (_request, response) => {
      left = once(response, 'close')
      response.writeHead(200).write('first')
      const ticking = setInterval(() => response.write('more'), 20)
      response.once('close', () => clearInterval(ticking))
    }
    const client = get({ port: at.worker.port, host: '127.0.0.1', path: '/stream/long' }).on(
      'error',
      () => {},
    )
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
    expect([answer.status, answer.header('content-type')]).toEqual([
      504,
      'application/problem+json',
    ])
  })

  it('that is not there is 502, and the page says nothing of where it should be', async () => {
    const answer = await rawFetch(at.worker.port, {
      path: '/dead',
      headers: [['Accept', 'text/html']],
    })
    expect([answer.status, answer.header('content-type')]).toEqual([
      502,
      'text/html; charset=utf-8',
    ])
    expect(answer.text).not.toMatch(/127\.0\.0\.1|refused|workerd|cloudflare/i)
  })

  it('that hangs up or speaks no HTTP is 502', async () => {
    streaming = (request) => request.socket.destroy()
    expect((await rawFetch(at.worker.port, { path: '/stream/x' })).status).toBe(502)
    streaming = (request) => request.socket.end('SSH-2.0-OpenSSH_9\r\n')
    expect((await rawFetch(at.worker.port, { path: '/stream/x' })).status).toBe(502)
  })

  // The first connection is gone before a byte came back, as with a server that restarts.
  it.each([
    ['GET', 2, 200],
    ['POST', 1, 502],
  ])('that resets once: %s reaches it %i times and is %i', async (method, calls, status) => {
    let seen = 0
    streaming = (request, response) =>
      ++seen === 1 ? request.socket.resetAndDestroy() : response.end('second')
    const answer = await rawFetch(at.worker.port, {
      method,
      path: '/stream/flaky',
      headers: [['Origin', publicOrigin]],
      ...(method === 'POST' && { body: 'a' }),
    })
    expect([seen, answer.status]).toEqual([calls, status])
  })

  // workerd's fetch takes an interim answer for the answer, and what comes after it is lost: no Response can be made of one.
  it.each(['100 Continue', '102 Processing', '103 Early Hints'])(
    'that sends %s first is 502, not a crash',
    async (line) => {
      const final = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate'
      streaming = (request) =>
        request.socket.end(`HTTP/1.1 ${line}\r\nLink: </a.css>; rel=preload\r\n\r\n${final}`)
      const answer = await rawFetch(at.worker.port, { path: '/stream/hints' })
      expect([
        answer.status,
        answer.header('x-content-type-options'),
        answer.header('link'),
      ]).toEqual([502, 'nosniff', undefined])
    },
  )

  it('answers HEAD with the length of what GET would bring', async () => {
    at.origin.answer({
      headers: { 'content-length': '123456', etag: '"v1"', 'accept-ranges': 'bytes' },
    })
    const [answer] = await raw(at.worker.port, rawRequest({ method: 'HEAD', path: '/file' }))
    expect(answer?.status).toBe(200)
    expect(answer?.header('content-length')).toBe('123456')
    expect(answer?.header('etag')).toBe('"v1"')
    expect(answer?.text).toBe('')
  })

  it('gets Range, If-Range and If-None-Match as they are, and its 206 and 304 arrive as they are', async () => {
    at.origin.answer((received) =>
      received.header('range') === undefined
        ? { status: 304, headers: { etag: 'W/"v1"', 'cache-control': 'max-age=60' } }
        : {
            status: 206,
            headers: { 'content-range': 'bytes 2-4/10', etag: '"v1"', 'content-length': '3' },
            body: 'cde',
          },
    )
    const part = await rawFetch(at.worker.port, {
      path: '/file',
      headers: [
        ['Range', 'bytes=2-4'],
        ['If-Range', '"v1"'],
      ],
    })
    expect(at.origin.last().all('range')).toEqual(['bytes=2-4'])
    expect(at.origin.last().all('if-range')).toEqual(['"v1"'])
    expect([part.status, part.header('content-range'), part.header('etag'), part.text]).toEqual([
      206,
      'bytes 2-4/10',
      '"v1"',
      'cde',
    ])
    const same = await rawFetch(at.worker.port, {
      path: '/file',
      headers: [['If-None-Match', 'W/"v1"']],
    })
    expect(at.origin.last().all('if-none-match')).toEqual(['W/"v1"'])
    expect([same.status, same.header('etag'), same.text]).toEqual([304, 'W/"v1"', ''])
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

  it.each([
    ['the origin', 'bye', 4321, 'because'],
    ['the origin, without a word,', 'none', 1005, ''],
    ['the origin, by hanging up,', 'die', 1014, ''],
  ])('closed by %s is closed for the client', async (_who, message, code, reason) => {
    at.origin.converse((socket) => {
      socket.on('message', (data) => {
        if (`${data}` === 'bye') socket.close(4321, 'because')
        else if (`${data}` === 'none') socket.close()
        else socket.terminate()
      })
    })
    const socket = open({ Origin: publicOrigin })
    await once(socket, 'open')
    const closed = once(socket, 'close') as Promise<[number, Buffer]>
    socket.send(message)
    const [gotCode, gotReason] = await closed
    expect([gotCode, `${gotReason}`]).toEqual([code, reason])
  })

  it.each([
    ['with a code', (socket: WebSocket) => socket.close(4000, 'mine'), 4000, 'mine'],
    ['by hanging up', (socket: WebSocket) => socket.terminate(), 1001, ''],
  ])('closed by the client %s is closed for the origin', async (_how, leave, code, reason) => {
    const closed = deferred<[number, string]>()
    at.origin.converse((socket) =>
      socket.on('close', (got, why) => closed.resolve([got, `${why}`])),
    )
    const socket = open({ Origin: publicOrigin }).on('error', () => {})
    await once(socket, 'open')
    leave(socket)
    expect((await closed.promise).slice(0, reason === '' ? 1 : 2)).toEqual(
      reason === '' ? [code] : [code, reason],
    )
  })

  it('carries bytes as bytes and text as text, in their order, also a megabyte', async () => {
    const socket = open({ Origin: publicOrigin })
    await once(socket, 'open')
    const got: Array<readonly [boolean, number, string]> = []
    const all = new Promise<void>((done) =>
      socket.on('message', (data: Buffer, binary) => {
        if (got.push([binary, data.length, createHash('sha256').update(data).digest('hex')]) === 3)
          done()
      }),
    )
    const parts = [randomBytes(1000), 'tëxt', randomBytes(1_000_000)]
    for (const part of parts) socket.send(part)
    await all
    expect(got).toEqual(
      parts.map((part) => [
        typeof part !== 'string',
        Buffer.byteLength(part),
        createHash('sha256').update(part).digest('hex'),
      ]),
    )
    socket.close()
  })

  it('is closed on both sides when the route says so', async () => {
    const closed = deferred<number>()
    at.origin.converse((socket) => socket.on('close', (code) => closed.resolve(code)))
    const socket = new WebSocket(`ws://127.0.0.1:${at.worker.port}/brief-socket`, {
      headers: { Origin: publicOrigin },
    })
    const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
    expect([code, `${reason}`]).toEqual([1001, 'time limit'])
    expect(await closed.promise).toBe(1001)
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
    server.once('upgrade', (_request, socket) =>
      socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno'),
    )
    const socket = new WebSocket(`ws://127.0.0.1:${at.worker.port}/stream/socket`, {
      headers: { Origin: publicOrigin },
    })
    const [, answer] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
    expect(answer.statusCode).toBe(401)
    socket.once('error', () => {})
    socket.terminate()
  })
})
