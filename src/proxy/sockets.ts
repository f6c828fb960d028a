/**
 * Limits how long a WebSocket or an event stream stays open, so that none outlives the session that opened it.
 * `client-response.ts` calls it. Both ends of a WebSocket are closed at the limit, and the upstream's connection is
 * dropped if an end does not answer the close frame within five seconds. Messages wait in memory without a bound if one
 * end is slower than the other. A runtime without WebSocketPair throws a `TypeError`.
 */
import { closeCodes, isCloseCode } from '../request/index.ts'

/** The WebSocket of workerd, which has more members than that of browsers. */
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
 * Relays messages between the two ends of a WebSocket. It closes both ends when one of them closes, breaks
 * the protocol or is lost, and when the time is up. Messages are relayed in their order. They wait in memory
 * if one end is slower than the other, since the runtime does not report that.
 *
 * @param dropUpstream - drops the connection to the upstream. It is called if an end has not answered a
 *   close frame for five seconds, since a WebSocket has no method that ends a connection immediately.
 * @returns the WebSocket for the client.
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
    for (const socket of [server, upstream]) close(socket, closeCode, reason)
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
      } catch {} // The target has been closed in the meantime.
    })

    sourceSocket.addEventListener('close', ({ code: closeCode, reason }) => {
      openSockets.delete(sourceSocket)
      // 1005 stands for a close frame without a code. 1006 and 1015 mean that no close frame was
      // received.
      if (closeCode === 1005) closeBoth(undefined, '')
      else if (closeCode === 1006 || closeCode === 1015) closeBoth(lostCode, '')
      else if (isCloseCode(closeCode)) closeBoth(closeCode, reason)
      else closeBoth(closeCodes.protocolError, '')

      if (openSockets.size === 0) clearTimeout(dropTimer)
    })

    // After a frame that breaks the protocol, workerd sends a close frame but no close event.
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
 * Milliseconds within which an end must close its connection after a close frame. `portcullis/node` uses the same time.
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

/** Closes a WebSocket. Nothing happens if it is already closed. */
function close(socket: RuntimeSocket, closeCode: number | undefined, reason: string): void {
  try {
    if (closeCode === undefined) socket.close()
    else socket.close(closeCode, reason)
  } catch {
    try {
      // Replacing invalid UTF-8 can make the reason too long. Then the socket is closed without a
      // reason.
      socket.close(closeCode)
    } catch {} // The socket is already closed.
  }
}

/** A stream of workerd that forwards bytes without JavaScript. */
type WithIdentityStream = {
  IdentityTransformStream?: new () => ReadableWritablePair<Uint8Array, Uint8Array>
}

/** Whether a stream is one of the runtime's own byte streams, such as the body of a response from the network. */
function isByteStream(source: ReadableStream<Uint8Array>): boolean {
  try {
    source.getReader({ mode: 'byob' }).releaseLock()
    return true
  } catch {
    return false
  }
}

/** Pipes a stream until the time is up, and then ends the target without an error. It never rejects. */
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
 * Ends a stream without an error when the time is up, and cancels its source. An EventSource then
 * reconnects by itself.
 */
export function limitStream(
  source: ReadableStream<Uint8Array>,
  limitMs: number,
): ReadableStream<Uint8Array> {
  const { IdentityTransformStream } = globalThis as WithIdentityStream
  // In workerd a stream that JavaScript fills would stay open if its client disconnects while it waits for bytes.
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

/** Whether a response is a stream of events. */
export function isEventStream(headers: Pick<Headers, 'get'>): boolean {
  return /^text\/event-stream\s*(?:;|$)/i.test(headers.get('content-type') ?? '')
}
