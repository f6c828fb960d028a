/**
 * Creates the option `device` of sessions, which makes a stolen cookie useless on another machine.
 * Applications pass `deviceBound()` to a strategy, which compiles it. It is experimental; wrong
 * options are reported as issues of the strategy.
 */
import { serveDevicePaths } from '../../request/path/device-path.ts'
import type { DeviceOption } from '../core/device.ts'
import { createDeviceEndpoints } from './endpoints.ts'
import { createDeviceEngine } from './engine.ts'
import { compileDevice, type DeviceOptions } from './settings.ts'

/**
 * Binds sessions to the device that signed in, in browsers with Device Bound Session Credentials;
 * for all others nothing changes. Experimental: it follows a draft, and may change in any release.
 *
 * It is a function of its own, so that sessions without it hold none of its code.
 *
 * @example
 * ```ts
 * const sessions = storedSessions({ secret, store, device: deviceBound() })
 * ```
 * @see https://w3c.github.io/webappsec-dbsc/
 */
export function deviceBound(options: DeviceOptions = {}): DeviceOption {
  return {
    compile(cookie, issues) {
      const device = compileDevice(options, cookie, issues)
      serveDevicePaths()
      return (settings, engine, cookieNames) => ({
        engine: createDeviceEngine(settings, device, engine),
        members: {
          device: createDeviceEndpoints({ settings, device, engine }),
          cookieNames: [...cookieNames, device.cookie.name],
        },
      })
    },
  }
}
