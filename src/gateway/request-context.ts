/**
 * Defines the context of a request: everything that the gateway knows of it while it handles it.
 * `create.ts` fills it and routing extends it; checks and phases read it. Nothing here runs.
 */
import type { HeaderWriter } from '../headers/index.ts'
import type { RequestMetrics } from '../monitor/index.ts'
import type { PageTemplate } from '../page/index.ts'
import type { Invocation } from '../proxy/fetch/bindings.ts'
import type { CompiledClient } from '../proxy/fetch/upstream-client.ts'
import type { ForwardRules, RequestBody } from '../proxy/forward/context.ts'
import type { RequestHead } from '../request/index.ts'
import type { EventTags, FlushableHandle } from '../session/index.ts'
import type { Settings } from './config/settings.ts'
import type { CompiledUpstream } from './config/upstreams.ts'
import type { CompiledRoute } from './routes/table.ts'

/** A request, from its arrival to its response. */
export interface RequestContext {
  /** The request to forward. It is replaced by a copy once a check has read the body. */
  request: Request
  /** The head of the request, read once. A copy of the request has the same. */
  readonly head: RequestHead
  /** Bindings of the platform, or an object of this request alone that finds them. */
  env: unknown
  /**
   * The arguments that the platform passed with the request, for an app that is an upstream: `env`
   * may be a copy.
   */
  readonly invocation: Invocation
  readonly requestId: string
  /** By this object events find the listener of the request: the request as it arrived. */
  readonly eventContext: object
  /** IP address of the client; undefined where the platform does not tell it. */
  readonly address: string | undefined
  /** The site's own pages; undefined for plain ones. */
  readonly pages: PageTemplate | undefined
  /** Sends requests to upstreams. */
  readonly client: CompiledClient
  /** Keeps work going after the response, where the platform can. */
  readonly waitUntil: ((work: Promise<unknown>) => void) | undefined
  /** Settings of the environment, for the host of this request; undefined where the environment cannot be served. */
  settings: Settings | undefined
  /** Why there are no settings. */
  settingsError: unknown
  /** The path as the client sent it until the first check; canonical from then on. */
  path: string
  /** The query with its `?`, or empty. */
  search: string
  /** Names of request headers that no upstream gets; undefined until something has looked through all headers. */
  strippedHeaders: readonly string[] | undefined
  /** The session, once it was opened. It is flushed to the response, whichever code creates that. */
  session: FlushableHandle<object> | undefined
  /** Session fields of the event of a rejection; undefined until access was denied. */
  eventTags: EventTags | undefined
  /** Additions to the response, whichever code creates it. */
  readonly response: ResponseState
  /** Measurements for the monitor; undefined without a monitor, and once the request has ended. */
  metrics: RequestMetrics | undefined
}

/** Additions of the gateway to a response. */
export interface ResponseState {
  /** Writes the security headers: those of the route, or those of the gateway. */
  headers: HeaderWriter
  /** The nonce of the page's policy, where an upstream received it. */
  nonce: string | undefined
  /** Adds the fields of rate limits; undefined where the request was not counted. */
  addRateLimits: ((response: Response) => Response) | undefined
}

/** A request whose route is known. The checks of the route fill in what has to do with its body and connection. */
export interface RouteContext extends RequestContext {
  settings: Settings
  readonly route: CompiledRoute
  readonly upstream: CompiledUpstream
  /**
   * The route's rules of forwarding. A login removes its grants where the request has no session
   * cookie.
   */
  rules: ForwardRules
  /** The body as its headers declare it, or as a phase has read it. */
  body: RequestBody
  /** How many gateways the request has passed, this one included. */
  hops: number
  /** Whether the client asks for a WebSocket. */
  upgrade: boolean
  /** `Authorization` for the upstream, in place of the client's. */
  authorization?: string | undefined
}
