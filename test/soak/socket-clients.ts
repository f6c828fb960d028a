/**
 * The clients of the socket soak: each kind opens one connection, does something rude with it,
 * and leaves nothing behind.
 */
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { badFrames, closeCode, frame } from '../support/bad-frames.ts'
import { collect, type RawSocket } from '../support/socket-origin.ts'

/** One kind of request; resolves when the client's connection is closed. */
export interface ClientKind {
  readonly name: string
  /** Returns what is wrong with what came of it, if anything is. */
  run(port: number, index: number): Promise<string | undefined>
}

/** Milliseconds until a connection that should have been closed counts as held. */
const patienceMs = 15_000

/**
 * Opens a connection, sends bytes, and lets `act` decide; whatever happens, the connection is
 * closed in the end.
 */
async function converse(
  port: number,
  bytes: string,
  act: (end: RawSocket, closed: Promise<boolean>) => Promise<string | undefined>,
): Promise<string | undefined> {
  const socket = connect(port, '127.0.0.1')
  const end = collect(socket)
  let timer: NodeJS.Timeout | undefined
  const closed = new Promise<boolean>((done) => {
    socket.once('close', () => done(true))
    timer = setTimeout(() => done(false), patienceMs)
  })
  try {
    socket.write(bytes, 'latin1')
    return await act(end, closed)
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}

/** Waits until something arrived, or nothing more will. */
async function until(end: RawSocket, arrived: (end: RawSocket) => boolean): Promise<boolean> {
  const { socket } = end
  if (arrived(end)) return true
  return new Promise((done) => {
    const timer = setTimeout(() => finish(false), patienceMs)
    const look = (): void => {
      if (arrived(end)) finish(true)
    }
    const leave = (): void => finish(arrived(end))
    const finish = (result: boolean): void => {
      clearTimeout(timer)
      socket.off('data', look).off('close', leave)
      done(result)
    }
    socket.on('data', look).on('close', leave)
    if (socket.destroyed) leave()
  })
}

const head = (end: RawSocket): boolean => end.head !== ''
const status = ({ head: text }: RawSocket): number => Number(text.slice(9, 12))

function request(method: string, path: string, ...fields: readonly string[]): string {
  return `${[`${method} ${path} HTTP/1.1`, 'Host: localhost', ...fields].join('\r\n')}\r\n\r\n`
}

/**
 * Whether an answer is complete: workerd keeps a connection for 5 s, whatever the client asks of
 * it.
 */
function complete({ head: text, bytes }: RawSocket): boolean {
  const length = /^content-length: *(\d+)$/im.exec(text)?.[1]
  if (length !== undefined) return bytes.length >= Number(length)
  return bytes.subarray(-7).toString('latin1').endsWith('0\r\n\r\n')
}

/** Sends a request that is whole, and reads its answer. */
function whole(name: string, bytes: string, statuses: readonly number[]): ClientKind {
  return {
    name,
    run: (port) =>
      converse(port, bytes, async (end) => {
        await until(end, complete)
        return statuses.includes(status(end)) ? undefined : `${name}: ${end.head.slice(0, 40)}`
      }),
  }
}

/** Sends something, waits for the head of an answer where told, and leaves. */
function leaving(name: string, bytes: string, after: 'head' | 'sent', how: Leave): ClientKind {
  return {
    name,
    run: (port) =>
      converse(port, bytes, async (end) => {
        if (after === 'head' && !(await until(end, head))) return `${name}: no answer`
        if (after === 'sent') await sleep(10)
        how(end.socket)
        return undefined
      }),
  }
}

type Leave = (socket: Socket) => void
const reset: Leave = (socket) => void socket.resetAndDestroy()
const destroy: Leave = (socket) => void socket.destroy()

const close = 'Connection: close'
const chunked = 'Transfer-Encoding: chunked'
const handshake = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
]

/**
 * A WebSocket: opened, used or broken, and closed as libraries close it: the close frame is
 * answered, then the end comes.
 */
function webSocket(
  name: string,
  path: (index: number) => string,
  act?: 'deaf' | 'deaf for a while' | ((socket: Socket, index: number) => void),
): ClientKind {
  return {
    name,
    run: (port, index) =>
      converse(port, request('GET', path(index), ...handshake), async (end, closed) => {
        const { socket } = end
        if (!(await until(end, head))) return `${name}: no answer to the handshake`
        // An upstream that resets at once may be gone before the switch is known.
        if (status(end) !== 101) return status(end) === 502 ? undefined : `${name}: ${end.head}`
        const obey = (): void => {
          if (closeCode(end.bytes) === undefined) return
          socket.off('data', obey)
          socket.end(frame(0x88, [0x03, 0xe8], true))
        }
        // workerd waits for as long as a client is connected; the upstream is free by then.
        if (act === 'deaf for a while') setTimeout(() => socket.destroy(), 500)
        else if (act !== 'deaf') {
          socket.on('data', obey)
          act?.(socket, index)
          obey()
        }
        return (await closed) ? undefined : `${name} ${index}: the connection was held`
      }),
  }
}

