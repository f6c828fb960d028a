/** Bodies between Node's streams and the web's: nothing is read before it is asked for, and a cut body is an error. */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** A body as a web stream. */
export interface MessageBody {
  readonly stream: ReadableStream<Uint8Array>
  /** Makes what was not read yet an error. Nothing happens where the body is whole. */
  fail(error: Error): void
}

/** Callbacks for the events of a body. */
export interface MessageBodyEvents {
  /** Called once, when the first byte is asked for. */
  onFirstRead?(): void
  /** Called when nobody wants the rest. */
  onCancel(): void
}

/** Reads the body of a message, paused until somebody reads. */
export function readMessageBody(
  message: IncomingMessage,
  { onFirstRead, onCancel }: MessageBodyEvents,
): MessageBody {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  let settled = false
  let asked = false

  const settle = (act: (to: ReadableStreamDefaultController<Uint8Array>) => void): void => {
    if (settled || controller === undefined) return
    settled = true
    act(controller)
  }
  const fail = (error: Error): void => settle((to) => to.error(error))

  const stream = new ReadableStream<Uint8Array>(
    {
      start(given): void {
        controller = given
        message.on('data', (chunk: Buffer) => {
          if (settled) return
          // A copy would cost more than the rest of the way: Node does not write to a buffer that it has handed out.
          given.enqueue(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength))
          message.pause()
        })
        message.pause()
        message.once('end', () =>
          settle((to) => (message.complete ? to.close() : to.error(cutBody()))),
        )
        message.once('error', fail)
        message.once('close', () => fail(cutBody()))
      },
      pull(): void {
        if (!asked) onFirstRead?.()
        asked = true
        message.resume()
      },
      cancel(): void {
        settled = true
        onCancel()
      },
    },
    { highWaterMark: 0 },
  )
  return { stream, fail }
}

function cutBody(): Error {
  return new Error('The body ended before it was complete')
}

/** How far a response may lag. */
export interface WriteRules {
  /** Milliseconds that a client may take nothing while bytes wait for it. */
  readonly drainTimeoutMs: number
  /** Aborted when the response is to end early but cleanly. */
  readonly stop?: AbortSignal | undefined
}

/**
 * Writes a body to a client as fast as it reads. Resolves when all of it is written, and rejects where the body or the client
 * broke off; the response is then not ended.
 */
export async function writeBody(
  body: ReadableStream<Uint8Array>,
  response: ServerResponse,
  { drainTimeoutMs, stop }: WriteRules,
): Promise<void> {
  const reader = body.getReader()
  const leave = (): void => void reader.cancel(cutBody()).catch(() => {})
  response.once('close', leave)
  stop?.addEventListener('abort', leave, { once: true })
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      if (response.destroyed) throw cutBody()
      if (!response.write(part.value)) await drained(response, drainTimeoutMs)
    }
    if (response.destroyed) throw cutBody()
  } finally {
    response.off('close', leave)
    stop?.removeEventListener('abort', leave)
  }
}

/** Waits until a client has taken what was written; drops one that takes nothing. */
async function drained(response: ServerResponse, timeoutMs: number): Promise<void> {
  const waiting = new AbortController()
  const timer = setTimeout(() => response.destroy(), timeoutMs)
  try {
    const { signal } = waiting
    await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })])
  } finally {
    clearTimeout(timer)
    waiting.abort()
  }
}
