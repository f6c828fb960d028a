/**
 * Limits long-lived connections: neither a WebSocket nor an event stream outlives the session that
 * opened it. `client-response.ts` calls it. A runtime that cannot create a pair of sockets throws
 * a `TypeError`.
 */
import { closeCodes, isCloseCode } from '../request/index.ts'

/** The WebSocket of workerd, which has more than that of browsers. */
export interface RuntimeSocket {
  binaryType?: string
  accept(): void
  send(data: string | ArrayBuffer): void
  close(code?: number, reason?: string): void
  addEventListener(type: 'message', listener: (event: { data: string | ArrayBuffer }) => void): void
  addEventListener(type: 'close', listener: (event: { code: number; reason: string }) => void): void
  addEventListener(type: 'error', listener: (event: { message?: string }) => void): void
}
type WithWebSocketPair = { WebSocketPair?: new () => { 0: RuntimeSocket; 1: RuntimeSocket } }

/**
 * Stands between two ends of a WebSocket and closes both when one of them closes, breaks the
 * protocol or is lost, and when the time is up. Messages pass in their order; they wait in memory
 * where one end is slower than the other, since the runtime does not tell.
 *
 * @param dropUpstream - drops the connection to the upstream. It is called where an end has not
 *   answered a close frame for five seconds: no method of a WebSocket does more than ask for the
 *   end.
 * @returns the end for the client.
 */
export function limitSocket(
  upstream: RuntimeSocket,
  limitMs: number,
  dropUpstream: () => void,
): RuntimeSocket {
  const { WebSocketPair } = globalThis as WithWebSocketPair
  if (WebSocketPair === undefined) throw new TypeError('This runtime has no WebSocketPair')

  const { 0: client, 1: server } = new WebSocketPair()
  const openSockets = new Set<RuntimeSocket>([server, upstream])
  let dropTimer: ReturnType<typeof setTimeout> | undefined
  const closeBoth = (closeCode: number | undefined, reason: string): void => {
    clearTimeout(limitTimer)
    dropTimer ??= setTimeout(dropUpstream, closeTimeoutMs)
    for (const end of [server, upstream]) close(end, closeCode, reason)
  }

  const limitTimer = setTimeout(() => closeBoth(closeCodes.goingAway, 'time limit'), limitMs)
  const relayMessages = (
    sourceSocket: RuntimeSocket,
    targetSocket: RuntimeSocket,
    lostCode: number,
  ): void => {
    sourceSocket.binaryType = 'arraybuffer'
    sourceSocket.addEventListener('message', ({ data }) => {
      try {
        targetSocket.send(data)
      } catch {} // closed meanwhile
    })

    sourceSocket.addEventListener('close', ({ code: closeCode, reason }) => {
      openSockets.delete(sourceSocket)
      // 1005 is what a close frame without a code is read as; 1006 and 1015 say that no close frame
      // came.
      if (closeCode === 1005) closeBoth(undefined, '')
      else if (closeCode === 1006 || closeCode === 1015) closeBoth(lostCode, '')
      else if (isCloseCode(closeCode)) closeBoth(closeCode, reason)
      else closeBoth(closeCodes.protocolError, '')

      if (openSockets.size === 0) clearTimeout(dropTimer)
    })

    // A frame that breaks the protocol, which workerd has answered; no close event follows.
    sourceSocket.addEventListener('error', ({ message = '' }) =>
      closeBoth(protocolCode(message) ?? lostCode, ''),
    )
    sourceSocket.accept()
  }

  relayMessages(upstream, server, closeCodes.badGateway)
  relayMessages(server, upstream, closeCodes.goingAway)

  return client
}

/**
 * Milliseconds that an end has to close its connection after a close frame; as `closeTimeoutMs`
 * of `portcullis/node`.
 */
const closeTimeoutMs = 5000

/**
 * Reads the close code from workerd's error message for a bad frame: `WebSocket protocol error;
 * protocolError.statusCode = 1002; …`.
 */
function protocolCode(message: string): number | undefined {
  const closeCode = Number(/protocolError\.statusCode = (\d{4})\b/.exec(message)?.[1])
  return isCloseCode(closeCode) ? closeCode : undefined
}

/** Closes one end; one that is closed already stays as it is. */
function close(socket: RuntimeSocket, closeCode: number | undefined, reason: string): void {
  try {
    if (closeCode === undefined) socket.close()
    else socket.close(closeCode, reason)
  } catch {
    try {
      // The reason is too long after invalid UTF-8 was replaced: close without it, rather than not
      // at all.
      socket.close(closeCode)
    } catch {} // closed already
  }
}

/** The stream with which workerd passes bytes on without JavaScript. */
type WithIdentityStream = {
  IdentityTransformStream?: new () => ReadableWritablePair<Uint8Array, Uint8Array>
}

/** Whether a stream is one of the runtime's own, whose bytes come from a connection. */
function isByteStream(source: ReadableStream<Uint8Array>): boolean {
  try {
    source.getReader({ mode: 'byob' }).releaseLock()
    return true
  } catch {
    return false
  }
}

/** Pipes until time is up, then ends the target cleanly. It never rejects. */
async function pipeUntil(
  source: ReadableStream<Uint8Array>,
  target: WritableStream<Uint8Array>,
  limitMs: number,
): Promise<void> {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), limitMs)
  try {
    await source.pipeTo(target, { signal: stop.signal, preventAbort: true })
  } catch (error) {
    const ending = stop.signal.aborted ? target.close() : target.abort(error)
    await ending.catch(() => {})
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Ends a stream cleanly when time is up, and gives up what is behind it: an EventSource asks
 * anew by itself.
 */
export function limitStream(
  source: ReadableStream<Uint8Array>,
  limitMs: number,
): ReadableStream<Uint8Array> {
  const { IdentityTransformStream } = globalThis as WithIdentityStream
  // workerd keeps a stream that JavaScript fills when its client leaves while it waits for bytes.
  if (IdentityTransformStream !== undefined && isByteStream(source)) {
    const { readable, writable } = new IdentityTransformStream()
    void pipeUntil(source, writable, limitMs)
    return readable
  }

  const reader = source.getReader()
  let lifeTimer: ReturnType<typeof setTimeout> | undefined
  return new ReadableStream<Uint8Array>(
    {
      start(controller): void {
        lifeTimer = setTimeout(() => {
          lifeTimer = undefined
          controller.close()
          reader.cancel().catch(() => {})
        }, limitMs)
      },
      async pull(controller): Promise<void> {
        try {
          const { done: isDone, value: chunk } = await reader.read()
          if (lifeTimer === undefined) return
          if (!isDone) return controller.enqueue(chunk)
          controller.close()
        } catch (error) {
          if (lifeTimer === undefined) return
          controller.error(error)
        }
        clearTimeout(lifeTimer)
      },
      cancel(cancelReason): Promise<void> {
        clearTimeout(lifeTimer)
        return reader.cancel(cancelReason)
      },
    },
    { highWaterMark: 0 },
  )
}

/** Whether an answer is a stream of events. */
export function isEventStream(headers: Pick<Headers, 'get'>): boolean {
  return /^text\/event-stream\s*(?:;|$)/i.test(headers.get('content-type') ?? '')
}
