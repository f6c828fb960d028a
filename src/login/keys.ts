/**
 * Creates the sealers with which the login encrypts its cookies, from the key ring of the sessions:
 * one for attempts (at most 4096 characters), one for logout hints (at most 16,384). Both expire after
 * a day. `settings.ts` creates it once, and the steps in `flow/` call it for each request.
 *
 * A session strategy that is not from this package has no key ring: the first request then throws a
 * `TypeError`. A secret that is missing in the environment throws `ERR_CONFIG`. A cookie that was
 * sealed with another secret opens as undefined, so the login begins again.
 */
import { type KeyRing, type Sealer, sealer } from '../crypto/index.ts'
import { readInternals, type SessionInternals } from '../session/core/internals.ts'
import type { SessionStrategy } from '../session/core/types.ts'
import type { Clock } from '../types.ts'
import { attemptCookieLife } from './flow/attempts.ts'

const longestHint = 16_384

/** The sealers of an environment's key ring. */
export interface LoginKeys {
  readonly internals: SessionInternals
  readonly attempts: Sealer
  readonly hints: Sealer
}

/** Caches the sealers by key ring: an environment returns the same ring until its secret changes. */
export function createReadKeys(
  session: SessionStrategy<object>,
  clock: Clock,
): (env: unknown) => LoginKeys {
  const cache = new WeakMap<KeyRing, LoginKeys>()
  return (env) => {
    const internals = readInternals(session, env)
    if (internals === undefined)
      throw new TypeError(
        'login.session must be the result of statelessSessions() or storedSessions()',
      )
    const ring = internals.ring(env)
    const cachedKeys = cache.get(ring)
    if (cachedKeys !== undefined) return cachedKeys

    const sealSettings = {
      purpose: 'transaction' as const,
      lifetime: attemptCookieLife,
      clock,
      ...(internals.audience !== undefined && { audience: internals.audience }),
    }
    const keys: LoginKeys = {
      internals,
      attempts: sealer(ring, { ...sealSettings, name: 'login', maxLength: 4096 }),
      hints: sealer(ring, { ...sealSettings, name: 'login-hint', maxLength: longestHint }),
    }
    cache.set(ring, keys)
    return keys
  }
}
