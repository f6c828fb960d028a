/**
 * Creates Hono middleware for authorization: `access()` for a list of rules, the others for a single route.
 * Applications create it while building; wrong options throw a `ConfigError` (`ERR_CONFIG`). A request that a rule
 * denies gets its response here. Errors of reading the session go to Hono's error handler. */
import type { Context, MiddlewareHandler } from 'hono'
import { isDeviceUrl } from '../request/path/device-path.ts'
import { type AccessOptions, accessGuard, createRuleGuard } from './guard.ts'
import type { AccessGuardOptions, MaybeAnswer } from './options.ts'
import type { AccessRule } from './rule.ts'

/**
 * Authorizes requests by a list of rules. The first rule whose path matches decides; without a match a request is
 * denied. If a rule needs a session, `session()` has to run before. A path that is not canonical gets 400.
 *
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong, rules that are never reached among them
 * @example
 * const rules = [{ path: '/admin/*', allow: { role: 'admin' } }, { path: '/*', allow: 'session' }]
 * app.use(session(sessions), access({ roles: (data) => data.roles, rules }))
 */
export function access<Data = object>(options: AccessOptions<Data, Context>): MiddlewareHandler {
  const guard = accessGuard<Context>(options as AccessOptions<never, Context>)
  return async function access(c, next) {
    // Endpoints of device-bound sessions are not checked: Chromium ends a session that is rejected there.
    return isDeviceUrl(c.req.url) ? next() : ((await guard.both(c)) ?? next())
  }
}

/**
 * Authorizes requests to a single route by one rule. `session()` has to run before, unless the rule only checks addresses.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 * @example
 * app.get('/reports', requireAccess({ role: 'staff', fresh: 900 }, { roles: (data) => data.roles }), showReports)
 */
export function requireAccess<Data = object>(
  rule: AccessRule<Data>,
  options: AccessGuardOptions<Data, Context> = {},
): MiddlewareHandler {
  return createGuardMiddleware(
    createRuleGuard('requireAccess', rule, options as AccessGuardOptions<never, Context>),
  )
}

/**
 * Authorizes users by role: {@link requireAccess} with `{ role }`.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 * @example
 * app.use('/admin/*', requireRole('admin', { roles: (data) => data.roles }))
 */
export function requireRole<Data = object>(
  role: string | readonly string[],
  options: AccessGuardOptions<Data, Context> & Required<Pick<AccessGuardOptions<Data>, 'roles'>>,
): MiddlewareHandler {
  return createGuardMiddleware(
    createRuleGuard('requireRole', { role }, options as AccessGuardOptions<never, Context>),
  )
}

/**
 * Authorizes clients by IP address: {@link requireAccess} with `{ address }`.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 * @example
 * app.use('/metrics', requireAddress(['10.0.0.0/8'], { platform: 'cloudflare' }))
 */
export function requireAddress(
  address: readonly string[],
  options: AccessGuardOptions<object, Context> & Required<Pick<AccessGuardOptions, 'platform'>>,
): MiddlewareHandler {
  return createGuardMiddleware(
    createRuleGuard('requireAddress', { address }, options as AccessGuardOptions<never, Context>),
  )
}

function createGuardMiddleware(guard: (c: Context) => MaybeAnswer): MiddlewareHandler {
  return async function guarded(c, next) {
    return (await guard(c)) ?? next()
  }
}
