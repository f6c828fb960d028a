/** The Hono face of the access room. */
import type { Context, MiddlewareHandler } from 'hono'
import { isDeviceUrl } from '../request/path/device-path.ts'
import { type AccessOptions, accessGuard, createRuleGuard } from './guard.ts'
import type { AccessGuardOptions, MaybeAnswer } from './options.ts'
import type { AccessRule } from './rule.ts'

/**
 * Says who may pass where, in one list: first match wins, and what no rule fits is refused. Where a rule needs a session,
 * `session()` has to run before. Canonical paths only: others get 400 here, since a router could read them differently.
 *
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong, rules that are never reached among them
 */
export function access<Data = object>(options: AccessOptions<Data, Context>): MiddlewareHandler {
  const guard = accessGuard<Context>(options as AccessOptions<never, Context>)
  return async function access(c, next) {
    // What session() answers behind it needs no rule, and Chromium ends the session of a browser that is refused there.
    return isDeviceUrl(c.req.url) ? next() : ((await guard.both(c)) ?? next())
  }
}

/**
 * Lets pass whom one rule fits; for single routes. `session()` has to run before, unless the rule asks for addresses only.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function requireAccess<Data = object>(
  rule: AccessRule<Data>,
  options: AccessGuardOptions<Data, Context> = {},
): MiddlewareHandler {
  return createGuardMiddleware(
    createRuleGuard('requireAccess', rule, options as AccessGuardOptions<never, Context>),
  )
}

/** {@link requireAccess} with `{ role }`. @throws {ConfigError} `ERR_CONFIG` */
export function requireRole<Data = object>(
  role: string | readonly string[],
  options: AccessGuardOptions<Data, Context> & Required<Pick<AccessGuardOptions<Data>, 'roles'>>,
): MiddlewareHandler {
  return createGuardMiddleware(
    createRuleGuard('requireRole', { role }, options as AccessGuardOptions<never, Context>),
  )
}

/** {@link requireAccess} with `{ address }`. @throws {ConfigError} `ERR_CONFIG` */
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
