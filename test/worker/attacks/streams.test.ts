/** Attacks that take more than one message: bodies that never end, clients that leave, upstreams that stall and break. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { raw, rawFetch } from '../../support/raw.ts'
import { type Field, signIn, takeField } from './support.ts'
import { bytes, get } from './table.ts'

let field: Field
beforeAll(async () => {
  field = await takeField()
})
afterAll(async () => {
  // Nothing that is done here makes the Worker throw, or reject what nobody waits for.
  const strange = field.worker.stderr.filter((line) =>
    /uncaught|unhandled|ReferenceError|TypeError/i.test(line),
  )
  await field.stop()
  expect(strange).toEqual([])
})
beforeEach(() => field.origin.reset())

/** The head of a POST as the upstream gets it. */
const posted = (path: string, framing: string): string =>
  bytes([
    `POST ${path} HTTP/1.1`,
    framing,
    'Host: {origin}',
    'Cache-Control: max-age=31536000',
    'Pragma: no-cache',
    'Origin: http://gateway.test',
    "content-security-policy: script-src 'nonce-{page-nonce}'",
    'forwarded: for=unknown;host="gateway.test";proto=http',
    'portcullis-hops: 1',
    'x-forwarded-host: gateway.test',
    'x-forwarded-proto: http',
    'x-request-id: {id}',
  ])

describe('case 39: a body over the limit', () => {
  it('that says so is refused before the upstream hears of it', async () => {
    const head = [
      'POST /small/x HTTP/1.1',
      'Host: gateway.test',
      'Origin: http://gateway.test',
      'Content-Length: 101',
    ]
    const [answer] = await raw(field.worker.port, bytes(head))
    expect(answer?.status).toBe(413)
    expect(field.seen()).toBe('')
  })

  it('that does not say so is cut at the first byte too many: the upstream never has a whole one', async () => {
    const head = ['POST /small/x HTTP/1.1', 'Host: gateway.test', 'Origin: http://gateway.test']
    const chunk = `32\r\n${'a'.repeat(50)}\r\n`
    const [answer] = await raw(
      field.worker.port,
      bytes([...head, 'Transfer-Encoding: chunked'], `${chunk.repeat(3)}0\r\n\r\n`),
    )
    expect(answer?.status).toBe(413)
    expect(field.origin.requests).toEqual([])
    expect(field.seen()).not.toContain('\r\n0\r\n')
    await expect.poll(() => field.origin.open).toBe(0)
  })
})

describe('case 43: a client that leaves in the middle of its upload', () => {
  it('takes the request away from the upstream, which never has a whole one', async () => {
    const socket = connect(field.worker.port, '127.0.0.1').on('error', () => {})
    const head = [
      'POST /pub/x HTTP/1.1',
      'Host: gateway.test',
      'Origin: http://gateway.test',
      'Content-Length: 1000',
    ]
    socket.write(bytes(head, 'ten bytes.'))
    await expect
      .poll(() => field.seen())
      .toBe(`${posted('/pub/x', 'Content-Length: 1000')}ten bytes.`)
    socket.destroy()
    await expect.poll(() => field.origin.open).toBe(0)
    expect(field.origin.requests).toEqual([])
  })
})

describe('case 44: a request whose body was handed on', () => {
  it('is never sent again', async () => {
    field.origin.answer((socket) => socket.destroy())
    const head = [
      'POST /pub/x HTTP/1.1',
      'Host: gateway.test',
      'Origin: http://gateway.test',
      'Content-Length: 5',
    ]
    const [answer] = await raw(field.worker.port, bytes(head, 'hello'))
    expect(answer?.status).toBe(502)
    expect(field.seen()).toBe(`${posted('/pub/x', 'Content-Length: 5')}hello`)
  })
})

