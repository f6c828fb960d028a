/**
 * Compiles the client that sends requests to upstreams: the runtime's `fetch`, or a client of the
 * gateway's host. The gateway and `proxy()` call it once, and `fetch-upstream.ts` sends with it.
 * It rejects as the client does.
 */
import { type DecodingRules, passesBodies, rawBodies, runtimeRules } from '../codings.ts'

/**
 * An HTTP client that adds nothing to a request and changes nothing in an answer: what `serve` of `portcullis/node` hands to
 * a gateway with each request, since Node's `fetch` does both.
 */
export interface UpstreamClient {
  /**
   * Sends one request. It follows no redirect, decodes no body, rejects if there is no response,
   * and resolves with {@link SwitchedResponse} for an accepted upgrade.
   */
  fetch(url: string, init: RequestInit): Promise<Response>
}

/** A response with status 101 that holds the connection to an upstream, for runtimes whose `Response` cannot say so. */
export interface SwitchedResponse extends Response {
  /**
   * Makes the client's answer of it.
   *
   * @param lifeMs - milliseconds until both ends are closed with code 1001; undefined for no limit.
   */
  handOver(headers: Headers, lifeMs: number | undefined): Response
}

/** Whether a response hands over its connection by itself. */
export function isSwitchedResponse(response: Response): response is SwitchedResponse {
  return typeof (response as Partial<SwitchedResponse>).handOver === 'function'
}

/** A client and what it does to bodies. */
export interface CompiledClient {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  readonly rules: DecodingRules
  /** Whether it can hand over a WebSocket. */
  readonly upgrades: boolean
}

/** Compiles a client of the gateway's host. */
export function compileClient(client: UpstreamClient): CompiledClient {
  return { fetch: (url, init) => client.fetch(url, init), rules: passesBodies, upgrades: true }
}

/** Compiles a `fetch` that behaves as this runtime's does. */
export function compileFetch(send: typeof fetch, upgrades: boolean): CompiledClient {
  return {
    // The object belongs to this request: a copy of it would cost more than the option.
    fetch: (url, init) => send(url, Object.assign(init, rawBodies)),
    get rules() {
      // Checked for each request: a bundle may be loaded before a test sets the runtime.
      return runtimeRules()
    },
    upgrades,
  }
}
