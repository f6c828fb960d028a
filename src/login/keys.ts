/**
 * Derives what the login seals from the key ring of the sessions. `settings.ts` creates it. A
 * session strategy of another library has no ring, which throws a `TypeError`.
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

/** Keys by ring: an environment hands out the same ring until its secret changes. */
export function createReadKeys(
  session: SessionStrategy<object>,
  clock: Clock,
): (env: unknown) => LoginKeys {
  const made = new WeakMap<KeyRing, LoginKeys>()
  return (env) => {
    const internals = readInternals(session, env)
    if (internals === undefined)
      throw new TypeError('The session strategy comes from another library')
    const ring = internals.ring(env)
    const cachedKeys = made.get(ring)
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
    made.set(ring, keys)
    return keys
  }
}
