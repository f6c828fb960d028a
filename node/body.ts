/**
 * Converts bodies between Node's streams and web streams with backpressure: nothing is read before
 * it is requested, and a body that breaks off is an error. `Exchange` and `connect.ts` read
 * requests and write responses with it, and the upstream client reads responses. `writeBody`
 * rejects where the body fails, where the client left, or where it takes no bytes for
 * `drainTimeoutMs`; the response is then not ended, so that the client notices.
 */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** A body as a web stream. */
export interface MessageBody {
  readonly stream: ReadableStream<Uint8Array>
  /** Ends the stream with an error. It has no effect where the body is complete. */
  fail(error: Error): void
}

/** Callbacks for the events of a body. */
export interface MessageBodyEvents {
  /** Called once, when the first byte is requested. */
  onFirstRead?(): void
  /** Called when the reader cancels the rest. */
  onCancel(): void
}

/** Reads the body of a message as a web stream. The message is paused until the stream is read. */
export function readMessageBody(
  message: IncomingMessage,
  { onFirstRead, onCancel }: MessageBodyEvents,
): MessageBody {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  let isSettled = false
  let isRequested = false

  const settle = (
    endStream: (target: ReadableStreamDefaultController<Uint8Array>) => void,
  ): void => {
    if (isSettled || controller === undefined) return
    isSettled = true
    endStream(controller)
  }
  const fail = (error: Error): void => settle((target) => target.error(error))

  const stream = new ReadableStream<Uint8Array>(
    {
      start(streamController): void {
        controller = streamController
        message.on('data', (chunk: Buffer) => {
          if (isSettled) return
          // The bytes are not copied, which would be the most expensive step: Node does not write
          // again to a buffer that it has emitted.
          streamController.enqueue(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength))
          message.pause()
        })
        message.pause()
        message.once('end', () =>
          settle((target) => (message.complete ? target.close() : target.error(createCutError()))),
        )
        message.once('error', fail)
        message.once('close', () => fail(createCutError()))
      },
      pull(): void {
        if (!isRequested) onFirstRead?.()
        isRequested = true
        message.resume()
      },
      cancel(): void {
        isSettled = true
        onCancel()
      },
    },
    { highWaterMark: 0 },
  )
  return { stream, fail }
}

function createCutError(): Error {
  return new Error('The body ended before it was complete')
}

/** How long a client may stop reading. */
export interface WriteRules {
  /** The ms for which a client may accept no bytes while bytes wait for it. */
  readonly drainTimeoutMs: number
  /** Aborted when the response should end early but regularly. */
  readonly stop?: AbortSignal | undefined
}

/**
 * Writes a body to a client as fast as the client reads. Resolves when all of it is written, and
 * rejects where the body or the client broke off; the response is then not ended.
 */
export async function writeBody(
  body: ReadableStream<Uint8Array>,
  response: ServerResponse,
  { drainTimeoutMs, stop }: WriteRules,
): Promise<void> {
  const reader = body.getReader()
  const cancelReader = (): void => void reader.cancel(createCutError()).catch(() => {})
  response.once('close', cancelReader)
  stop?.addEventListener('abort', cancelReader, { once: true })
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      if (response.destroyed) throw createCutError()
      if (!response.write(part.value)) await waitForDrain(response, drainTimeoutMs)
    }
    if (response.destroyed) throw createCutError()
  } finally {
    response.off('close', cancelReader)
    stop?.removeEventListener('abort', cancelReader)
  }
}

/**
 * Waits until the client has accepted the written bytes. A client that accepts nothing in time is
 * disconnected.
 */
async function waitForDrain(response: ServerResponse, timeoutMs: number): Promise<void> {
  const listeners = new AbortController()
  const timer = setTimeout(() => response.destroy(), timeoutMs)
  try {
    const { signal } = listeners
    await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })])
  } finally {
    clearTimeout(timer)
    listeners.abort()
  }
}
