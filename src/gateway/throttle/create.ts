/**
 * Creates the option `throttle` of a gateway: the login throttle, which limits failed logins per account and
 * client. Applications call `gatewayThrottle()`. `config/validate-options.ts` starts it for a gateway, and
 * `validate-routes.ts` calls `route` for each route with a `throttle`. `gatewayThrottle` itself validates
 * nothing: wrong options are issues of `createGateway`. Values of the environment are validated by `check`,
 * which throws a `ConfigError`.
 */
import { createThrottleEngine } from '../../limit/throttle/engine.ts'
import {
  compileThrottle,
  type LoginThrottleOptions,
  loginThrottleKeys,
} from '../../limit/throttle/options.ts'
import { checkKeys } from '../../options/index.ts'
import type { ProjectEnv } from '../../types.ts'
import { createReject } from '../reject.ts'
import { compileLogin } from './compile-login.ts'
import { beginLogin } from './login.ts'
import type { GatewayThrottle } from './types.ts'

/**
 * Creates the option `throttle` of a gateway: how many failed logins are allowed and where they are
 * counted, for the routes that have a `throttle`. {@link createGateway} validates it together with
 * all other options.
 *
 * @example
 * ```ts
 * createGateway({
 *   upstreams,
 *   throttle: gatewayThrottle({
 *     store: upstashThrottle({ redis: client }),
 *     secret: (c) => c.env.THROTTLE_SECRET,
 *   }),
 *   routes: [{ path: '/login', to: 'app', access: 'public', throttle: { account, success } }],
 * })
 * ```
 * @see docs/login-throttle.md
 */
export function gatewayThrottle<E = ProjectEnv>(options: LoginThrottleOptions<E>): GatewayThrottle {
  return {
    start({ clock, emit }, issues) {
      checkKeys(issues, options, loginThrottleKeys)
      const settings = compileThrottle(options, clock, issues)
      const engine = createThrottleEngine(settings, clock, emit)
      const services = { clock, reject: createReject(emit) }

      return {
        cookieName: engine.cookieName,
        check: engine.check,
        route(route, routeIssues) {
          const login = {
            ...compileLogin(route, { emit, normalize: settings.normalize }, routeIssues),
            engine,
            subject: route.path,
          }
          return { begin: (ctx, { countsNow }) => beginLogin(services, login, ctx, countsNow) }
        },
      }
    },
  }
}
