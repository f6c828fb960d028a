/** Stored sessions: the cookie is a sealed id, the session lies in a store. */
import { createIssues } from '../../options/issues.ts'
import { unmarkable } from '../core/errors.ts'
import { createInternals, sessionInternals } from '../core/internals.ts'
import type { SessionOptions } from '../core/options.ts'
import { compileSessionSettings } from '../core/settings.ts'
import { endTags, markTags } from '../core/tags.ts'
import type { SessionObject, StoredStrategy } from '../core/types.ts'
import { createStrategy } from '../handle/strategy.ts'
import { createStoredEngine } from './engine.ts'
import type { StoredOptions } from './options.ts'
import { resolveStore } from './resolve-store.ts'
import { createUserSessions } from './user-sessions.ts'

/**
 * Sessions in a store. With an atomic store (`upstashStore`, `memoryStore`) a logout cannot be undone, no write is lost,
 * a message is shown once, and a user's sessions can be listed and ended. A store of `get`, `set`, `delete` keeps sessions,
 * but not those promises under races.
 *
 * What is stored is sealed and its key is a digest: whoever reads the store learns nothing, whoever writes to it can end,
 * un-end or roll back a session within its own life, never make, read or merge one.
 *
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
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
  issues.throwIfAny()
  const users = createUserSessions(settings, store)
  return {
    ...createStrategy('stored', settings, createStoredEngine(settings, store, users)),
    kind: 'stored',
    check(env): void {
      settings.keys(env)
      store.check?.(env)
    },
    list: ({ user, env }) => users.list(user, env),
    endAll: ({ user, env }) => users.endAll(user, env),
    async endMarked({ mark, once, env }): Promise<boolean> {
      if (settings.mark === undefined) throw unmarkable('mark')
      if (store.endMarked === undefined) throw unmarkable('store')

      const end = (tag: string, message: typeof once): Promise<boolean> | undefined =>
        store.endMarked?.(
          tag,
          { life: settings.limits.maxAge * 1000, ...(message && { once: message }) },
          { env },
        )
      return endTags(await markTags(settings, env, mark), once, end, settings.emit)
    },
    [sessionInternals]: createInternals(settings, options.audience),
  }
}
