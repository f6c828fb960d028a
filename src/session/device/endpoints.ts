/**
 * Serves the endpoints that a browser with device-bound sessions calls by itself (registration, refresh, and
 * `/.well-known/device-bound-sessions`), and the page for links from other origins. `deviceBound()`
 * creates them; `session()`, the stack and the gateway call them for each request.
 *
 * A store that is down, any other failure, and more than 60 requests of a session in a minute are
 * answered with 503, which keeps the browser's session, with the event `session-refresh-failed`. Another
 * method than POST gets 405. Requests for other paths give undefined and cost one search in the URL.
 */

import { readCookies } from '../../cookie/parse.ts'
import type { CookieSettings } from '../../cookie/settings.ts'
import { isPortcullisError } from '../../errors.ts'
import { endpointFolder, readDevicePath, registerPath } from '../../request/path/device-path.ts'
import type { DeviceEndpoints } from '../core/device.ts'
import { emitSessionEvent } from '../core/events.ts'
import { createCookieJar } from '../handle/cookie-jar.ts'
import { createBurstGuard } from './burst-guard.ts'
import type { DeviceContext } from './context.ts'
import { answerJson, answerRefusal, answerUnavailable } from './http/answers.ts'
import { wellKnownUrl, writeWellKnown } from './http/instructions.ts'
import { isForeignNavigation } from './http/reload.ts'
import { answerRefresh } from './refresh.ts'
import { answerRegistration } from './register.ts'

/** Creates the endpoints of one strategy. */
export function createDeviceEndpoints<Data extends object>(
  context: DeviceContext<Data>,
): DeviceEndpoints {
  const { settings, device, outage } = context
  const isWithinLimit = createBurstGuard(settings.clock)

  async function answerBrowser(path: string, request: Request, env: unknown): Promise<Response> {
    if (request.method !== 'POST') return answerRefusal(405)
    const answerDevice = path === registerPath ? answerRegistration : answerRefresh
    const jar = createCookieJar({ request, env })
    const [token] = jar.read(settings.cookie.name)
    if (token !== undefined && !isWithinLimit(token)) return answerFailure('too-many', request)

    try {
      return await answerDevice(context, jar, request.headers)
    } catch (error) {
      return answerFailure(error, request)
    }
  }

  /** Answers a failure of this server so that the browser keeps its session and tries again. */
  function answerFailure(error: unknown, request: Request): Response {
    // The session has ended meanwhile, or another deployment wrote it; the browser's next request shows which.
    if (isPortcullisError(error, 'ERR_SESSION_ENDED')) return answerUnavailable()

    const code = isPortcullisError(error) ? error.code : 'fault'
    outage.isSuspected = true
    const reason = typeof error === 'string' ? error : code
    const event = { type: 'session-refresh-failed', reason } as const
    emitSessionEvent(settings, { context: request }, event)
    return answerUnavailable()
  }

  async function reload(
    handle: Parameters<DeviceEndpoints['reload']>[1],
  ): Promise<Response | undefined> {
    try {
      await handle.get()
    } catch {
      // The page may not need its session at all. Code that needs it gets the error itself.
      return undefined
    }
    return handle.device()?.reload?.()
  }

  const endpoints: DeviceEndpoints = {
    servesSite: device.site !== undefined,

    answer(request, env, handle, address = request.url) {
      const path = address.includes(endpointFolder) ? readDevicePath(request.url) : undefined
      if (path !== undefined) return answerBrowser(path, request, env)

      if (device.site !== undefined && wellKnownUrl.test(request.url))
        return Promise.resolve(answerJson(200, writeWellKnown(device.site.registering)))
      return handle && endpoints.reload(request, handle, env)
    },

    reload(request, handle) {
      const { headers } = request
      if (!isForeignNavigation(headers) || request.method !== 'GET') return undefined

      const cookies = headers.get('cookie')
      const has = ({ name }: CookieSettings): boolean => readCookies(cookies, name).length > 0
      return has(settings.cookie) && !has(device.cookie) ? reload(handle) : undefined
    },
  }
  return endpoints
}
