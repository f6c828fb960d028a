/**
 * Ends the session of a request: ends its row in the store, and expires its cookie and legacy cookies.
 * `stored/engine.ts` calls it for `end`, also for a session that was not loaded.
 *
 * It does not reject where the store is down: the cookie expires nevertheless, and the error is returned
 * as `failure` with the event `session-end-incomplete`, so that the handle can throw it after the cookie
 * is staged. A copy of the cookie may then stay valid.
 */
import { expireCookie } from '../../cookie/serialize.ts'
import type { CookieJar } from '../../types.ts'
import type { EndResult, LoadResult } from '../core/engine.ts'
import { emitAbout, emitSessionEvent } from '../core/events.ts'
import { expireLegacy } from '../legacy/import.ts'
import { GRACE_MS, type StoredContext } from './context.ts'
import { findLocation } from './cookie.ts'
import { findLegacyLocations, markLegacyImported } from './legacy.ts'

/**
 * Ends the session of a request, whether it was loaded or not. An error of the store is returned as `failure` beside
 * the cookies, because a user who logs out of a shared computer must not stay signed in there while the store is down.
 */
export async function endStored<Data extends object>(
  context: StoredContext<Data>,
  cookieJar: CookieJar,
  session: LoadResult<Data> | undefined,
  cookieIssued: boolean,
): Promise<EndResult<Data>> {
  const { settings, store } = context
  const { cookie } = settings
  const cookies = expireLegacy(settings, cookieJar)
  if (cookieIssued || cookieJar.read(cookie.name).length > 0) cookies.push(expireCookie(cookie))

  let location = session?.location
  try {
    const current = session === undefined ? await findLocation(settings, cookieJar) : location
    if (current !== undefined && 'ref' in current) {
      location = current
      const wasAlive = await store.end(current.ref, GRACE_MS, cookieJar)
      const sessionData = session?.record?.data
      const event = {
        type: 'session-ended',
        id: current.ref.key,
        data: sessionData,
        reason: 'ended',
      } as const
      if (wasAlive) await emitAbout(settings, cookieJar, event)
    }

    for (const legacyLocation of await findLegacyLocations(context, cookieJar)) {
      await markLegacyImported(context, cookieJar, legacyLocation)
      await store.end(legacyLocation.ref, GRACE_MS, cookieJar)
    }
    return { session: { record: undefined }, cookies }
  } catch (failure) {
    emitSessionEvent(settings, cookieJar, { type: 'session-end-incomplete' })
    const noSession = { record: undefined }
    const remaining: LoadResult<Data> =
      location === undefined ? noSession : { ...noSession, location }
    return { session: remaining, cookies, failure }
  }
}
