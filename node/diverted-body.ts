/**
 * Passes the body of a request through a Hono middleware and then back to the framework, with the
 * same bytes and as fast as it is read. `connect.ts` calls it for Express and Fastify. It replaces
 * `push` and `_read` of Node's message, so it must get a message from which nobody has read. A
 * connection that ends early, or a middleware that reads only a part of the body, is reported as an
 * error to the stream or to the callback `onError`.
 */
import type { IncomingMessage } from 'node:http'

/** The body of a request while it passes through a middleware. */
export interface DivertedBody {
  /** The body, for the middleware. */
  readonly stream: ReadableStream<Uint8Array>
  /**
   * Gives the body back, so that the framework reads it from the message as usual.
   *
   * @param passed - the body that the middleware passes on: `stream`, or one that replaces it.
   * @param isUsed - whether the middleware has read `passed`. The framework then reads the bytes as
   *   they came.
   * @param onError - receives the error of `passed`.
   */
  giveBack(
    passed: ReadableStream<Uint8Array> | null,
    isUsed: boolean,
    onError: (error: unknown) => void,
  ): void
}

/** Takes the body of a message from which nobody has read. */
export function divertBody(message: IncomingMessage): DivertedBody {
  return message.complete ? copyReceivedBody(message) : divertArrivingBody(message)
}

/** Passes on a body that has already arrived completely. It also stays in the message. */
function copyReceivedBody(message: IncomingMessage): DivertedBody {
  const bytes: Buffer = message.read() ?? Buffer.alloc(0)
  // This must happen in the same tick: an empty message that has ended would emit its end in the
  // next one.
  if (bytes.length > 0) message.unshift(bytes)

  return {
    stream: createStream([bytes]),
    giveBack(passed, isUsed, onError): void {
      if (passed !== null && !isUsed) void drain(passed).catch(onError)
    },
  }
}

/**
 * Passes on a body that is still arriving. The bytes of the parser go to the middleware, and return
 * to the message when the framework reads.
 */
function divertArrivingBody(message: IncomingMessage): DivertedBody {
  const firstChunk = message.readableLength > 0 ? (message.read() as Buffer | null) : null
  const pushToReader = message.push.bind(message)
  const readFromSocket = message._read.bind(message)
  const received: Buffer[] = []
  let [isGivenBack, hasEnded] = [false, false]
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined

  const stream = new ReadableStream<Uint8Array>(
    {
      start(streamController): void {
        controller = streamController
      },
      pull(): void {
        readFromSocket(0)
      },
    },
    { highWaterMark: 0 },
  )

  function receive(chunk: Buffer): void {
    if (!isGivenBack) received.push(chunk)
    controller?.enqueue(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength))
  }

  message.push = (chunk: Buffer | null): boolean => {
    if (hasEnded) return false
    if (chunk !== null) receive(chunk)
    else {
      hasEnded = true
      controller?.close()
    }
    // Returning false makes the socket wait until the stream is read.
    return false
  }
  if (firstChunk !== null) receive(firstChunk)
  message.once('close', () => {
    if (!hasEnded) controller?.error(new Error('The body ended before it was complete'))
    hasEnded = true
  })

  return {
    stream,
    giveBack(passed, isUsed, onError): void {
      isGivenBack = true
      if (isUsed && !hasEnded) {
        onError(
          new Error(
            'A middleware has read only a part of the body; it must read all of it, or nothing',
          ),
        )
        return
      }
      // A middleware that only read the body has not changed it, so the framework gets the bytes
      // that came.
      const source = isUsed || passed === null ? createStream(received.splice(0)) : passed
      received.length = 0
      const pump = createPump(source.getReader(), pushToReader, onError)
      message._read = (size): void => {
        readFromSocket(size)
        pump()
      }
      // The message waits for the bytes that its first read requested.
      if (firstChunk !== null) pump()
    },
  }
}

/** Creates the `_read` of a message whose bytes are in a stream. */
function createPump(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  push: (chunk: Buffer | null) => boolean,
  onError: (error: unknown) => void,
): () => void {
  let isReading = false
  async function readOnce(): Promise<void> {
    try {
      const { done, value } = await reader.read()
      isReading = false
      push(done ? null : Buffer.from(value.buffer, value.byteOffset, value.byteLength))
    } catch (error) {
      onError(error)
    }
  }

  return () => {
    if (isReading) return
    isReading = true
    void readOnce()
  }
}

function createStream(chunks: readonly Buffer[]): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start(controller): void {
      for (const chunk of chunks) if (chunk.length > 0) controller.enqueue(new Uint8Array(chunk))
      controller.close()
    },
  })
}

async function drain(stream: ReadableStream<Uint8Array>): Promise<void> {
  const reader = stream.getReader()
  while (!(await reader.read()).done);
}
