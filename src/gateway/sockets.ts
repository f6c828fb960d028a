/** Ends what would go on for ever: neither a WebSocket nor an event stream outlives the session that opened it. */

/** What workerd has besides the WebSocket of browsers. */
export interface RuntimeSocket {
  binaryType?: string
  accept(): void
  send(data: string | ArrayBuffer): void
  close(code?: number, reason?: string): void
  addEventListener(type: 'message', listener: (event: { data: string | ArrayBuffer }) => void): void
  addEventListener(type: 'close', listener: (event: { code: number; reason: string }) => void): void
}
type Pair = { WebSocketPair?: new () => { 0: RuntimeSocket; 1: RuntimeSocket } }

/** RFC 6455 section 7.4.1: the other side goes away; clients that reconnect do so on it. */
const goingAway = 1001
const badGateway = 1014

/**
 * Stands between two ends of a WebSocket and closes both when time is up. Messages pass in their order; they wait in memory
 * where one end is slower than the other, since the runtime does not tell.
 *
 * @returns the end for the client.
 */
export function boundSocket(upstream: RuntimeSocket, limitMs: number): RuntimeSocket {
  const { WebSocketPair } = globalThis as Pair
  if (WebSocketPair === undefined) throw new TypeError('A runtime that hands over sockets can make them')
  const { 0: client, 1: server } = new WebSocketPair()
  const timer = setTimeout(() => {
    for (const end of [server, upstream]) close(end, goingAway, 'time limit')
  }, limitMs)
  const join = (from: RuntimeSocket, to: RuntimeSocket, lost: number): void => {
    from.binaryType = 'arraybuffer'
    from.addEventListener('message', ({ data }) => {
      try {
        to.send(data)
      } catch {} // closed meanwhile
    })
    from.addEventListener('close', ({ code, reason }) => {
      clearTimeout(timer)
      // 1006 and 1015 are never sent: they say that no close frame came.
      const [said, why] = code === 1006 || code === 1015 ? [lost, ''] : [code, reason]
      close(to, said, why)
      close(from, said, why)
    })
    from.accept()
  }
  join(upstream, server, badGateway)
  join(server, upstream, goingAway)
  return client
}

function close(socket: RuntimeSocket, code: number, reason: string): void {
  try {
    // 1005 is what a close frame without a code is read as.
    if (code === 1005) socket.close()
    else socket.close(code, reason)
  } catch {} // closed already
}

/** Ends a stream cleanly when time is up, and gives up what is behind it: an EventSource asks anew by itself. */
export function boundStream(source: ReadableStream<Uint8Array>, limitMs: number): ReadableStream<Uint8Array> {
  const reader = source.getReader()
  let timer: ReturnType<typeof setTimeout> | undefined
  return new ReadableStream<Uint8Array>(
    {
      start(controller): void {
        timer = setTimeout(() => {
          timer = undefined
          controller.close()
          reader.cancel().catch(() => {})
        }, limitMs)
      },
      async pull(controller): Promise<void> {
        try {
          const { done, value } = await reader.read()
          if (timer === undefined) return
          if (!done) return controller.enqueue(value)
          controller.close()
        } catch (error) {
          if (timer === undefined) return
          controller.error(error)
        }
        clearTimeout(timer)
      },
      cancel(why): Promise<void> {
        clearTimeout(timer)
        return reader.cancel(why)
      },
    },
    { highWaterMark: 0 },
  )
}

/** Whether an answer is a stream of events. */
export function isEventStream(headers: Headers): boolean {
  return /^text\/event-stream\s*(?:;|$)/i.test(headers.get('content-type') ?? '')
}
