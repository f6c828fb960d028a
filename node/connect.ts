/** Runs a stack around handlers of Express, Connect, Fastify and `node:http`. */
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
  /** The environment: `c.env` of `FromEnv` functions. Default `process.env`. */
  readonly env?: E
  /**
   * Your own proxies in front, each of which appends to `X-Forwarded-For` and sets `X-Forwarded-Proto`. At most 16.
   *
   * @default 0 the client is who is connected
   */
  readonly trustedProxies?: number
  /** Receives errors that no response can show. Default: a line of JSON on `console.error`. */
  readonly onFault?: (error: unknown) => void
}

const optionNames: ReadonlyArray<keyof ConnectOptions> = ['env', 'trustedProxies', 'onFault']

/** A request of Node, or one of Fastify, which has it as `raw`. */
export type NodeRequestLike = IncomingMessage | { readonly raw: IncomingMessage }

/** One request that a stack runs around. */
interface Visit {
  readonly message: IncomingMessage
  readonly response: ServerResponse
  /** Called when the framework is to answer. */
  next(error?: unknown): void
  /** Called when the stack answers in place of the framework. */
  onAnswer(): void
}

/** A stack around handlers of Node. */
export interface Connect<Variables> {
  handle(visit: Visit): Promise<void>
  readVariables(request: NodeRequestLike): Variables
}

/** Creates the part that all frameworks share. @throws {ConfigError} `ERR_CONFIG` */
export function createConnect<Variables extends object>(
  name: string,
  middleware: RunnableMiddleware<Variables>,
  options: ConnectOptions,
): Connect<Variables> {
  const issues = createIssues(name)
  checkKeys(issues, options, optionNames)
  if (typeof middleware !== 'function')
    issues.add('', 'needs a middleware, such as portcullis({ session })')
  issues.throwIfAny()

  const compiled = compileOptions(options as ServeOptions)
  const run = createMiddlewareRunner(middleware)
  const variables = new WeakMap<IncomingMessage, Variables>()

  return {
    async handle(visit): Promise<void> {
      const { message, response, next, onAnswer } = visit
      const url = readUrl(message, compiled)
      if (typeof url !== 'string') {
        onAnswer()
        return rejectMessage(message, response, url)
      }
      if (hasBody(message) && message.readableDidRead) return next(createReadError(name))
      await new StackRun<Variables>(visit, { url, compiled, run, variables }).start()
    },

    readVariables(request): Variables {
      const found = variables.get('raw' in request ? request.raw : request)
      if (found === undefined)
        throw new ConfigError([{ option: name, problem: 'did not run for this request' }])
      return found
    },
  }
}

/** The parts that every request of a stack shares, and its url. */
interface RunParts<Variables extends object> {
  readonly url: string
  readonly compiled: CompiledOptions
  readonly run: ReturnType<typeof createMiddlewareRunner>
  readonly variables: WeakMap<IncomingMessage, Variables>
}

/** One request on its way through the stack and the framework. */
class StackRun<Variables extends object> {
  readonly #visit: Visit
  readonly #parts: RunParts<Variables>
  readonly #body: DivertedBody | undefined
  readonly #request: Request
  /** The body of the framework's response, as the stack sees it: it is never read. */
  readonly #marker = new ReadableStream<Uint8Array>()
  #held: HeldResponse | undefined
  #status = 0

  constructor(visit: Visit, parts: RunParts<Variables>) {
    const { message, response } = visit
    const { trustedProxies } = parts.compiled
    const gone = new AbortController()
    response.once('close', () => {
      if (!response.writableFinished) gone.abort(new Error('The client left'))
    })
    this.#visit = visit
    this.#parts = parts
    this.#body = hasBody(message) ? divertBody(message) : undefined
    this.#request = makeRequest(message, parts.url, readArrival(message, trustedProxies), {
      body: this.#body?.stream,
      signal: gone.signal,
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
      if (this.#held === undefined) return this.#visit.next(error)
      compiled.onFault(error)
      await this.#finish(errorResponse('fault', this.#request))
    }
  }

  /** Lets the framework answer, and resolves with its head once it sends one. */
  async #respond(
    c: Parameters<Parameters<RunParts<Variables>['run']>[0]['respond']>[0],
  ): Promise<Response> {
    const { message, response, next } = this.#visit
    const { url, variables } = this.#parts
    // The framework reads the target as it was sent. What a URL parser reads otherwise, a guard may have allowed for another path.
    const { pathname, search } = new URL(url)
    if (url.slice(url.indexOf('/', 'https://'.length)) !== `${pathname}${search}`)
      return errorResponse('path-not-canonical', this.#request)

    const held = new HeldResponse(response)
    this.#held = held
    variables.set(message, c.var as unknown as Variables)
    const { raw } = c.req
    this.#body?.giveBack(raw.body, raw.bodyUsed, (error) => this.#failBody(error))
    // The next request of the connection comes behind what nobody has read of this one.
    response.once('finish', () => void (message.readableEnded || message.resume()))
    next()
    await held.begun

    const { statusCode } = response
    const status = statusCode >= 200 && statusCode <= 599 ? statusCode : 200
    this.#status = status
    const body = isBodiless(status) ? null : this.#marker
    return new Response(body, { status, headers: held.readHeaders() })
  }

  /** The framework waits for bytes that will not come: tell whoever listens, and let the stack answer. */
  #failBody(error: unknown): void {
    const { message, response } = this.#visit
    response.shouldKeepAlive = false
    if (message.listenerCount('error') > 0) message.emit('error', error)
    if (response.headersSent) response.destroy()
    this.#held?.giveUp()
  }

  async #finish(response: Response): Promise<void> {
    const { message, response: out, onAnswer } = this.#visit
    const held = this.#held
    if (held === undefined) {
      onAnswer()
      return answer(response, message, out, this.#parts.compiled)
    }

    const isOwn =
      response.body === this.#marker || (response.body === null && response.status === this.#status)
    if (isOwn) return held.release(response.headers)
    if (!message.complete) out.shouldKeepAlive = false
    const body = Buffer.from(await response.arrayBuffer())
    if (!held.replace(response.status, response.headers, body)) out.destroy()
  }
}

function readUrl(
  message: IncomingMessage,
  { trustedProxies }: CompiledOptions,
): string | BadRequest {
  const { method = '' } = message
  const url = readTarget(message, readArrival(message, trustedProxies).scheme)
  if (typeof url !== 'string') return url
  // A framework takes the host from the header, whatever an absolute target says.
  const { originalUrl = message.url } = message as { originalUrl?: string }
  if (originalUrl?.startsWith('/') !== true)
    return { status: 400, detail: 'The request target is no path.' }
  if (hasBody(message) && /^(?:GET|HEAD)$/.test(method))
    return { status: 400, detail: `A ${method} request has no body here.` }

  return url
}

function isBodiless(status: number): boolean {
  return status === 204 || status === 205 || status === 304
}

/** Sends the response of the stack itself. */
async function answer(
  response: Response,
  message: IncomingMessage,
  out: ServerResponse,
  { drainTimeoutMs }: CompiledOptions,
): Promise<void> {
  if (out.destroyed || out.headersSent) return void response.body?.cancel().catch(() => {})
  // The unread rest of a request would be taken for the next one.
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
    { option: name, problem: 'comes after something that has read the body: register it first' },
  ])
}
