/**
 * Creates the endpoints of device-bound sessions, which browsers call by themselves to register a key and
 * to refresh a cookie. `list.ts` adds them if the sessions have the option `device`; otherwise there are
 * none. They only call `device.answer` of the sessions, which decides about each request. No check that
 * could reject a request runs before it, because Chromium ends the session for most 4xx responses. It
 * rejects as the session store does.
 */
import { refreshPath, registerPath } from '../../request/path/device-path.ts'
import type { DeviceEndpoints } from '../../session/index.ts'
import type { Endpoint } from './endpoint.ts'

/**
 * Creates the endpoints for sessions with the option `device`. They run no check that could reject a
 * request: Chromium ends its session for every 4xx except 403, and each request is proved by a
 * signature anyway.
 */
export function createDeviceEndpoints(device: DeviceEndpoints | undefined): readonly Endpoint[] {
  if (device === undefined) return []

  const handle: Endpoint['handle'] = ({ request, env }) => device.answer(request, env)
  const endpoints: Endpoint[] = [registerPath, refreshPath].map((path) => {
    return { path, methods: ['POST'], handle }
  })
  const wellKnown = { path: '/.well-known/device-bound-sessions', methods: ['GET', 'HEAD'], handle }

  return device.servesSite ? [...endpoints, wellKnown] : endpoints
}
