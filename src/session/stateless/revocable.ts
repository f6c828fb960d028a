/**
 * Creates the option `revocation` of stateless sessions, with which a logout also ends copies of the cookie.
 * Applications pass `revocable()` to `statelessSessions`, which compiles it; `revocations.ts` does the work.
 *
 * Wrong options become issues of the strategy's `ERR_CONFIG`. While the store of revocations is down,
 * requests with a signed-in session reject with `ERR_STORE_UNAVAILABLE`.
 */

import { isObject } from '../../options/is-object.ts'
import type { Issues } from '../../options/issues.ts'
import { checkKeys } from '../../options/keys.ts'
import { parseWholeNumber } from '../../options/values.ts'
import type { RevocationStore } from '../../store/revocations.ts'
import type { SessionEngine } from '../core/engine.ts'
import type { SessionSettings } from '../core/options/settings.ts'
import type { EndAllContext, EndMarkedArgs } from '../core/types.ts'
import type { RevocationOptions } from './options.ts'
import { StoredRevocations } from './revocations.ts'

/** The revocations of one strategy. */
export interface Revocations<Data> {
  /** Wraps an engine, so that it checks and records revocations. */
  engine(inner: SessionEngine<Data>): SessionEngine<Data>
  /** Ends every session of a user. */
  endAll(userId: string, context: EndAllContext): Promise<void>
  /** Ends every session with a mark. Resolves with false if the same logout message was seen before. */
  endMarked(args: EndMarkedArgs): Promise<boolean>
}

/** The value that {@link revocable} returns, for the option `revocation` of stateless sessions. */
export interface Revocation {
  /** Validates the options for one strategy and adds their issues to the strategy's. */
  compile<Data extends object>(settings: SessionSettings<Data>, issues: Issues): Revocations<Data>
}

const REQUIRED_VERBS: readonly (keyof RevocationStore)[] = [
  'check',
  'revoke',
  'generation',
  'advance',
]

/**
 * Creates the option `revocation` of stateless sessions: a store records the ended sessions, and each read of a
 * signed-in session asks it. `statelessSessions` validates these options together with its own.
 *
 * @example
 * ```ts
 * const sessions = statelessSessions({
 *   secret: (c) => c.env.SESSION_SECRET,
 *   revocation: revocable({ store: upstashRevocations({ redis }) }),
 * })
 * ```
 */
export function revocable(options: RevocationOptions): Revocation {
  return {
    compile(settings, issues) {
      validateOptions(options, issues)
      const valid = isObject(options) ? options : ({} as RevocationOptions)
      return new StoredRevocations(settings, valid)
    },
  }
}

function validateOptions(value: unknown, issues: Issues): void {
  checkKeys(issues, value, ['store', 'maxStale'])
  const { store, maxStale } = (isObject(value) ? value : {}) as Partial<RevocationOptions>

  if (!REQUIRED_VERBS.every((verb) => typeof store?.[verb] === 'function')) {
    issues.add(
      'store',
      'must be made by memoryRevocations() or upstashRevocations(), ' +
        `or have the methods ${REQUIRED_VERBS.join(', ')}`,
    )
  }
  parseWholeNumber(issues, 'maxStale', maxStale, { min: 0, max: 3600, unit: 'seconds' })
}
