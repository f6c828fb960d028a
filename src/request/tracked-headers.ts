/**
 * Answers questions about a response's headers from what is known of them: in workerd each
 * question costs 2,000 instructions. The header writer, sessions and the proxy call it. Headers
 * that foreign code changed while they are tracked would be read wrongly, so `forgetHeaders` comes
 * first.
 */

/** The part of Headers that steps which change a response use. */
export type ChangeableHeaders = Pick<
  Headers,
  'append' | 'delete' | 'forEach' | 'get' | 'getSetCookie' | 'has' | 'set'
>

type Tracking = { trackedHeaders?: ChangeableHeaders | undefined }

/** Headers whose values are known by name, in lower case. Every change has to be made through it. */
export class TrackedHeaders implements ChangeableHeaders {
  readonly #headers: Headers
  /** Set-Cookie, which may stand several times, is asked for each time. */
  readonly #values = new Map<string, string>()

  constructor(headers: Headers) {
    this.#headers = headers
    headers.forEach((value, name) => {
      this.#values.set(name, value)
    })
  }

  get(name: string): string | null {
    return this.#values.get(name) ?? null
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  getSetCookie(): string[] {
    return this.has('set-cookie') ? this.#headers.getSetCookie() : []
  }

  set(name: string, value: string): void {
    this.#headers.set(name, value)
    this.#values.set(name, value)
  }

  append(name: string, value: string): void {
    this.#headers.append(name, value)
    const formerValue = this.get(name)
    this.#values.set(name, formerValue ? `${formerValue}, ${value}` : value)
  }

  delete(name: string): void {
    if (this.#values.delete(name)) this.#headers.delete(name)
  }

  /** Shows the headers; they may be changed meanwhile. */
  forEach(see: (value: string, name: string, headers: Headers) => void): void {
    for (const [name, value] of [...this.#values]) see(value, name, this.#headers)
  }
}

/**
 * Tracks the headers of a response until {@link forgetHeaders}. Only for a response that no foreign code sees before: what
 * that changed would not be known.
 *
 * @example
 * const headers = trackHeaders(new Response(body, upstreamResponse))
 */
export function trackHeaders(response: Response): TrackedHeaders {
  const trackedHeaders = new TrackedHeaders(response.headers)
  ;(response as Tracking).trackedHeaders = trackedHeaders
  return trackedHeaders
}

/**
 * Finds the headers of a response: the tracked ones, or its own.
 *
 * @example
 * findHeaders(response).set('cache-control', 'no-store')
 */
export function findHeaders(response: Response): ChangeableHeaders {
  return (response as Tracking).trackedHeaders ?? response.headers
}

/**
 * Lets go of what is known, before code gets the response that changes its headers directly. Returns the response.
 *
 * @example
 * return forgetHeaders(response)
 */
export function forgetHeaders(response: Response): Response {
  ;(response as Tracking).trackedHeaders = undefined
  return response
}
