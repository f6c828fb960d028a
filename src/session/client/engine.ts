/**
 * Wraps an engine so that each signed-in session stores the client that it was last used with.
 * `client-info.ts` creates it, and handles call it instead of the wrapped engine.
 *
 * It rejects as the wrapped engine does, except that a failure to write a new client after a load is
 * ignored: the request continues with the loaded session.
 */
import type { CookieJar } from '../../types.ts'
import type { ChangeRecord, LoadResult, SessionEngine } from '../core/engine.ts'
import type { SessionSettings } from '../core/options/settings.ts'
import type { SessionRecord } from '../core/record.ts'
import { type ClientSettings, readNewClient } from './stored-client.ts'

/**
 * Wraps an engine. The client is stored at a login and with every write. With an atomic store, a load by another client
 * than before also causes a write; in a stateless session the client is stored when its cookie is next renewed.
 */
export function createClientEngine<Data extends object>(
  client: ClientSettings,
  { clock }: SessionSettings<Data>,
  inner: SessionEngine<Data>,
): SessionEngine<Data> {
  const { prefetch, renew } = inner

  function addClient(jar: CookieJar, record: SessionRecord<Data>): SessionRecord<Data> {
    if (record.authenticated === undefined) return record
    const newClient = readNewClient(client, jar, record.client, clock())
    return newClient === undefined ? record : { ...record, client: newClient }
  }

  function addToChange(jar: CookieJar, change: ChangeRecord<Data>): ChangeRecord<Data> {
    return async (record) => {
      const next = await change(record)
      return next && addClient(jar, next)
    }
  }

  /** Writes the client of a session that was just loaded, before the app receives the session's version. */
  async function recordClient(
    jar: CookieJar,
    session: LoadResult<Data>,
  ): Promise<LoadResult<Data>> {
    const { record, block, pendingWrite, location } = session
    if (record === undefined || block || pendingWrite || location?.version === undefined)
      return session
    if (addClient(jar, record) === record) return session

    try {
      const result = await inner.write(jar, session, (current) => {
        const next = current && addClient(jar, current)
        return next === current ? undefined : next
      })
      return result?.session ?? session
    } catch {
      // The session was loaded, so the request must not fail because of its client. The store has emitted an event.
      return session
    }
  }

  return {
    ...inner,

    ...(inner.consumesMessages && {
      load: async (jar) => recordClient(jar, await inner.load(jar)),
    }),
    ...(inner.consumesMessages &&
      prefetch && {
        async prefetch(jar) {
          const finish = await prefetch(jar)
          return finish && (async () => recordClient(jar, await finish()))
        },
      }),

    write: (jar, session, change) => inner.write(jar, session, addToChange(jar, change)),
    ...(renew && {
      renew: (jar, session, change) => renew(jar, session, addToChange(jar, change)),
    }),
    start: (jar, session, { make, keepsData }) =>
      inner.start(jar, session, {
        make: async (old) => addClient(jar, await make(old)),
        keepsData,
      }),
  }
}
