/**
 * Creates handlers for servers that the application runs itself: `toNodeHandler()` for a gateway or
 * an app in `node:http`, `expressMiddleware()` and `fastifyHook()` for `portcullis()` around
 * Express and Fastify. Applications call them. Wrong options throw a `ConfigError` while building.
 * At a request, errors go to the framework's `next` or to `onFault`. A handler that runs after
 * something has read the body responds with an error (`ERR_CONFIG`), so it must be registered
 * first.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ConfigError, checkKeys, createIssues } from '../src/options/index.ts'
import type { RunnableMiddleware } from '../src/stack/index.ts'
import { type ConnectOptions, createConnect, type NodeRequestLike } from './connect.ts'
import { Exchange, type ExchangeHost, type Served } from './exchange.ts'
import { compileOptions, type ServeOptions } from './options.ts'
import { hasBody } from './request.ts'
import { runExchange } from './run-exchange.ts'
import { createUpstream } from './upstream.ts'

/** The options of {@link toNodeHandler}, with the same meaning as for `serve`. */
export type NodeHandlerOptions<E = unknown> = Pick<
  ServeOptions<E>,
  | 'env'
  | 'trustedProxies'
  | 'minBodyBytesPerSecond'
  | 'bodyGraceMs'
  | 'drainTimeoutMs'
  | 'upstream'
  | 'onFault'
>

/** A handler for `createServer` of `node:http`, and for `app.use` of Express and Connect. */
export type NodeHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void

const handlerOptions: ReadonlyArray<keyof NodeHandlerOptions> = [
  'env',
  'trustedProxies',
  'minBodyBytesPerSecond',
  'bodyGraceMs',
  'drainTimeoutMs',
  'upstream',
  'onFault',
]

/**
 * Creates a Node handler from a gateway, or from anything with `fetch`, for your own server.
 * `serve` also has the timeouts, limits, WebSockets and shutdown of a server; a handler only does
 * what a request needs.
 *
 * The app receives the whole path, even if the handler is mounted under a part of it.
 *
 * @example
 * ```ts
 * createServer(toNodeHandler(createGateway(config))).listen(3000)
 * ```
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 */
export function toNodeHandler(app: Served, options: NodeHandlerOptions = {}): NodeHandler {
  const issues = createIssues('toNodeHandler')
  checkKeys(issues, options, handlerOptions)
  if (typeof app?.fetch !== 'function')
    issues.add('', 'must get a gateway, or an app with the function fetch')
  issues.throwIfAny()

  const compiled = compileOptions(options)
  const host: ExchangeHost = {
    gateway: app,
    options: compiled,
    upstream: createUpstream(compiled.upstream),
    stopping: new AbortController().signal,
    work: new Set(),
  }

  return (request, response, next) => {
    if (hasBody(request) && request.readableDidRead) {
      const problem = 'runs after a handler that has read the body; register it before all others'
      const error = new ConfigError([{ option: 'toNodeHandler', problem }])
      if (next !== undefined) return next(error)
      compiled.onFault(error)
      response.statusCode = 500
      return void response.end()
    }
    void runExchange(new Exchange(host, request, response), false, host)
  }
}

/** Middleware for Express and Connect, with the variables of its stack. */
export interface ExpressMiddleware<Variables> {
  (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): void
  /**
   * Returns the variables of a request: `session`, `requestId`, `secureHeadersNonce`.
   *
   * @throws {ConfigError} `ERR_CONFIG` where the middleware did not run for this request
   */
  var(request: NodeRequestLike): Variables
}

/**
 * Runs `portcullis()`, or any other Hono middleware, around the handlers of Express. Its headers
 * and cookies are on every response, also on those of `express.static`, of the 404 handler and of
 * error handlers. Register it first.
 *
 * @example
 * ```ts
 * const guard = expressMiddleware(portcullis({ session: sessions }))
 * app.use(guard)
 * app.get('/account', async (request, response) => {
 *   response.json(await guard.var(request).session.get())
 * })
 * ```
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 */
export function expressMiddleware<Variables extends object>(
  middleware: RunnableMiddleware<Variables>,
  options: ConnectOptions = {},
): ExpressMiddleware<Variables> {
  const connect = createConnect('expressMiddleware', middleware, options)
  const handler = (
    message: IncomingMessage,
    response: ServerResponse,
    next: (error?: unknown) => void,
  ): void => {
    connect.handle({ message, response, next, onAnswer: () => undefined }).catch(next)
  }
  return Object.assign(handler, { var: connect.readVariables })
}

/** The part of a Fastify reply that the hook uses. */
export interface HijackableReply {
  /** The response of Node. */
  readonly raw: ServerResponse
  /** Leaves the response to the hook. */
  hijack(): unknown
}

/** An `onRequest` hook of Fastify, with the variables of its stack. */
export interface FastifyStackHook<Variables> {
  (
    request: { readonly raw: IncomingMessage },
    reply: HijackableReply,
    done: (error?: Error) => void,
  ): void
  /**
   * Returns the variables of a request: `session`, `requestId`, `secureHeadersNonce`.
   *
   * @throws {ConfigError} `ERR_CONFIG` where the hook did not run for this request
   */
  var(request: NodeRequestLike): Variables
}

/**
 * Runs `portcullis()`, or any other Hono middleware, around the handlers of Fastify. Add it before plugins and routes.
 *
 * @example
 * ```ts
 * const guard = fastifyHook(portcullis({ session: sessions }))
 * app.addHook('onRequest', guard)
 * app.get('/account', async (request) => guard.var(request).session.get())
 * ```
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 */
export function fastifyHook<Variables extends object>(
  middleware: RunnableMiddleware<Variables>,
  options: ConnectOptions = {},
): FastifyStackHook<Variables> {
  const connect = createConnect('fastifyHook', middleware, options)
  const hook = (
    request: { readonly raw: IncomingMessage },
    reply: HijackableReply,
    done: (error?: Error) => void,
  ): void => {
    const next = done as (error?: unknown) => void
    const exchange = { message: request.raw, response: reply.raw, next }
    connect.handle({ ...exchange, onAnswer: () => void reply.hijack() }).catch(next)
  }
  return Object.assign(hook, { var: connect.readVariables })
}
