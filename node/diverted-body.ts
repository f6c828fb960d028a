/** Leads the body of a request through a middleware and back to the framework, byte for byte and as fast as it is read. */
import type { IncomingMessage } from 'node:http'

/** The body of a request on its way through a middleware. */
export interface DivertedBody {
  /** The body, for the middleware. */
  readonly stream: ReadableStream<Uint8Array>
  /**
   * Gives the body back, so that the framework reads it from the message as if nobody had been there.
   *
   * @param passed - the body that the middleware passes on: `stream`, or one that replaces it.
   * @param isUsed - whether somebody has read `passed`. Then the framework reads the bytes that came.
   * @param onError - receives what `passed` fails with.
   */
  giveBack(
    passed: ReadableStream<Uint8Array> | null,
    isUsed: boolean,
    onError: (error: unknown) => void,
  ): void
}

/** Takes the body of a message that nobody has read from. */
export function divertBody(message: IncomingMessage): DivertedBody {
  return message.complete ? copyReceivedBody(message) : divertArrivingBody(message)
}

/** A body that is in memory already stays where it is. */
function copyReceivedBody(message: IncomingMessage): DivertedBody {
  const bytes: Buffer = message.read() ?? Buffer.alloc(0)
  // In the same tick: an empty message that has ended would report its end in the next one.
  if (bytes.length > 0) message.unshift(bytes)

  return {
    stream: createStream([bytes]),
    giveBack(passed, isUsed, onError): void {
      if (passed !== null && !isUsed) void drain(passed).catch(onError)
    },
  }
}

/** A body that is still on its way: what the parser pushes goes to the middleware, and comes back when the framework reads. */
function divertArrivingBody(message: IncomingMessage): DivertedBody {
  const first = message.readableLength > 0 ? (message.read() as Buffer | null) : null
  const pushToReader = message.push.bind(message)
  const askSocket = message._read.bind(message)
  const received: Buffer[] = []
  let [isGivenBack, hasEnded] = [false, false]
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined

  const stream = new ReadableStream<Uint8Array>(
    {
      start(given): void {
        controller = given
      },
      pull(): void {
        askSocket(0)
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
    // The socket waits until the stream is read.
    return false
  }
  if (first !== null) receive(first)
  message.once('close', () => {
    if (!hasEnded) controller?.error(new Error('The body ended before it was complete'))
    hasEnded = true
  })

  return {
    stream,
    giveBack(passed, isUsed, onError): void {
      isGivenBack = true
      if (isUsed && !hasEnded) {
        onError(new Error('A middleware read a part of the body and not the rest'))
        return
      }
      // Who read all of it has not changed it: these are the bytes that came.
      const source = isUsed || passed === null ? createStream(received.splice(0)) : passed
      received.length = 0
      const pump = createPump(source.getReader(), pushToReader, onError)
      message._read = (size): void => {
        askSocket(size)
        pump()
      }
      // The message waits for what its first read has asked for.
      if (first !== null) pump()
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
