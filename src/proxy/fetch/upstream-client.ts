/**
 * Compiles the client that sends requests to upstreams: the `fetch` of the runtime or of the configuration, or a client
 * that the server passes with a request, as `serve` of `portcullis/node` does. The gateway and `proxy()` compile it,
 * and `fetch-upstream.ts` sends with it; `bindings.ts` creates clients of the same type. It rejects as the client does.
 * A client that follows redirects or decodes bodies breaks forwarding, since neither is checked.
 */
import { type DecodingRules, passesBodies, rawBodies, runtimeRules } from '../codings.ts'

/**
 * An HTTP client that adds nothing to a request and changes nothing in a response. `serve` of `portcullis/node` passes
 * one to the gateway with each request, since Node's `fetch` changes both.
 */
export interface UpstreamClient {
  /**
   * Sends one request. It must not follow redirects or decode bodies. It rejects if there is no response,
   * and resolves with {@link SwitchedResponse} for an accepted upgrade.
   */
  fetch(url: string, init: RequestInit): Promise<Response>
}

/**
 * A response with status 101 that holds the connection to an upstream, for runtimes whose `Response` cannot have that
 * status.
 */
export interface SwitchedResponse extends Response {
  /**
   * Creates the response for the client, which connects the client to the upstream.
   *
   * @param lifeMs - milliseconds until both ends are closed with code 1001; undefined for no limit.
   */
  handOver(headers: Headers, lifeMs: number | undefined): Response
}

/** Whether a response is a {@link SwitchedResponse}, which holds the connection to the upstream. */
export function isSwitchedResponse(response: Response): response is SwitchedResponse {
  return typeof (response as Partial<SwitchedResponse>).handOver === 'function'
}

/** A client, and how it handles encoded bodies and upgrades. */
export interface CompiledClient {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  readonly rules: DecodingRules
  /** True if the client can forward a WebSocket handshake. */
  readonly upgrades: boolean
}

/** Compiles a client that the server passes with a request. */
export function compileClient(client: UpstreamClient): CompiledClient {
  return { fetch: (url, init) => client.fetch(url, init), rules: passesBodies, upgrades: true }
}

/** Compiles a `fetch` function, which handles encoded bodies as that of this runtime does. */
export function compileFetch(send: typeof fetch, upgrades: boolean): CompiledClient {
  return {
    // The object belongs to this request, so it may be changed; a copy would cost more.
    fetch: (url, init) => send(url, Object.assign(init, rawBodies)),
    get rules() {
      // The runtime is checked for each request, since a bundle may be loaded before a test sets it.
      return runtimeRules()
    },
    upgrades,
  }
}
