/**
 * A Hono handler that forwards requests to a server, as the gateway does. Applications call
 * `proxy()` while building, which throws a `ConfigError` for wrong options. An upstream that fails
 * is answered with 502, 503 or 504.
 */
import type { Context, Handler } from 'hono'
import { forgetHeaders } from '../request/index.ts'
import type { FlushableHandle } from '../session/index.ts'
import type { ProjectEnv } from '../types.ts'
import { createExchange } from './exchange.ts'
import { compileProxy, type ProxyOptions } from './options.ts'

/**
 * Creates a handler that forwards requests to a server: without hop-by-hop headers, without headers
 * by which a client could pose as another user, and without the cookies of your sessions. With
 * `assertion` the server receives a signed JWT that names the user; with `grants` it may start,
 * change and end the session.
 *
 * Only the path, the body, loops and the origin of a WebSocket are checked. Put `csrf()`, `session()`, access rules and limits
 * before it, or `portcullis()`, which has all of them.
 *
 * @example
 * ```ts
 * app.use(portcullis({ session: sessions }))
 * app.all('/legacy/*', proxy({ upstream: 'http://10.0.0.7:3000', sessions }))
 * ```
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 */
export function proxy<Data extends object, E = ProjectEnv>(
  options: ProxyOptions<Data, E>,
): Handler {
  const compiledProxy = compileProxy(options as unknown as ProxyOptions<never, never>)
  const exchange = createExchange(compiledProxy)

  return async function proxy(c) {
    const sharedHandle = c.get('session') as FlushableHandle<object> | undefined
    // A strategy opens one handle for each context: the same object that `session()` has set, if it runs before.
    const session = compiledProxy.sessions?.open(c)
    const response = await exchange({
      request: c.req.raw,
      env: c.env,
      requestId: readText(c, 'requestId'),
      pageNonce: readText(c, 'secureHeadersNonce'),
      session,
      eventContext: c,
    })

    // Handlers around this one may change the headers directly.
    forgetHeaders(response)
    return session === undefined || session === sharedHandle ? response : session.flush(response)
  }
}

function readText(c: Context, variableName: string): string | undefined {
  const variable: unknown = c.get(variableName)
  return typeof variable === 'string' ? variable : undefined
}
