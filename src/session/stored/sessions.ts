/**
 * Creates the strategy of stored sessions, whose cookie is a sealed id of a row in a store. Applications call
 * `storedSessions()` once and pass the result to `session()`, a gateway or a login; `storeContract` of
 * `portcullis/testing` calls it too.
 *
 * Wrong options throw `ERR_CONFIG`. While the store is down, requests that need the session reject with
 * `ERR_STORE_UNAVAILABLE` and nobody is signed out. With a store of `get`, `set` and `delete`, parallel
 * requests may lose writes, and `list`, `endOne`, `endAll` and `endMarked` throw `ERR_CONFIG`.
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
 * Creates sessions in a store. With an atomic store (such as `upstashStore` or `memoryStore`) a logout cannot be
 * undone, no write is lost, a flash message is shown once, and a user's sessions can be listed and ended. A store with
 * only `get`,
 * `set` and `delete` lacks these guarantees when requests run in parallel.
 *
 * A row is encrypted and its key is a digest, so a reader of the store learns nothing. Somebody who can write to the
 * store can end a session, or restore an older state of it within its lifetime, but cannot create or read one.
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
  if (settings.device && !store.atomic)
    issues.add('device', 'needs an atomic store, not get, set and delete')
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
    endAll: ({ user, ...caller }) => users.endAll(user, { env: undefined, ...caller }),
    endOne: ({ user, id, ...caller }) => users.endOne(user, { env: undefined, ...caller }, id),
    endMarked: (args) => endMarked(settings, store, settings.limits.maxAge * 1000, args),
    [sessionInternals]: createInternals(settings, options.audience),
  }
}
