/**
 * Defines the context of a request that is forwarded to an upstream, and the rules of forwarding. The gateway forwards
 * its own route context, which has these members, and `exchange.ts` of `proxy()` creates one. The files of forwarding
 * read it; the settings, phases and throttle of the gateway use its types. The file holds types only, and nothing here
 * is checked: path and body must have been validated before.
 */
import type { AssertionKeys } from '../../assertion/keys.ts'
import type { RequestHead } from '../../request/index.ts'
import type { FlushableHandle, SessionFacts, SessionInfo } from '../../session/index.ts'
import type { SessionGrants } from '../../session-protocol/grants.ts'
import type { Breaker } from '../fetch/breaker.ts'
import type { RetryBudget } from '../fetch/retry.ts'
import type { CompiledClient } from '../fetch/upstream-client.ts'
import type { Target } from '../target.ts'

/** A request to forward. */
export interface ForwardContext {
  readonly request: Request
  /** The head of the request, read once. */
  readonly head: RequestHead
  readonly env: unknown
  readonly requestId: string
  /** The object with which events are emitted, so that they reach the listener of the request. */
  readonly eventContext: object
  /** IP address of the client; undefined if the platform does not report it. */
  readonly address: string | undefined
  /** Sends the request. */
  readonly client: CompiledClient
  /** The canonical path. */
  readonly path: string
  /** The query with its `?`, or empty. */
  readonly search: string
  readonly settings: ForwardSettings
  readonly upstream: UpstreamRules
  readonly rules: ForwardRules
  readonly body: RequestBody
  /** How many gateways the request has passed, this one included. */
  readonly hops: number
  /** Whether the client asks for a WebSocket. */
  readonly upgrade: boolean
  /** The `Authorization` header for the upstream, in place of the client's; an empty text removes the header. */
  readonly authorization?: string | undefined
  /** Names of request headers that are not forwarded; undefined if the headers have not been read yet. */
  readonly strippedHeaders: readonly string[] | undefined
  /** The session; undefined if it was not opened. */
  readonly session: FlushableHandle<object> | undefined
  /** The policy of the response. */
  readonly response: PageContext
}

/** A body to forward. */
export interface RequestBody {
  readonly body: ReadableStream<Uint8Array> | undefined
  /** Length in bytes; undefined if it is not known. */
  readonly length: number | undefined
  readonly maxBytes: number
}

/** The parts of a page's content security policy that forwarding uses. */
export interface PageContext {
  readonly headers: {
    /** True if a placeholder for the nonce is replaced in bodies, which must then be complete and not encoded. */
    readonly fills: boolean
    /** Creates a nonce, if the response may be a page. */
    nonceFor(request: Pick<RequestHead, 'headers'>): string | undefined
  }
  /** The nonce that the upstream has received; undefined if it has received none. */
  nonce: string | undefined
}

/** Settings of the environment that forwarding needs. */
export interface ForwardSettings {
  /** The origin that visitors see. */
  readonly publicOrigin: string
  readonly publicHost: string
  readonly https: boolean
  /** `iss` of the assertions. */
  readonly issuer: string
  /**
   * Targets by the index of an upstream; undefined for an upstream without an address, whose requests
   * have the public origin.
   */
  readonly targets: ReadonlyArray<Target | undefined>
  readonly keys: AssertionKeys | undefined
}

/** The options of an upstream that forwarding uses. */
export interface UpstreamRules {
  readonly name: string
  /** The index of the upstream in the targets of the settings. */
  readonly index: number
  /** True if the upstream may use the session protocol. */
  readonly sessions: boolean
  /** Milliseconds until the first byte of a response. */
  readonly timeoutMs: number
  readonly retries: RetryBudget
  /** The circuit breaker; undefined if the upstream is never paused. */
  readonly breaker: Breaker | undefined
  /** Recognizes further client headers that the upstream does not get, by their names in lower case. */
  readonly drops: ((name: string) => boolean) | undefined
}

/** The options of a route that forwarding uses. */
export interface ForwardRules extends SessionGrants {
  readonly anonymous?: boolean | undefined
  readonly retry?: boolean | 'idempotency-key' | undefined
  /** Milliseconds until the first byte, in place of those of the upstream. */
  readonly timeoutMs?: number | undefined
  readonly maxSocketSeconds?: number | false | undefined
}

/** The session of a request, which was read once. */
export interface LoadedSession {
  readonly data: object
  readonly facts: SessionFacts
  /**
   * Returns the facts with the digest of the session's id. The digest is an HMAC, so it is computed only when it is
   * needed.
   */
  info(): Promise<SessionInfo | undefined>
}

/** Changes that a login makes to forwarding. */
export interface LoginAttemptHooks {
  /** The body that was read, which the upstream gets in place of the client's stream; undefined if it was not read. */
  readonly body: string | Uint8Array<ArrayBuffer> | undefined
  /** True if the response is awaited even after the client has disconnected. */
  readonly ignoresClientAbort: boolean
  /** Changes the headers of the upstream request. */
  onRequest(headers: Headers): void
  /** Called when the upstream has responded. From then on the attempt counts. */
  onResponse(): void
  /** Called before the response starts a session, which may prove that the login succeeded. */
  beforeSessionStart(response: Response): void
  /** Called after the session was started. */
  afterSessionStart(): void
  /** Settles the attempt by the response, and returns the response to send to the client. */
  settle(response: Response, timeoutMs: number): Promise<Response>
}
