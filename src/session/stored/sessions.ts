/**
 * Creates the strategy of stored sessions, whose cookie is a sealed id. Applications call
 * `storedSessions()` once. Wrong options are a `ConfigError`; verbs reject while the store is
 * unavailable, which signs nobody out.
 */
import { createIssues } from '../../options/issues.ts'
import { endMarked } from '../core/end-marked.ts'
import { createInternals, sessionInternals } from '../core/internals.ts'
import type { SessionOptions } from '../core/options/options.ts'
import { compileSessionSettings } from '../core/options/settings.ts'
import type { SessionObject, StoredStrategy } from '../core/types.ts'
import { createStrategy } from '../handle/strategy.ts'
import { createStoredEngine } from './engine.ts'
import type { StoredOptions } from './options.ts'
import { resolveStore } from './resolve-store.ts'
import { createUserSessions } from './user-sessions.ts'

/**
 * Creates sessions in a store. With an atomic store (`upstashStore`, `memoryStore`) a logout cannot be undone, no write is
 * lost, a flash message is shown once, and a user's sessions can be listed and ended. A store of `get`, `set`, `delete`
 * keeps sessions, but not those promises when requests run in parallel.
 *
 * A row is sealed and its key is a digest. A reader of the store learns nothing. A writer of the store can end, un-end or
 * roll back a session within its own life, but never make, read or merge one.
 *
 * @example
 * ```ts
 * const sessions = storedSessions<{ userId: string }>({
 *   secret: (c) => c.env.SESSION_SECRET,
 *   store: upstashStore({ redis: redis({ url: (c) => c.env.REDIS_URL, token: (c) => c.env.REDIS_TOKEN }) }),
 *   user: (data) => data.userId,
 * })
 * ```
 * @throws {ConfigError} `ERR_CONFIG` with every option that is wrong
 */
export function storedSessions<Data extends SessionObject>(
  options: StoredOptions<Data>,
): StoredStrategy<Data> {
  const issues = createIssues('session')
  const settings = compileSessionSettings<Data>(
    options as SessionOptions<Data, never>,
    issues,
    'stored',
  )
  const store = resolveStore(options?.store, settings.limits.maxAge, issues)
  if (settings.device && !store.atomic) issues.add('device', 'needs an atomic store')
  issues.throwIfAny()

  const context = { settings, store }
  const users = createUserSessions(context)
  return {
    ...createStrategy('stored', settings, createStoredEngine(context, users)),
    kind: 'stored',
    check(env): void {
      settings.keys(env)
      store.check?.(env)
    },
    list: ({ user, env }) => users.list(user, env),
    endAll: ({ user, ...asked }) => users.endAll(user, { env: undefined, ...asked }),
    endOne: ({ user, id, ...asked }) => users.endOne(user, { env: undefined, ...asked }, id),
    endMarked: (args) => endMarked(settings, store, settings.limits.maxAge * 1000, args),
    [sessionInternals]: createInternals(settings, options.audience),
  }
}
