/**
 * Runs a Hono middleware such as `portcullis()` around the handlers of Express, Connect or Fastify:
 * the framework creates its response inside `next()`, and the middleware may change its headers or
 * replace it. `expressMiddleware()` and `fastifyHook()` call it for each request. Wrong options
 * throw a `ConfigError`. An error before the framework was called goes to its `next`; a later one
 * goes to `onFault`, and the client gets 500. A path that is not canonical gets 400, because the
 * framework could read it differently.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ConfigError, checkKeys, createIssues } from '../src/options/index.ts'
import { errorResponse } from '../src/page/index.ts'
import { createMiddlewareRunner, type RunnableMiddleware } from '../src/stack/index.ts'
import { writeBody } from './body.ts'
import { type DivertedBody, divertBody } from './diverted-body.ts'
import { fieldsOf } from './fields.ts'
import { HeldResponse } from './held-response.ts'
import { type CompiledOptions, compileOptions, type ServeOptions } from './options.ts'
import { rejectMessage } from './reject.ts'
import { type BadRequest, hasBody, makeRequest, readArrival, readTarget } from './request.ts'

/** Options of {@link expressMiddleware} and {@link fastifyHook}. */
export interface ConnectOptions<E = unknown> {
  /**
   * The environment, which options that are functions receive as `c.env`. Default `process.env`.
   */
  readonly env?: E
  /**
   * The number of your own proxies in front, each of which appends to `X-Forwarded-For` and sets
   * `X-Forwarded-Proto`. At most 16.
   *
   * @default 0: the peer of the connection is the client
   */
  readonly trustedProxies?: number
  /** Receives errors that no response can show. Default: a line of JSON on `console.error`. */
  readonly onFault?: (error: unknown) => void
}

const optionNames: ReadonlyArray<keyof ConnectOptions> = ['env', 'trustedProxies', 'onFault']

/** A request of Node, or one of Fastify, which has Node's as `raw`. */
export type NodeRequestLike = IncomingMessage | { readonly raw: IncomingMessage }

/** One request of the framework. */
interface FrameworkRequest {
  readonly message: IncomingMessage
  readonly response: ServerResponse
  /** Called to let the framework respond. */
  next(error?: unknown): void
  /** Called when the middleware responds in place of the framework. */
  onAnswer(): void
}

/** A middleware around handlers of Node. */
export interface Connect<Variables> {
  handle(frameworkRequest: FrameworkRequest): Promise<void>
  readVariables(request: NodeRequestLike): Variables
}

/**
 * Creates the part that all frameworks share.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function createConnect<Variables extends object>(
  name: string,
  middleware: RunnableMiddleware<Variables>,
  options: ConnectOptions,
): Connect<Variables> {
  const issues = createIssues(name)
  checkKeys(issues, options, optionNames)
  if (typeof middleware !== 'function')
    issues.add('', 'must get a middleware, such as portcullis({ session })')
  issues.throwIfAny()

  const compiled = compileOptions(options as ServeOptions)
  const run = createMiddlewareRunner(middleware)
  const variables = new WeakMap<IncomingMessage, Variables>()

  return {
    async handle(frameworkRequest): Promise<void> {
      const { message, response, next, onAnswer } = frameworkRequest
      const url = readUrl(message, compiled)
      if (typeof url !== 'string') {
        onAnswer()
        return rejectMessage(message, response, url)
      }
      if (hasBody(message) && message.readableDidRead) return next(createReadError(name))
      await new StackRun<Variables>(frameworkRequest, { url, compiled, run, variables }).start()
    },

    readVariables(request): Variables {
      const requestVariables = variables.get('raw' in request ? request.raw : request)
      if (requestVariables === undefined)
        throw new ConfigError([
          {
            option: name,
            problem: 'did not run for this request; register it before the handlers that use it',
          },
        ])
      return requestVariables
    },
  }
}

/** The parts that all requests share, and the URL of this one. */
interface RunParts<Variables extends object> {
  readonly url: string
  readonly compiled: CompiledOptions
  readonly run: ReturnType<typeof createMiddlewareRunner>
  readonly variables: WeakMap<IncomingMessage, Variables>
}

/** One request while it passes through the middleware and the framework. */
class StackRun<Variables extends object> {
  readonly #frameworkRequest: FrameworkRequest
  readonly #parts: RunParts<Variables>
  readonly #body: DivertedBody | undefined
  readonly #request: Request
  /**
   * A stand-in for the body of the framework's response, which the middleware sees and never reads.
   */
  readonly #marker = new ReadableStream<Uint8Array>()
  #heldResponse: HeldResponse | undefined
  #status = 0