describe('case 53: an upstream that hints early', () => {
  it('is 502: workerd takes 103 for the answer', async () => {
    field.origin.answer(
      'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    )
    const answer = await rawFetch(field.worker.port, { path: '/pub/x', host: 'gateway.test' })
    expect([answer.status, answer.header('x-content-type-options')]).toEqual([502, 'nosniff'])
  })
})

describe('case 54: an upstream that breaks off', () => {
  it('where a length was said: the client misses the rest', async () => {
    field.origin.answer((socket) =>
      socket.end(bytes(['HTTP/1.1 200 OK', 'Content-Length: 1000'], 'half')),
    )
    expect(await everything(field.worker.port, get('/pub/x'))).toMatch(
      /Content-Length: 1000\r\n[\s\S]*\r\n\r\nhalf$/,
    )
  })

  // No Worker can help it: workerd writes the last chunk for any stream that fails, also for one it was handed untouched.
  it('in chunks: workerd says that it was all, and closes the connection', async () => {
    field.origin.answer((socket) =>
      socket.end(bytes(['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'], '8\r\nhalf')),
    )
    expect(await everything(field.worker.port, get('/pub/x'))).toMatch(
      /\r\n\r\n4\r\nhalf\r\n0\r\n\r\n$/,
    )
  })
})

describe('case 55: events', () => {
  it('arrive one by one, and not coded: the second is written once the first was read', async () => {
    let upstream: Socket | undefined
    field.origin.answer((socket) => {
      upstream = socket
      socket.write(
        bytes(
          ['HTTP/1.1 200 OK', 'Content-Type: text/event-stream', 'Transfer-Encoding: chunked'],
          '9\r\ndata: 1\n\n\r\n',
        ),
      )
    })
    const client = connect(field.worker.port, '127.0.0.1')
    let got = ''
    client.on('data', (part) => {
      got += part
    })
    client.write(get('/pub/x', 'Accept-Encoding: gzip'))
    await expect.poll(() => got).toContain('data: 1\n\n')
    upstream?.write('9\r\ndata: 2\n\n\r\n0\r\n\r\n')
    await expect.poll(() => got).toContain('data: 2\n\n')
    expect(got).not.toMatch(/content-encoding/i)
    client.destroy()
  })
})

describe('case 56: an upstream that says nothing', () => {
  it('is 504 when its time is over, and is left', async () => {
    field.origin.answer(() => {})
    const answer = await rawFetch(field.worker.port, { path: '/slow', host: 'gateway.test' })
    expect(answer.status).toBe(504)
    await expect.poll(() => field.origin.open).toBe(0)
  })

  it('and one that speaks slowly is not', async () => {
    field.origin.answer((socket) => {
      socket.write(bytes(['HTTP/1.1 200 OK', 'Content-Length: 2'], 'o'))
      // Later than the first byte may come.
      setTimeout(() => socket.write('k'), 2_500)
    })
    expect((await rawFetch(field.worker.port, { path: '/slow', host: 'gateway.test' })).text).toBe(
      'ok',
    )
  })
})

describe('case 57: an upstream that is not there', () => {
  it('is 502 with an id to ask for, and no word on where it should be', async () => {
    const answer = await rawFetch(field.worker.port, { path: '/dead', host: 'gateway.test' })
    expect([answer.status, JSON.parse(answer.text).requestId]).toEqual([
      502,
      expect.stringMatching(/^[\w-]{22}$/),
    ])
    expect(answer.text).not.toMatch(/127\.0\.0\.1|refused/)
  })

  it('and hangs up once is asked once more, where that does no harm', async () => {
    let hung = 0
    field.origin.answer((socket) => {
      if (hung++ === 0) socket.destroy()
      else socket.write(bytes(['HTTP/1.1 200 OK', 'Content-Length: 5'], 'again'))
    })
    const answer = await rawFetch(field.worker.port, { path: '/pub/x', host: 'gateway.test' })
    expect([answer.status, answer.text, field.origin.requests.length]).toEqual([200, 'again', 2])
  })
})

describe('case 65: a session from before the login', () => {
  // The attacker's cookie in the victim's browser: after the login it would be the victim's session.
  it('is another one after it', async () => {
    const planted = await signIn(field.worker.port, field.origin, {})
    const after = await signIn(
      field.worker.port,
      field.origin,
      { user: 'ada', roles: ['admin'] },
      planted,
    )
    expect(after).not.toBe(planted)
    const ask = (cookie: string): Promise<{ status: number }> =>
      rawFetch(field.worker.port, {
        path: '/admin',
        host: 'gateway.test',
        headers: [['Cookie', cookie]],
      })
    expect((await ask(after)).status).toBe(200)
    expect((await ask(planted)).status).toBe(403)
  })
})

describe('case 68: a socket', () => {
  const shake = (path: string, ...headers: string[]): string =>
    get(
      path,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    )
  const accepted = bytes([
    'HTTP/1.1 101 Switching Protocols',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Accept: {accept}',
  ])

  it.each([
    ['of a page of ours', ['Origin: http://gateway.test']],
    // It has no cookies of somebody else to lend; where it may come without Origin the route says so.
    ['of a client that is no browser, where its route takes those', []],
  ])('%s is opened, with nothing of the cookie', async (_, headers) => {
    const path = headers.length > 0 ? '/account/socket' : '/machine/socket'
    field.origin.answer((socket, request) => {
      const key = /^sec-websocket-key: (.*)\r$/im.exec(request)?.[1]
      const accept = createHash('sha1')
        .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest('base64')
      socket.write(accepted.replace('{accept}', accept))
    })
    const [answer] = await raw(
      field.worker.port,
      shake(path, ...headers, `Cookie: ${field.session}`),
    )
    expect(answer?.status).toBe(101)
    expect(field.seen().replace(/^(sec-websocket-key): .*\r$/im, '$1: {key}\r')).toBe(
      bytes([
        `GET ${path} HTTP/1.1`,
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Key: {key}',
        'Sec-WebSocket-Version: 13',
        'Host: {origin}',
        'Cache-Control: max-age=31536000',
        'Pragma: no-cache',
        ...headers,
        'forwarded: for=unknown;host="gateway.test";proto=http',
        'portcullis-assertion: {jwt}',
        'portcullis-hops: 1',
        'portcullis-session-nonce: {nonce}',
        'x-forwarded-host: gateway.test',
        'x-forwarded-proto: http',
        'x-request-id: {id}',
      ]),
    )
  })
})

/** All that comes until the other side closes or has nothing more to say. */
async function everything(port: number, sent: string): Promise<string> {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  let got = ''
  socket.setEncoding('latin1').on('data', (part: string) => {
    got += part
  })
  socket.write(sent, 'latin1')
  await once(socket, 'close')
  return got
}
