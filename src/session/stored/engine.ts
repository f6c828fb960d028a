/**
 * The engine of stored sessions: connects each method of `SessionEngine` to a function of this folder.
 * `storedSessions` creates it, and the handle calls it.
 *
 * Methods reject with `ERR_STORE_UNAVAILABLE` or `ERR_STORE_REFUSED` as the store does, with
 * `ERR_SESSION_CONFLICT` after many retries, and with `ERR_SESSION_ENDED` where another request ended the
 * session. `list`, `endOne` and `endAll` throw `ERR_CONFIG` without the option `user`.
 */
import type { SessionEngine } from '../core/engine.ts'
import { readUser } from '../core/tags.ts'
import type { StoredContext } from './context.ts'
import { endStored } from './end.ts'
import { loadLegacy } from './legacy.ts'
import { loadStored, prefetchStored, readStoredCookie } from './load.ts'
import { startStored } from './start.ts'
import type { UserSessions } from './user-sessions.ts'
import { guardVersion, readVersion } from './version.ts'
import { importLegacySession, writeStored } from './write.ts'

/** Creates the engine over a store; {@link SessionEngine} documents its verbs. */
export function createStoredEngine<Data extends object>(
  context: StoredContext<Data>,
  users: UserSessions,
): SessionEngine<Data> {
  const { settings, store } = context

  return {
    consumesMessages: store.atomic,
    readCookie: (cookieJar) => readStoredCookie(settings, cookieJar),
    prefetch: (cookieJar) => prefetchStored(context, cookieJar),
    load: (cookieJar, checkDevice) =>
      settings.legacy.length > 0 && cookieJar.read(settings.cookie.name).length === 0
        ? loadLegacy(context, cookieJar).then(
            (session) => checkDevice?.(cookieJar, session) ?? session,
          )
        : loadStored(context, cookieJar, checkDevice),
    write: (cookieJar, session, change) => writeStored(context, cookieJar, session, change),
    start: (cookieJar, session, login) => startStored(context, cookieJar, session, login),
    end: (cookieJar, session, cookieIssued) => endStored(context, cookieJar, session, cookieIssued),

    readVersion,
    guardVersion,
    list: (cookieJar, { record, location }) =>
      users.list(readUser(settings, record?.data), cookieJar.env, location?.ref.key),
    endOne: (cookieJar, { record }, sessionId) =>
      users.endOne(readUser(settings, record?.data), cookieJar, sessionId),
    async endAll(cookieJar, session, keepCurrent) {
      // A legacy session that is not imported yet is imported first, since only a session with a row can be kept.
      const mustImport = keepCurrent && session.pendingWrite === 'import'
      const result = mustImport
        ? await importLegacySession(context, cookieJar, session, (record) => record)
        : undefined

      const { record, location } = result?.session ?? session
      const userId = readUser(settings, record?.data)
      await users.endAll(userId, cookieJar, keepCurrent ? location?.ref : undefined)
      return result
    },
  }
}
