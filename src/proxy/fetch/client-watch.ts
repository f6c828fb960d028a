/**
 * Ends the fetch of an upstream request at its deadline, and when the client disconnects.
 * `fetch-upstream.ts` starts one watch for each fetch. Nothing here throws.
 */

/**
 * Milliseconds after which a watch begins to listen to the client. Most responses have arrived by then, and in workerd a
 * listener costs as much as three headers.
 */
const listenAfterMs = 100

/** The times and the signal that a watch goes by. */
export interface WatchOptions {
  /** Milliseconds until the first byte of the response. */
  readonly timeoutMs: number
  /** Aborted when the client disconnects. */
  readonly signal: AbortSignal
  /** Called when the client has disconnected, and at the deadline. */
  readonly abortFetch: () => void
}

/** Watches over one fetch. A client that disconnects in the first 100 ms is noticed at their end. */
export class ClientWatch {
  /** Whether the deadline has passed without a response. */
  hasTimedOut = false
  readonly #options: WatchOptions
  #timer: ReturnType<typeof setTimeout>
  #isListening = false

  constructor(options: WatchOptions) {
    const { timeoutMs, signal, abortFetch } = options
    this.#options = options
    if (signal.aborted) abortFetch()
    this.#timer =
      timeoutMs > listenAfterMs
        ? setTimeout(() => this.#listenLate(), listenAfterMs)
        : this.#startDeadline(timeoutMs)
  }

  #listenLate(): void {
    this.#listen()
    this.#timer = this.#startDeadline(this.#options.timeoutMs - listenAfterMs)
  }

  #startDeadline(waitMs: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      this.hasTimedOut = true
      this.#options.abortFetch()
    }, waitMs)
  }

  #listen(): void {
    const { signal, abortFetch } = this.#options
    if (this.#isListening) return

    this.#isListening = true
    if (signal.aborted) abortFetch()
    else signal.addEventListener('abort', abortFetch)
  }

  /**
   * The response has arrived: its body may take any time, and ends with the client. workerd itself ends every fetch of a
   * request whose client has disconnected.
   */
  passBody(): void {
    if (globalThis.navigator?.userAgent !== 'Cloudflare-Workers') this.#listen()
  }

  /** Ends the deadline. */
  endDeadline(): void {
    clearTimeout(this.#timer)
  }

  /** Stops listening, where the fetch has failed. */
  stopListening(): void {
    if (this.#isListening)
      this.#options.signal.removeEventListener('abort', this.#options.abortFetch)
  }
}
