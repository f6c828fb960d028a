/**
 * Compiles upstreams that are called without a network address: bindings of the platform, and apps in the same isolate.
 * `config/upstreams.ts` of the gateway calls it while building, where a value without a method `fetch` is reported as
 * an issue; `find-route.ts` creates the client of each request. An environment without the binding is a `ConfigError`
 * (`ERR_CONFIG`) at the request. A client rejects with a `TypeError` if it gets no Response, and when its signal is
 * aborted; an app that ignores the signal runs on, and its late response is discarded.
 */
import { type Issues, resolveFrom } from '../../options/index.ts'
import type { FromEnv } from '../../types.ts'
import { passesBodies } from '../codings.ts'
import { discardBody } from './fetch-upstream.ts'
import { avoidNoCache } from './platform-fetch.ts'
import type { CompiledClient } from './upstream-client.ts'

/**
 * An object with a method `fetch`: a service binding, the stub of a Durable Object, a Container, a VPC service, an
 * assets binding. The types of its parameters are not checked, since each platform declares a `Request` of its own.
 */
export interface FetchBinding {
  /** Sends one request. It must not follow redirects if `init.redirect` is `'manual'`. */
  fetch(url: never, init: never): Promise<object>
}

/** A function that responds to requests in the same isolate, with the parameters of a Worker's `fetch`. */
export type FetchHandler = (request: never, env: never, context: never) => object | Promise<object>

/** An app in the same isolate: a Hono app, or any object whose `fetch` is a {@link FetchHandler}. */
export interface FetchApp {
  /** Responds to a request. `env` and `context` are the arguments with which the gateway was called. */
  fetch(request: never, env: never, context: never): object | Promise<object>
}

/** The arguments that the platform passed with the request of a client. */
export interface Invocation {
  readonly env: unknown
  readonly context: object | undefined
}

/**
 * Creates the client for one request.
 *
 * @throws {ConfigError} `ERR_CONFIG` if the environment lacks the binding
 */
export type ConnectUpstream = (invocation: Invocation) => CompiledClient

/** Compiles the option `binding` or `assets` of an upstream. */
export function compileBinding(
  option: 'binding' | 'assets',
  sourceOption: FromEnv<FetchBinding, never>,
  issues: Issues,
): ConnectUpstream {
  const readBinding = resolveFrom(issues, option, sourceOption, checkFetch)

  return ({ env }) => {
    // The binding is read here too, so that a missing one is an error of the configuration and not of the upstream.
    readBinding(env)
    return createClient((url, requestInit) => {
      avoidNoCache(requestInit)
      // The binding is read again for each attempt, since the stub of a Durable Object is unusable after it has thrown.
      return readBinding(env).fetch(url, requestInit)
    })
  }
}

/** Compiles the option `app` of an upstream. */
export function compileApp(sourceOption: FetchApp | FetchHandler, issues: Issues): ConnectUpstream {
  const appClient = checkFetch(
    typeof sourceOption === 'function' ? { fetch: sourceOption } : sourceOption,
    issues.at('app'),
  )

  return ({ env, context }) =>
    createClient((url, { cache: _cache, ...requestInit }) => {
      const request = new Request(url, requestInit)
      // Apps may read the header Host, which a network client would add.
      request.headers.set('host', new URL(url).host)
      return appClient.fetch(request, env, context)
    })
}

function checkFetch(
  clientObject: object,
  issues: Issues,
): { fetch(...fetchArguments: unknown[]): unknown } {
  const fetchSource = Object(clientObject) as { fetch(...fetchArguments: unknown[]): unknown }
  if (typeof fetchSource.fetch !== 'function') issues.add('', 'must have a method fetch')
  return fetchSource
}

function createClient(
  sendRequest: (url: string, requestInit: RequestInit) => unknown,
): CompiledClient {
  return {
    async fetch(url, requestInit) {
      const signal = requestInit.signal as AbortSignal
      signal.throwIfAborted()
      const sending = (async () => (await sendRequest(url, requestInit)) as Response)()
      // An app may ignore the signal. Its late response is then discarded.
      const abortion = new Promise<never>((_resolve, reject) => {
        const abortSending = (): void => {
          reject(signal.reason)
          sending.then(discardBody, () => {})
        }
        signal.addEventListener('abort', abortSending, { once: true })
      })

      const response = await Promise.race([sending, abortion])
      if (!response?.headers) throw new TypeError('The upstream returned no Response')
      if (requestInit.method === 'HEAD') discardBody(response)
      return response
    },
    rules: passesBodies,
    // Only in Workers a response can contain a WebSocket.
    upgrades: 'WebSocketPair' in globalThis,
  }
}