const bad = (index: number): (typeof badFrames)[number] =>
  badFrames[index % badFrames.length] as (typeof badFrames)[number]

/** What workerd lets pass breaks nothing there: such a client leaves by itself. */
function breakFrames(seesAll: boolean): ClientKind[] {
  const seen = (index: number): boolean => seesAll || bad(index).unseenByWorkerd !== true
  return [
    webSocket(
      'a socket that the client breaks',
      () => '/socket/hello',
      (socket, index) => {
        socket.write(bad(index).bytes(true))
        if (!seen(index)) setTimeout(() => socket.end(), 50)
      },
    ),
    webSocket(
      'a socket that the client breaks and leaves',
      () => '/socket/hello',
      (socket, index) => {
        socket.write(bad(index).bytes(true), () => socket.destroy())
      },
    ),
    webSocket(
      'a socket that the upstream breaks',
      (index) => `/socket/bad/${index % badFrames.length}`,
      (socket, index) => {
        if (!seen(index)) setTimeout(() => socket.end(frame(0x88, [0x03, 0xe8], true)), 50)
      },
    ),
  ]
}

/** Lists every kind; `seesAll` is false for a runtime that lets some broken frames pass. */
export function listClientKinds(seesAll: boolean): ClientKind[] {
  const body = 'x'.repeat(1000)
  return [
    whole('a request', request('GET', '/plain', close), [200]),
    whole('an upload', `${request('POST', '/echo', 'Content-Length: 1000', close)}${body}`, [200]),
    whole(
      'an upload in chunks',
      `${request('POST', '/echo', chunked, close)}3e8\r\n${body}\r\n0\r\n\r\n`,
      [200],
    ),
    whole(
      'an upload with a bad chunk',
      `${request('POST', '/echo', chunked, close)}3e8\r\n${body}\r\nzz\r\n`,
      [400],
    ),
    whole('a body that the upstream cuts short', request('GET', '/short', close), [200, 502]),
    whole(
      'a body in chunks that the upstream breaks off',
      request('GET', '/broken', close),
      [200, 502],
    ),
    whole('an upstream that resets', request('GET', '/reset', close), [502]),
    whole('an upstream that speaks no HTTP', request('GET', '/noHttp', close), [502]),
    whole(
      'an upload that the upstream refuses early',
      `${request('POST', '/early', 'Content-Length: 1000', close)}${body}`,
      [413, 502],
    ),
    leaving(
      'an upload that is aborted',
      `${request('POST', '/echo', 'Content-Length: 100000')}${body}`,
      'sent',
      reset,
    ),
    leaving(
      'an upload in chunks that is aborted',
      `${request('POST', '/echo', chunked)}3e8\r\n${body}\r\n`,
      'sent',
      destroy,
    ),
    leaving('a download that is aborted', request('GET', '/endless'), 'head', destroy),
    leaving('a download that is reset', request('GET', '/endless'), 'head', reset),
    leaving('an event stream that is cut', request('GET', '/events'), 'head', destroy),
    leaving('a client that does not wait', request('GET', '/never'), 'sent', destroy),
    leaving('half a head', 'GET /plain HTTP/1.1\r\nHost: loc', 'sent', destroy),
    webSocket(
      'a socket that the client closes',
      () => '/socket/hello',
      (socket) => {
        socket.write(frame(0x82, 'up', true))
        socket.write(frame(0x88, [0x03, 0xe8], true))
      },
    ),
    webSocket('a socket that the client resets', () => '/socket/hello', reset),
    webSocket(
      'a socket that the client ends',
      () => '/socket/hello',
      (socket) => {
        socket.end()
      },
    ),
    webSocket('a socket that the upstream closes', () => '/socket/close'),
    webSocket('a socket that the upstream resets', () => '/socket/reset'),
    webSocket('a socket that the upstream ends', () => '/socket/end'),
    webSocket(
      'a socket that a stuck upstream keeps',
      () => '/socket/deaf',
      (socket) => {
        socket.write(frame(0x88, [0x03, 0xe8], true))
      },
    ),
    webSocket(
      'a socket that a stuck client keeps',
      () => '/socket/close',
      seesAll ? 'deaf' : 'deaf for a while',
    ),
    ...breakFrames(seesAll),
  ]
}
