/**
 * Streams the parts of the page that changed as server-sent events, for a minute; then the browser
 * connects again. `console/create.ts` sends the stream. Where rendering fails, the stream ends and
 * the page says that it waits.
 */
import type { OpenStream } from './limits.ts'
import type { Parts } from './page/parts.ts'

/** The options of a stream. */
export interface LiveOptions {
  /** Renders the parts as they are now. */
  render(): Promise<Parts>
  /** Milliseconds between two looks. */
  readonly everyMs: number
  /**
   * Milliseconds until the stream ends by itself. The browser opens another one, and whether it may is decided again: a right
   * that was taken away ends here.
   */
  readonly lastsMs: number
  /** The request of the stream: it stops when its client has left. */
  readonly signal: AbortSignal
  /** Its place among the open streams. */
  readonly place: OpenStream
}

const encoder = new TextEncoder()

/** Creates the body of the stream. */
export function createLiveStream(options: LiveOptions): ReadableStream<Uint8Array> {
  const { render, everyMs, lastsMs, signal, place } = options
  const sent = new Map<string, string>()
  let looksLeft = Math.ceil(lastsMs / everyMs)
  let isFirst = true
  let isCancelled = false

  /** The events for what changed since the last look; a comment where nothing did, so that a proxy keeps the stream open. */
  async function createEvents(): Promise<string> {
    let events = ''
    for (const [name, part] of Object.entries(await render())) {
      if (sent.get(name) === part.html) continue
      sent.set(name, part.html)
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
        if (!place.isReplaced) controller.enqueue(encoder.encode(await createEvents()))
        if (--looksLeft > 0 && !signal.aborted && !place.isReplaced) return
        controller.close()
      } catch {
        // The browser connects again, and the page says so meanwhile.
        if (!isCancelled) controller.close()
      }
      place.close()
    },
    cancel(): void {
      isCancelled = true
      place.close()
    },
  })
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds))
}
