/**
 * Creates the option `device` of sessions, with which a stolen cookie becomes useless on another machine after
 * some minutes (Device Bound Session Credentials). Applications pass `deviceBound()` to a strategy, whose
 * settings compile it; handles then call the wrapped engine, and servers call the endpoints.
 *
 * It is experimental, since it follows a draft. Wrong options become issues of the strategy's
 * `ERR_CONFIG`. Browsers without the feature are not bound, and nothing changes for them.
 */
import { serveDevicePaths } from '../../request/path/device-path.ts'
import type { DeviceOption } from '../core/device.ts'
import { createDeviceEndpoints } from './endpoints.ts'
import { createDeviceEngine } from './engine.ts'
import { compileDevice, type DeviceOptions } from './settings.ts'

/**
 * Binds sessions to the device that signed in, in browsers with Device Bound Session Credentials;
 * for all other browsers nothing changes. Experimental: it follows a draft, and may change in any
 * release.
 *
 * It is a separate function, so that applications that do not import it do not bundle its code.
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
          device: createDeviceEndpoints({
            settings,
            device,
            engine,
            outage: { isSuspected: false },
          }),
          cookieNames: [...cookieNames, device.cookie.name],
        },
      })
    },
  }
}