  constructor(frameworkRequest: FrameworkRequest, parts: RunParts<Variables>) {
    const { message, response } = frameworkRequest
    const { trustedProxies } = parts.compiled
    const clientLeft = new AbortController()
    response.once('close', () => {
      if (!response.writableFinished)
        clientLeft.abort(new Error('The client closed the connection'))
    })
    this.#frameworkRequest = frameworkRequest
    this.#parts = parts
    this.#body = hasBody(message) ? divertBody(message) : undefined
    this.#request = makeRequest(message, parts.url, readArrival(message, trustedProxies), {
      body: this.#body?.stream,
      signal: clientLeft.signal,
      trustedProxies,
      copyable: true,
    })
  }

  async start(): Promise<void> {
    const { compiled, run } = this.#parts
    try {
      const response = await run({
        request: this.#request,
        env: compiled.env,
        waitUntil: (promise) => void Promise.resolve(promise).catch(compiled.onFault),
        respond: (c) => this.#respond(c),
      })
      await this.#finish(response)
    } catch (error) {
      if (this.#heldResponse === undefined) return this.#frameworkRequest.next(error)
      compiled.onFault(error)
      await this.#finish(errorResponse('fault', this.#request))
    }
  }

  /** Lets the framework respond, and resolves with the head of its response. */
  async #respond(
    c: Parameters<Parameters<RunParts<Variables>['run']>[0]['respond']>[0],
  ): Promise<Response> {
    const { message, response, next } = this.#frameworkRequest
    const { url, variables } = this.#parts
    // The framework reads the target as it was sent. If a URL parser reads it differently, a guard
    // may have allowed another path.
    const { pathname, search } = new URL(url)
    if (url.slice(url.indexOf('/', 'https://'.length)) !== `${pathname}${search}`)
      return errorResponse('path-not-canonical', this.#request)

    const heldResponse = new HeldResponse(response)
    this.#heldResponse = heldResponse
    variables.set(message, c.var as unknown as Variables)
    const { raw } = c.req
    this.#body?.giveBack(raw.body, raw.bodyUsed, (error) => this.#failBody(error))
    // Bytes of this body that nobody has read would stand before the next request of the
    // connection.
    response.once('finish', () => void (message.readableEnded || message.resume()))
    next()
    await heldResponse.begun

    const { statusCode } = response
    const status = statusCode >= 200 && statusCode <= 599 ? statusCode : 200
    this.#status = status
    const body = isBodiless(status) ? null : this.#marker
    return new Response(body, { status, headers: heldResponse.readHeaders() })
  }

  /**
   * The framework waits for bytes that will not come. The error is emitted for its listeners, and
   * the middleware responds.
   */
  #failBody(error: unknown): void {
    const { message, response } = this.#frameworkRequest
    response.shouldKeepAlive = false
    if (message.listenerCount('error') > 0) message.emit('error', error)
    if (response.headersSent) response.destroy()
    this.#heldResponse?.giveUp()
  }

  async #finish(response: Response): Promise<void> {
    const { message, response: out, onAnswer } = this.#frameworkRequest
    const heldResponse = this.#heldResponse
    if (heldResponse === undefined) {
      onAnswer()
      return sendResponse(response, message, out, this.#parts.compiled)
    }

    const isFrameworkResponse =
      response.body === this.#marker || (response.body === null && response.status === this.#status)
    if (isFrameworkResponse) return heldResponse.release(response.headers)
    if (!message.complete) out.shouldKeepAlive = false
    const body = Buffer.from(await response.arrayBuffer())
    if (!heldResponse.replace(response.status, response.headers, body)) out.destroy()
  }
}

function readUrl(
  message: IncomingMessage,
  { trustedProxies }: CompiledOptions,
): string | BadRequest {
  const { method = '' } = message
  const url = readTarget(message, readArrival(message, trustedProxies).scheme)
  if (typeof url !== 'string') return url
  // A framework takes the host from the Host header, even if the target is absolute.
  const { originalUrl = message.url } = message as { originalUrl?: string }
  if (originalUrl?.startsWith('/') !== true)
    return { status: 400, detail: 'The request target is not a path.' }
  if (hasBody(message) && /^(?:GET|HEAD)$/.test(method))
    return { status: 400, detail: `A ${method} request must not have a body.` }

  return url
}

function isBodiless(status: number): boolean {
  return status === 204 || status === 205 || status === 304
}

/** Sends the response of the middleware. */
async function sendResponse(
  response: Response,
  message: IncomingMessage,
  out: ServerResponse,
  { drainTimeoutMs }: CompiledOptions,
): Promise<void> {
  if (out.destroyed || out.headersSent) return void response.body?.cancel().catch(() => {})
  // The unread rest of a request would be read as the next one.
  if (hasBody(message) && !message.complete) out.shouldKeepAlive = false
  const { status, body, headers } = response
  const isEmpty = message.method === 'HEAD' || isBodiless(status) || body === null
  out.removeHeader('x-powered-by')
  out.writeHead(status, fieldsOf(headers, body === null && !isBodiless(status)))
  if (isEmpty) {
    body?.cancel().catch(() => {})
    return void out.end()
  }

  try {
    await writeBody(body, out, { drainTimeoutMs })
    out.end()
  } catch {
    out.destroy()
  }
}

function createReadError(name: string): ConfigError {
  return new ConfigError([
    {
      option: name,
      problem: 'runs after a handler that has read the body; register it before all others',
    },
  ])
}
