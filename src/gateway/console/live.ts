/**
 * Streams the parts of the console's page that have changed as server-sent events, for a minute; then
 * the browser reconnects and its access is checked again. `console/create.ts` creates the stream and
 * sends it as the response. If rendering fails, the stream just ends: the error is swallowed, and the
 * page shows that it reconnects. The stream also ends when the client disconnects or a newer stream
 * replaces it.
 */
import type { OpenStream } from './limits.ts'
import type { Parts } from './page/parts.ts'

/** The options of a stream. */
export interface LiveOptions {
  /** Renders the parts as they are now. */
  render(): Promise<Parts>
  /** Milliseconds between two updates. */
  readonly everyMs: number
  /**
   * Milliseconds until the stream ends by itself. The browser then opens another one, for which access is checked
   * again, so that a person who has lost access sees no more updates.
   */
  readonly lastsMs: number
  /** The signal of the request, which is aborted when the client disconnects. */
  readonly signal: AbortSignal
  /** The entry of the stream in the limit of open streams. */
  readonly openStream: OpenStream
}

const encoder = new TextEncoder()

/** Creates the body of the stream. */
export function createLiveStream(options: LiveOptions): ReadableStream<Uint8Array> {
  const { render, everyMs, lastsMs, signal, openStream } = options
  const sentParts = new Map<string, string>()
  let updatesLeft = Math.ceil(lastsMs / everyMs)
  let isFirst = true
  let isCancelled = false

  /**
   * Creates events for the parts that changed since the last update, or a comment, so that proxies keep the stream
   * open.
   */
  async function createEvents(): Promise<string> {
    let events = ''
    for (const [name, part] of Object.entries(await render())) {
      if (sentParts.get(name) === part.html) continue
      sentParts.set(name, part.html)
      events += `event: part\ndata: ${JSON.stringify({ name, html: part.html })}\n\n`
    }

    return events === '' ? ': nothing new\n\n' : events
  }

  return new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      try {
        if (isFirst) controller.enqueue(encoder.encode('retry: 1000\n\n'))
        else await wait(everyMs)
        isFirst = false
        if (isCancelled) return
        if (!openStream.isReplaced) controller.enqueue(encoder.encode(await createEvents()))
        if (--updatesLeft > 0 && !signal.aborted && !openStream.isReplaced) return
        controller.close()
      } catch {
        // The browser reconnects, and the page shows "Connecting" until then.
        if (!isCancelled) controller.close()
      }

      openStream.close()
    },
    cancel(): void {
      isCancelled = true
      openStream.close()
    },
  })
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds))
}
