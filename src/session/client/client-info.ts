/**
 * Creates the option `clientInfo` of sessions, which keeps with each session the device and place
 * it was last seen with. Applications pass it to a strategy, which compiles it. Wrong options are
 * reported as issues.
 */
import { checkKeys } from '../../options/keys.ts'
import { parseWholeNumber } from '../../options/values.ts'
import { checkPlatform, type Platform } from '../../request/address/address.ts'
import { type CountrySource, validateCountrySource } from '../../request/client/country.ts'
import type { ClientInfoOption } from '../core/engine.ts'
import { createClientEngine } from './engine.ts'
import { describeClient } from './stored-client.ts'

/** Options of {@link clientInfo}. */
export interface ClientInfoOptions {
  /**
   * The platform in front, which vouches for the client's address, as in the option `platform` of a
   * gateway. Only its network is kept: a /24, or a /48 with IPv6. With `'none'` no network is kept.
   */
  readonly platform: Platform
  /**
   * Keeps the country that the platform names: `request.cf` of a Worker and `CF-IPCountry` of Cloudflare, or
   * `X-Vercel-IP-Country` of Vercel.
   *
   * @default false, since behind anything else a client could write these headers itself
   */
  readonly country?: CountrySource
  /**
   * Seconds for which a session keeps a client before another one replaces it, at most a day: two clients that take turns
   * cause one write in this time.
   *
   * @default 60
   */
  readonly interval?: number
}

const defaultInterval = 60
const maxInterval = 86_400

/**
 * Keeps with each signed-in session the browser, the system, the network and the country that it was last seen with, so that
 * a page of devices can name them. Without it a session keeps nothing of its client.
 *
 * It is a function of its own, so that sessions without it hold none of its code.
 *
 * @see docs/sessions.md
 * @example
 * ```ts
 * const sessions = storedSessions({
 *   secret, store, user,
 *   clientInfo: clientInfo({ platform: 'cloudflare', country: 'cloudflare' }),
 * })
 * const [newest] = await c.var.session.list() // newest.client: { browser: 'Firefox 140', system: 'Linux', ... }
 * ```
 */
export function clientInfo(options: ClientInfoOptions): ClientInfoOption {
  return {
    compile(issues) {
      checkKeys(issues, options, ['platform', 'country', 'interval'])
      const { platform, country, interval } = Object(options) as Partial<ClientInfoOptions>
      const settings = {
        platform: checkPlatform(platform, issues),
        country: validateCountrySource(country, issues),
        intervalMs:
          (parseWholeNumber(issues, 'interval', interval, {
            min: 1,
            max: maxInterval,
            unit: 'seconds',
          }) ?? defaultInterval) * 1000,
      }
      return {
        wrapEngine: (session, engine) => createClientEngine(settings, session, engine),
        describe: describeClient,
      }
    },
  }
}
