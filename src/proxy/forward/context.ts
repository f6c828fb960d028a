/**
 * Defines the context of a request that is forwarded to an upstream. The gateway and `proxy()`
 * fill it, and the files beside it read it. Nothing here runs.
 */
import type { AssertionKeys } from '../../assertion/keys.ts'
import type { RequestHead } from '../../request/index.ts'
import type { FlushableHandle, SessionFacts, SessionInfo } from '../../session/index.ts'
import type { SessionGrants } from '../../session-protocol/grants.ts'
import type { Breaker } from '../fetch/breaker.ts'
import type { RetryBudget } from '../fetch/retry.ts'
import type { CompiledClient } from '../fetch/upstream-client.ts'
import type { Target } from '../target.ts'

/** A request to forward. The gateway forwards its own context, `proxy()` one that it makes of Hono's. */
export interface ForwardContext {
  readonly request: Request
  /** The head of the request, read once. */
  readonly head: RequestHead
  readonly env: unknown
  readonly requestId: string
  /** By this object events find the listener of the request. */
  readonly eventContext: object
  /** IP address of the client; undefined where nothing tells it. */
  readonly address: string | undefined
  /** Sends the request. */
  readonly client: CompiledClient
  /** Canonical. */
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
  /** `Authorization` for the upstream, in place of the client's. */
  readonly authorization?: string | undefined
  /** Names of request headers that no upstream gets; undefined until something has looked through all headers. */
  readonly strippedHeaders: readonly string[] | undefined
  /** The session, once it was opened. */
  readonly session: FlushableHandle<object> | undefined
  /** Additions to the response, whichever code creates it. */
  readonly response: PageContext
}

/** A body to forward. */
export interface RequestBody {
  readonly body: ReadableStream<Uint8Array> | undefined
  /** Bytes, where they are known. */
  readonly length: number | undefined
  readonly maxBytes: number
}

/** The policy of a page, as far as an upstream has to do with it. */
export interface PageContext {
  readonly headers: {
    /** Whether a placeholder for the nonce is replaced in bodies, which must then be whole and not coded. */
    readonly fills: boolean
    /** A nonce for the response to a request that may show a page. */
    nonceFor(request: Pick<RequestHead, 'headers'>): string | undefined
  }
  /** The nonce that the upstream has received. */
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
   * Targets by the index of an upstream; undefined for one without an address, whose requests have
   * the public origin.
   */
  readonly targets: ReadonlyArray<Target | undefined>
  readonly keys: AssertionKeys | undefined
}

/** How an upstream is used. */
export interface UpstreamRules {
  readonly name: string
  /** Its index in the targets of the settings. */
  readonly index: number
  /** Whether it may use the session protocol. */
  readonly sessions: boolean
  readonly timeoutMs: number
  readonly retries: RetryBudget
  /** Undefined where it is never paused. */
  readonly breaker: Breaker | undefined
  /** Further client headers that it does not get. */
  readonly drops: ((name: string) => boolean) | undefined
}

/** The route's rules of forwarding. */
export interface ForwardRules extends SessionGrants {
  readonly anonymous?: boolean | undefined
  readonly retry?: boolean | 'idempotency-key' | undefined
  /** Instead of the upstream's. */
  readonly timeoutMs?: number | undefined
  readonly maxSocketSeconds?: number | false | undefined
}

/** The session of a request, read once. */
export interface LoadedSession {
  readonly data: object
  readonly facts: SessionFacts
  /** The facts with the digest of the session's id. The digest is an HMAC, so it is computed only where it is needed. */
  info(): Promise<SessionInfo | undefined>
}

/** Changes that a login makes to forwarding. */
export interface LoginAttemptHooks {
  /** The body as it was read, which is all that the upstream gets; undefined where it was not read. */
  readonly body: string | Uint8Array<ArrayBuffer> | undefined
  /** Whether the response is awaited although the client has disconnected. */
  readonly ignoresClientAbort: boolean
  /** Changes the headers of the upstream request. */
  onRequest(headers: Headers): void
  /** The upstream has responded: from here on the attempt counts. */
  onResponse(): void
  /** The response is about to start a session, if that is what proves a success. */
  beforeSessionStart(response: Response): void
  /** The session was started. */
  afterSessionStart(): void
  /** Settles the attempt by the client's response, and returns the response to send. */
  settle(response: Response, timeoutMs: number): Promise<Response>
}
