/**
 * Defines the context of a request: the values that the steps of the gateway share while they handle
 * it. `create.ts` creates a context for each request, and `routes/find-route.ts` extends it to a
 * `RouteContext`. Checks, endpoints, phases, the console and the login throttle read and change it.
 * The file holds types only. Several fields are undefined until a step has set them, as their comments
 * say, so a step must run after those that it depends on.
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
  /**
   * Bindings of the platform, or a copy of them for this request alone, through which its Redis commands are batched.
   */
  env: unknown
  /**
   * The arguments that the platform passed with the request, for an app that is an upstream: `env`
   * may be a copy.
   */
  readonly invocation: Invocation
  readonly requestId: string
  /** The request as it arrived. Events that are emitted with this object reach the listener of the request. */
  readonly eventContext: object
  /** IP address of the client; undefined if the platform does not report it. */
  readonly address: string | undefined
  /** Renders the gateway's pages in the style of the site; undefined for plain pages. */
  readonly pages: PageTemplate | undefined
  /** Sends requests to upstreams. */
  readonly client: CompiledClient
  /** Keeps the isolate alive for work after the response; undefined if the platform cannot do that. */
  readonly waitUntil: ((work: Promise<unknown>) => void) | undefined
  /** Settings of the environment, for the host of this request; undefined if a value of the environment is invalid. */
  settings: Settings | undefined
  /** The error because of which `settings` is undefined. */
  settingsError: unknown
  /** The canonical path; empty until the first check has run. */
  path: string
  /** The query with its `?`, or empty. */
  search: string
  /** Names of request headers that are not forwarded; undefined until a step has read all headers. */
  strippedHeaders: readonly string[] | undefined
  /**
   * The session; undefined until it is opened. Its changes are written to the response, whichever step creates that.
   */
  session: FlushableHandle<object> | undefined
  /** Session fields of the event of a rejection; undefined until access was denied. */
  eventTags: EventTags | undefined
  /** Headers that the gateway adds to the response, whichever step creates that. */
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

/** A request whose route is known. The checks of the route set `body`, `hops` and `upgrade`. */
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
  /** The `Authorization` header for the upstream, in place of the client's. */
  authorization?: string | undefined
}
