/**
 * Answers questions about a response's headers from what is known of them: in workerd each question costs 2,000
 * instructions, and a walk over ten headers 40,000.
 */

/** The part of Headers that steps which change a response use. */
export type ChangeableHeaders = Pick<
  Headers,
  'append' | 'delete' | 'forEach' | 'get' | 'getSetCookie' | 'has' | 'set'
>

const TRACKED = Symbol('tracked headers')

type Tracking = { [TRACKED]?: ChangeableHeaders | undefined }

/** Headers whose names and values are known. Every change has to be made through it. */
export class TrackedHeaders implements ChangeableHeaders {
  readonly #headers: Headers
  /** By name; Set-Cookie, which may stand several times, is asked for each time. */
  readonly #values: Map<string, string>

  constructor(headers: Headers) {
    const valuesByName = new Map<string, string>()
    headers.forEach((value, name) => {
      valuesByName.set(name, value)
    })
    this.#headers = headers
    this.#values = valuesByName
  }

  /** The names, which may be changed while they are walked over. */
  names(): string[] {
    return [...this.#values.keys()]
  }

  get(name: string): string | null {
    const lowerName = name.toLowerCase()
    return lowerName === 'set-cookie'
      ? this.#headers.get(lowerName)
      : (this.#values.get(lowerName) ?? null)
  }

  has(name: string): boolean {
    return this.#values.has(name.toLowerCase())
  }

  getSetCookie(): string[] {
    return this.#values.has('set-cookie') ? this.#headers.getSetCookie() : []
  }

  set(name: string, value: string): void {
    this.#headers.set(name, value)
    this.#values.set(name.toLowerCase(), value)
  }

  append(name: string, value: string): void {
    this.#headers.append(name, value)
    const lowerName = name.toLowerCase()
    const formerValue = this.#values.get(lowerName)
    this.#values.set(lowerName, formerValue === undefined ? value : `${formerValue}, ${value}`)
  }

  delete(name: string): void {
    if (this.#values.delete(name.toLowerCase())) this.#headers.delete(name)
  }

  forEach(see: (value: string, name: string, headers: Headers) => void): void {
    for (const [name, value] of this.#values) see(value, name, this.#headers)
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
  ;(response as Tracking)[TRACKED] = trackedHeaders
  return trackedHeaders
}

/**
 * Finds the headers of a response: the tracked ones, or its own.
 *
 * @example
 * findHeaders(response).set('cache-control', 'no-store')
 */
export function findHeaders(response: Response): ChangeableHeaders {
  return (response as Tracking)[TRACKED] ?? response.headers
}

/**
 * Lets go of what is known, before code gets the response that changes its headers directly. Returns the response.
 *
 * @example
 * return forgetHeaders(response)
 */
export function forgetHeaders(response: Response): Response {
  if ((response as Tracking)[TRACKED] !== undefined) (response as Tracking)[TRACKED] = undefined
  return response
}
