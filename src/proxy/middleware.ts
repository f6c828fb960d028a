/**
 * Creates `proxy()`, a Hono handler that forwards requests to a server as the gateway does. Applications call it while
 * building, which throws a `ConfigError` (`ERR_CONFIG`) for wrong options. A failing upstream gets 502, 503 or 504 as
 * its response. A `ConfigError` of the environment and errors of the session store go to Hono's error handler.
 */
import type { Context, Handler } from 'hono'
import { forgetHeaders } from '../request/index.ts'
import type { FlushableHandle } from '../session/index.ts'
import type { ProjectEnv } from '../types.ts'
import { createExchange } from './exchange.ts'
import { compileProxy, type ProxyOptions } from './options.ts'

/**
 * Creates a handler that forwards requests to a server: without hop-by-hop headers, without headers
 * with which a client could pose as another user, and without the cookies of your sessions. With
 * `assertion` the server receives a signed JWT that names the user. With `grants` it may start,
 * change and end the session.
 *
 * It only checks the path, the body, loops and the origin of a WebSocket. Put `csrf()`, `session()`, access rules and
 * limits before it, or `portcullis()`, which has all of them.
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
    // A strategy opens one handle for each context. If `session()` has run before, this is the same object.
    const session = compiledProxy.sessions?.open(c)
    const response = await exchange({
      request: c.req.raw,
      env: c.env,
      requestId: readText(c, 'requestId'),
      pageNonce: readText(c, 'secureHeadersNonce'),
      session,
      eventContext: c,
    })

    // Middleware around this handler may change the headers directly, so the cached headers must not be used any more.
    forgetHeaders(response)
    return session === undefined || session === sharedHandle ? response : session.flush(response)
  }
}

function readText(c: Context, variableName: string): string | undefined {
  const variable: unknown = c.get(variableName)
  return typeof variable === 'string' ? variable : undefined
}
