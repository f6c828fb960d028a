/**
 * Creates the option `clientInfo` of sessions, which stores with each signed-in session the browser, system,
 * network and country that it was last used with. Applications pass `clientInfo()` to a strategy, whose
 * settings compile it; handles then call the wrapped engine.
 *
 * Wrong options become issues of the strategy's `ERR_CONFIG`. Values that cannot be read from a request
 * are left out.
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
   * The platform that supplies the client's address, as in the option `platform` of a gateway. Only the
   * network of the address is stored: a /24, or a /48 with IPv6. With `'none'` no network is stored.
   */
  readonly platform: Platform
  /**
   * Stores the country that the platform sends: `request.cf` of a Worker and `CF-IPCountry` of Cloudflare, or
   * `X-Vercel-IP-Country` of Vercel.
   *
   * @default false, since behind anything else a client could write these headers itself
   */
  readonly country?: CountrySource
  /**
   * Least seconds for which a session keeps a client before another one replaces it, at most a day. So two clients that
   * use a session in turn cause one write in this time.
   *
   * @default 60
   */
  readonly interval?: number
}

const defaultInterval = 60
const maxInterval = 86_400

/**
 * Stores with each signed-in session the browser, the system, the network and the country that it was last used with,
 * so that a page of devices can show them. Without it a session stores nothing about its client.
 *
 * It is a separate function, so that applications that do not import it do not bundle its code.
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
