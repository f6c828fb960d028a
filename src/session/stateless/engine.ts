/**
 * Reads and writes sessions that are sealed into their cookie. `statelessSessions` creates the engine, and
 * the handle calls it, directly or through the revocations.
 *
 * A write rejects with `ERR_COOKIE_TOO_LARGE` where the sealed cookie would exceed 4,096 bytes, and with
 * `ERR_CONFIG` for an invalid secret in the environment. A load never throws for what a client sent. Of
 * two parallel responses to a browser the later cookie wins, so changes may be lost. A copy of the cookie
 * stays valid after `end`.
 */
import { expireCookie, serializeCookie } from '../../cookie/serialize.ts'
import type { CookieJar, OutgoingCookie } from '../../types.ts'
import type { LoadResult, SessionEngine } from '../core/engine.ts'
import { emitAbout } from '../core/events.ts'
import { cookieAge } from '../core/lifetimes.ts'
import type { SessionSettings } from '../core/options/settings.ts'
import { type SessionRecord, writeRecord } from '../core/record.ts'
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

    load(cookieJar): Promise<LoadResult<Data>> {
      const tokens = cookieJar.read(cookie.name)
      if (tokens.length > 0) return loadStateless(settings, cookieJar, tokens)
      return settings.legacy.length === 0
        ? Promise.resolve(NO_SESSION)
        : importLegacy(settings, cookieJar)
    },

    async write(cookieJar, session, change) {
      const changes = change(session.record)
      const nextRecord = changes instanceof Promise ? await changes : changes
      if (nextRecord === undefined) return undefined

      const record = { ...nextRecord, seen: Math.max(nextRecord.seen, Math.floor(clock() / 1000)) }
      const cookies = await sealCookies(settings, cookieJar, record)
      const { pendingWrite } = session
      const type =
        session.record === undefined ? 'session-created' : pendingWrite && EVENTS[pendingWrite]
      if (type) await emitAbout(settings, cookieJar, { type, id: record.id, data: record.data })
      return { session: { record }, cookies }
    },

    async start(cookieJar, session, { make }) {
      const record = await make(session.record)
      const cookies = await sealCookies(settings, cookieJar, record)

      const oldRecord = session.record
      if (oldRecord) {
        await emitAbout(settings, cookieJar, {
          type: 'session-ended',
          id: oldRecord.id,
          data: oldRecord.data,
          reason: 'replaced',
        })
      }
      await emitAbout(settings, cookieJar, {
        type: 'session-created',
        id: record.id,
        data: record.data,
        reason: 'started',
      })
      return { session: { record }, cookies }
    },

    async end(cookieJar, session, cookieIssued) {
      const cookies = expireLegacy(settings, cookieJar)
      // The cookie expires only if the browser sent it. SameSite keeps it from cross-site requests, so that another
      // site cannot log a user out.
      if (cookieIssued || cookieJar.read(cookie.name).length > 0) cookies.push(expireCookie(cookie))

      const { record } = session ?? NO_SESSION
      if (record) {
        await emitAbout(settings, cookieJar, {
          type: 'session-ended',
          id: record.id,
          data: record.data,
          reason: 'ended',
        })
      }
      return { session: NO_SESSION, cookies }
    },
  }
}

async function sealCookies<Data>(
  settings: SessionSettings<Data>,
  cookieJar: CookieJar,
  record: SessionRecord<Data>,
): Promise<readonly OutgoingCookie[]> {
  const { cookie, limits, clock } = settings
  const token = await settings.keys(cookieJar.env).sealer.seal(writeRecord(record))
  const nowSeconds = Math.floor(clock() / 1000)
  const sessionCookie = serializeCookie(cookie, token, cookieAge(record, limits, nowSeconds))
  return settings.legacy.length === 0
    ? [sessionCookie]
    : [sessionCookie, ...expireLegacy(settings, cookieJar)]
}
