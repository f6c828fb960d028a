/**
 * Aborts the request to an upstream at its deadline, and when the client disconnects. `fetch-upstream.ts` creates one
 * watch for each attempt, and must call `endDeadline` when the attempt has ended. It does not throw. In the first 100 ms
 * it does not listen to the client, so a disconnect in that time is noticed at its end.
 */

/**
 * Milliseconds after which a watch begins to listen to the client. Most responses have arrived by then, and in workerd a
 * listener costs as much as three headers.
 */
const listenAfterMs = 100

/** The deadline, the signal of the client, and the function that aborts the request. */
export interface WatchOptions {
  /** Milliseconds until the first byte of the response. */
  readonly timeoutMs: number
  /** The signal that is aborted when the client disconnects. */
  readonly signal: AbortSignal
  /** Called when the client has disconnected, and at the deadline. */
  readonly abortFetch: () => void
}

/** The watch of one request to an upstream. */
export class ClientWatch {
  /** True if the deadline has passed without a response. */
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
   * Called when the response has arrived. Its body has no time limit and is aborted when the client disconnects. workerd
   * aborts the requests of a disconnected client by itself.
   */
  passBody(): void {
    if (globalThis.navigator?.userAgent !== 'Cloudflare-Workers') this.#listen()
  }

  /** Removes the deadline. */
  endDeadline(): void {
    clearTimeout(this.#timer)
  }

  /** Stops listening to the client after the request has failed. */
  stopListening(): void {
    if (this.#isListening)
      this.#options.signal.removeEventListener('abort', this.#options.abortFetch)
  }
}
