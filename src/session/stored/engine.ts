/** Reads and writes sessions in a store. Each verb is a function of its own file. */
import type { SessionEngine } from '../core/engine.ts'
import { readUser } from '../core/tags.ts'
import type { StoredContext } from './context.ts'
import { endStored } from './end.ts'
import { loadLegacy } from './legacy.ts'
import { loadStored, prefetchStored } from './load.ts'
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
    prefetch: (jar) => prefetchStored(context, jar),
    load: (jar) =>
      settings.legacy.length > 0 && jar.read(settings.cookie.name).length === 0
        ? loadLegacy(context, jar)
        : loadStored(context, jar),
    write: (jar, session, change) => writeStored(context, jar, session, change),
    start: (jar, session, login) => startStored(context, jar, session, login),
    end: (jar, session, cookieIssued) => endStored(context, jar, session, cookieIssued),

    readVersion,
    guardVersion,
    list: (jar, { record, location }) =>
      users.list(readUser(settings, record?.data), jar.env, location?.ref.key),
    endOne: (jar, { record }, id) => users.endOne(readUser(settings, record?.data), jar, id),
    async endAll(jar, session, keepCurrent) {
      // A session that was not imported yet is imported first, so that it can be kept.
      const mustImport = keepCurrent && session.pendingWrite === 'import'
      const result = mustImport
        ? await importLegacySession(context, jar, session, (record) => record)
        : undefined

      const { record, location } = result?.session ?? session
      const user = readUser(settings, record?.data)
      await users.endAll(user, jar, keepCurrent ? location?.ref : undefined)
      return result
    },
  }
}
