/**
 * The endpoints that browsers call by themselves to keep sessions that are bound to their device.
 * `list.ts` adds them where the sessions have the option `device`. They call nothing that could
 * reject a request, because Chromium ends its session for most errors.
 */
import { refreshPath, registerPath } from '../../request/path/device-path.ts'
import type { DeviceEndpoints } from '../../session/index.ts'
import type { Endpoint } from './endpoint.ts'

/**
 * Creates them for sessions with the option `device`. They call nothing that could reject a
 * request: Chromium ends its session for every 4xx but 403, and what they take is proved by a
 * signature.
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
