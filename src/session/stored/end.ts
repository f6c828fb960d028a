/** Logout of a stored session: the row goes, and the cookie goes even where the row could not. */
import { expireCookie } from '../../cookie/serialize.ts'
import type { CookieJar } from '../../types.ts'
import type { LoadResult, WriteResult } from '../core/engine.ts'
import { emitAbout } from '../core/events.ts'
import type { SessionSettings } from '../core/settings.ts'
import { expireLegacy } from '../legacy/import.ts'
import { findLocation } from './cookie.ts'
import { findLegacyLocations, markLegacyImported } from './legacy.ts'
import type { UsedStore } from './resolve-store.ts'
import { GRACE } from './user-sessions.ts'

/** Ends the session of a jar, read or not; what could not be done comes back as `failure`, beside the cookies. */
export async function endStored<Data extends object>(
  settings: SessionSettings<Data>,
  store: UsedStore,
  jar: CookieJar,
  loaded: LoadResult<Data> | undefined,
  issued: boolean,
): Promise<WriteResult<Data> & { failure?: unknown }> {
  const { cookie } = settings
  const cookies = expireLegacy(settings, jar)
  if (issued || jar.read(cookie.name).length > 0) cookies.push(expireCookie(cookie))
  let place = loaded?.place
  try {
    const found = loaded === undefined ? await findLocation(settings, jar) : place
    if (found !== undefined && 'ref' in found) {
      place = found
      const lived = await store.end(found.ref, GRACE, jar)
      if (lived)
        await emitAbout(
          settings,
          settings.keys(jar.env).ring,
          'session-ended',
          found.ref.key,
          'ended',
        )
    }
    for (const old of await findLegacyLocations(settings, store, jar)) {
      await markLegacyImported(settings, store, jar, old)
      await store.end(old.ref, GRACE, jar)
    }
    return { loaded: { record: undefined }, cookies }
  } catch (failure) {
    // Whoever logs out of a shared computer must not stay signed in there because a store is down.
    settings.emit?.({ type: 'session-end-incomplete' })
    const left: LoadResult<Data> =
      place === undefined ? { record: undefined } : { record: undefined, place }
    return { loaded: left, cookies, failure }
  }
}
