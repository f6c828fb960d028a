/** Reads and writes sessions that are sealed into their cookie. */
import { expireCookie, serializeCookie } from '../../cookie/serialize.ts'
import type { CookieJar, OutgoingCookie } from '../../types.ts'
import type { LoadResult, SessionEngine } from '../core/engine.ts'
import { emitAbout } from '../core/events.ts'
import { cookieAge } from '../core/lifetimes.ts'
import { type SessionRecord, writeRecord } from '../core/record.ts'
import type { SessionSettings } from '../core/settings.ts'
import { expireLegacy, importLegacy } from '../legacy/import.ts'
import { loadStateless } from './load.ts'

const EVENTS = { import: 'session-imported', slide: 'session-renewed' } as const
const NO_SESSION: LoadResult<never> = Object.freeze({ record: undefined })

/** Creates the engine of stateless sessions; {@link SessionEngine} documents its verbs. */
export function createStatelessEngine<Data extends object>(
  settings: SessionSettings<Data>,
): SessionEngine<Data> {
  const { cookie, clock } = settings

  return {
    consumesMessages: false,

    load(jar): Promise<LoadResult<Data>> {
      const tokens = jar.read(cookie.name)
      if (tokens.length > 0) return loadStateless(settings, jar, tokens)
      return settings.legacy.length === 0
        ? Promise.resolve(NO_SESSION)
        : importLegacy(settings, jar)
    },

    async write(jar, session, change) {
      const changes = change(session.record)
      const next = changes instanceof Promise ? await changes : changes
      if (next === undefined) return undefined

      const record = { ...next, seen: Math.max(next.seen, Math.floor(clock() / 1000)) }
      const cookies = await sealCookies(settings, jar, record)
      const { pendingWrite } = session
      const type =
        session.record === undefined ? 'session-created' : pendingWrite && EVENTS[pendingWrite]
      if (type) await emitAbout(settings, jar, { type, id: record.id, data: record.data })
      return { session: { record }, cookies }
    },

    async start(jar, session, { make }) {
      const record = await make(session.record)
      const cookies = await sealCookies(settings, jar, record)

      const old = session.record
      if (old) {
        const { id, data } = old
        await emitAbout(settings, jar, { type: 'session-ended', id, data, reason: 'replaced' })
      }
      const { id, data } = record
      await emitAbout(settings, jar, { type: 'session-created', id, data, reason: 'started' })
      return { session: { record }, cookies }
    },

    async end(jar, session, cookieIssued) {
      const cookies = expireLegacy(settings, jar)
      // The cookie expires only if the browser sent it: SameSite keeps cookies from a cross-site request, and so a
      // cross-site logout has no effect.
      if (cookieIssued || jar.read(cookie.name).length > 0) cookies.push(expireCookie(cookie))

      const { record } = session ?? NO_SESSION
      if (record) {
        const { id, data } = record
        await emitAbout(settings, jar, { type: 'session-ended', id, data, reason: 'ended' })
      }
      return { session: NO_SESSION, cookies }
    },
  }
}

async function sealCookies<Data>(
  settings: SessionSettings<Data>,
  jar: CookieJar,
  record: SessionRecord<Data>,
): Promise<readonly OutgoingCookie[]> {
  const { cookie, limits, clock } = settings
  const token = await settings.keys(jar.env).sealer.seal(writeRecord(record))
  const now = Math.floor(clock() / 1000)
  const sessionCookie = serializeCookie(cookie, token, cookieAge(record, limits, now))
  return settings.legacy.length === 0
    ? [sessionCookie]
    : [sessionCookie, ...expireLegacy(settings, jar)]
}
