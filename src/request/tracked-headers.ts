/**
 * Stores a copy of a response's headers for reading, because in workerd each read of `Headers`
 * costs 2,000 instructions. The proxy tracks the headers of upstream responses, and the header
 * writer and sessions read and change them through it. It throws where the headers are immutable.
 * Changes that other code makes directly to the response are not seen, so `forgetHeaders` must be
 * called before such code gets the response.
 */

/** The methods of Headers that steps which change a response use. */
export type ChangeableHeaders = Pick<
  Headers,
  'append' | 'delete' | 'forEach' | 'get' | 'getSetCookie' | 'has' | 'set'
>

type Tracking = { trackedHeaders?: TrackedHeaders | undefined }

/**
 * Headers with a stored copy of their values. Names must be in lower case. Every change must be
 * made through this object.
 */
export class TrackedHeaders implements ChangeableHeaders {
  /** The status of the response, which cannot change. Undefined if it was not given. */
  readonly status: number | undefined
  readonly #headers: Headers
  /** Set-Cookie may occur several times and is always read from the headers. */
  readonly #values = new Map<string, string>()

  constructor(headers: Headers, status?: number) {
    this.#headers = headers
    this.status = status
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

  /** Calls a function for each header, which may change headers meanwhile. */
  forEach(callback: (value: string, name: string, headers: Headers) => void): void {
    for (const [name, value] of [...this.#values]) callback(value, name, this.#headers)
  }
}

/**
 * Tracks the headers of a response until {@link forgetHeaders}. Use it only while no other code can
 * change the response, because such changes would not be seen.
 *
 * @example
 * const headers = trackHeaders(new Response(body, upstreamResponse))
 */
export function trackHeaders(response: Response, status?: number): TrackedHeaders {
  const trackedHeaders = new TrackedHeaders(response.headers, status)
  ;(response as Tracking).trackedHeaders = trackedHeaders
  return trackedHeaders
}

/**
 * Returns the headers of a response: the tracked ones, or its own.
 *
 * @example
 * findHeaders(response).set('cache-control', 'no-store')
 */
export function findHeaders(response: Response): ChangeableHeaders {
  return (response as Tracking).trackedHeaders ?? response.headers
}

/**
 * Finds the status of a response: the one that is tracked with its headers, or its own.
 *
 * @example
 * if (findStatus(response) === 101) return response
 */
export function findStatus(response: Response): number {
  return (response as Tracking).trackedHeaders?.status ?? response.status
}

/**
 * Stops tracking, before the response is passed to code that changes its headers directly. Returns
 * the response.
 *
 * @example
 * return forgetHeaders(response)
 */
export function forgetHeaders(response: Response): Response {
  ;(response as Tracking).trackedHeaders = undefined
  return response
}
