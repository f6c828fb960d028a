/**
 * Reads the URL, method and headers of a request once into plain values, because in workerd each
 * read of a Request or of its headers costs 1,000 to 2,000 instructions. The gateway creates a head
 * for each request and passes it to its checks, and the other files of this room use the types. It
 * throws nothing. Later changes of the request's headers are not seen.
 */

/** The methods of Headers that read. Names must be in lower case. */
export type ReadableHeaders = Pick<Headers, 'forEach' | 'get' | 'has'>

/** The head of a request, which checks can read without calling the runtime. */
export interface RequestHead {
  readonly url: string
  readonly method: string
  readonly headers: ReadableHeaders
  /** The properties that Cloudflare adds to a Worker's request. */
  readonly cf: unknown
}

/** Reads the head of a request. Later changes of the request's headers are not seen. */
export function readRequestHead(request: Request): RequestHead {
  return new ReadHead(request)
}

/**
 * A class with a getter, because one is created for each request and `cf` is rarely read: workerd
 * parses it only then.
 */
class ReadHead implements RequestHead {
  readonly url: string
  readonly method: string
  readonly headers: ReadableHeaders
  readonly #request: Request

  constructor(request: Request) {
    this.#request = request
    this.url = request.url
    this.method = request.method
    this.headers = new ReadHeaders(request.headers)
  }

  get cf(): unknown {
    return (this.#request as { readonly cf?: unknown }).cf
  }
}

class ReadHeaders implements ReadableHeaders {
  readonly #headers: Headers
  readonly #values = new Map<string, string>()

  constructor(headers: Headers) {
    const values = this.#values
    this.#headers = headers
    headers.forEach((value, name) => {
      values.set(name, value)
    })
  }

  get(name: string): string | null {
    return this.#values.get(name) ?? null
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  forEach(callback: (value: string, name: string, headers: Headers) => void): void {
    for (const [name, value] of this.#values) callback(value, name, this.#headers)
  }
}
