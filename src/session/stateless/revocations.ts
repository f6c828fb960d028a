/**
 * Records in a store which stateless sessions have ended, and asks it for each signed-in read. `revocable()`
 * creates it, the handle calls the wrapped engine, and the strategy calls `endAll` and `endMarked`.
 *
 * A store that does not answer rejects with `ERR_STORE_UNAVAILABLE` and ends no session; a logout then
 * expires the cookie and rejects, with the event `session-end-incomplete`. `ERR_CONFIG` is thrown without
 * the option `user` or `mark`. With `maxStale` an isolate caches up to 10,000 positive answers, so a
 * logout takes effect later elsewhere. Sessions of visitors are not checked.
 */

import { sha256 } from '../../crypto/digest.ts'
import { ConfigError } from '../../errors.ts'
import { createBoundedMap, type ExpiringValue } from '../../memory/bounded-map.ts'
import type { RevocationStore } from '../../store/revocations.ts'
import type { CookieJar } from '../../types.ts'
import { endMarked } from '../core/end-marked.ts'
import type { CheckDevice, LoadResult, SessionEngine } from '../core/engine.ts'
import { emitAllEnded, emitSessionEvent } from '../core/events.ts'
import { absoluteEnd } from '../core/lifetimes.ts'
import type { SessionSettings } from '../core/options/settings.ts'
import type { SessionRecord } from '../core/record.ts'
import { createUserTags, readMark, readUser } from '../core/tags.ts'
import type { EndAllContext, EndMarkedArgs } from '../core/types.ts'
import { importIds } from '../legacy/import.ts'
import type { RevocationOptions } from './options.ts'
import type { Revocations } from './revocable.ts'

/** Most positive answers that an isolate caches. */
const MAX_REMEMBERED = 10_000

const DAY_MS = 86_400_000

/** Milliseconds for which a legacy seal may open: 400 days, and a day for clocks that differ. */
const LEGACY_LIFETIME_MS = 401 * DAY_MS

/**
 * The revocations of one strategy. If the store does not answer, the request fails and the session stays valid. The
 * only state are the positive answers that an isolate caches for `maxStale` seconds.
 */
export class StoredRevocations<Data extends object> implements Revocations<Data> {
  readonly #settings: SessionSettings<Data>
  readonly #store: RevocationStore
  readonly #maxStaleMs: number
  /** A revocation outlives every session that it ends, and every legacy seal that could still be imported. */
  readonly #lifetimeMs: number
  /** When the store last answered that a session is not revoked, by id and generation. */
  readonly #confirmations = createBoundedMap<ExpiringValue & { readonly since: number }>(
    MAX_REMEMBERED,
  )

  constructor(settings: SessionSettings<Data>, { store, maxStale = 0 }: RevocationOptions) {
    const { limits, legacy } = settings
    this.#settings = settings
    this.#store = store
    this.#maxStaleMs = maxStale * 1000
    this.#lifetimeMs = Math.max(
      limits.maxAge * 1000 + DAY_MS,
      legacy.length > 0 ? LEGACY_LIFETIME_MS : 0,
    )
  }

  async endAll(userId: string, context: EndAllContext): Promise<void> {
    this.#requireUserOption()
    await this.#advanceGeneration(userId, context)
  }

  endMarked(args: EndMarkedArgs): Promise<boolean> {
    return endMarked(this.#settings, this.#store, this.#lifetimeMs, args)
  }

  engine(inner: SessionEngine<Data>): SessionEngine<Data> {
    return {
      ...inner,
      readCookie: inner.load,
      load: (cookieJar, checkDevice) => this.#load(inner, cookieJar, checkDevice),
      renew: async (cookieJar, session, change) => {
        // The new cookie is sealed first: one that is too large must not cost the session.
        const result = await inner.write(cookieJar, session, change)
        await this.#revoke(cookieJar, session.record)
        return result
      },
      start: async (cookieJar, session, login) => {
        await this.#revoke(cookieJar, session.record)
        await this.#revokeLegacy(cookieJar)
        return inner.start(cookieJar, session, {
          ...login,
          make: async (oldRecord) => this.#addEpoch(cookieJar, await login.make(oldRecord)),
        })
      },
      end: async (cookieJar, session, cookieIssued) => {
        const result = await inner.end(cookieJar, session, cookieIssued)
        try {
          await this.#revoke(cookieJar, (session ?? (await inner.load(cookieJar))).record)
          await this.#revokeLegacy(cookieJar)
          return result
        } catch (failure) {
          emitSessionEvent(this.#settings, cookieJar, { type: 'session-end-incomplete' })
          return { ...result, failure }
        }
      },
      endAll: async (cookieJar, session, keepCurrent) => {
        this.#requireUserOption()
        const userId = readUser(this.#settings, session.record?.data)
        if (userId === undefined) return undefined

        await this.#advanceGeneration(userId, cookieJar)
        if (!keepCurrent) return undefined
        return inner.write(
          cookieJar,
          session,
          (record) => record && this.#addEpoch(cookieJar, record),
        )
      },
    }
  }

  async #load(
    inner: SessionEngine<Data>,
    cookieJar: CookieJar,
    checkDevice?: CheckDevice<Data>,
  ): Promise<LoadResult<Data>> {
    const session = await inner.load(cookieJar)
    const { record } = session
    if (record?.authenticated === undefined || (await this.#isNotRevoked(cookieJar, record))) {
      return checkDevice === undefined ? session : checkDevice(cookieJar, session)
    }

    const subject = this.#settings.cookie.name
    emitSessionEvent(this.#settings, cookieJar, {
      type: 'session-rejected',
      reason: 'ended',
      subject,
    })
    return { record: undefined, block: 'ended' }
  }

  async #isNotRevoked(cookieJar: CookieJar, record: SessionRecord<Data>): Promise<boolean> {
    const key = confirmationKey(record)
    if (this.#isConfirmed(key)) return true

    const { mark, generation = 0 } = record
    const query = { id: await sha256(record.id), generation, ...(mark !== undefined && { mark }) }
    let isAllowed = true
    for (const tag of await this.#tagsFor(cookieJar, record)) {
      isAllowed &&= await this.#store.check(
        { ...query, ...(tag !== undefined && { user: tag }) },
        cookieJar,
      )
    }

    this.#confirmations.delete(key)
    if (isAllowed && this.#maxStaleMs > 0) this.#confirm(key)

    return isAllowed
  }

  /**
   * Whether an answer is cached. A negative age does not count, or a clock that was set back would extend the answer.
   */
  #isConfirmed(key: string): boolean {
    const now = this.#settings.clock()
    const confirmation = this.#confirmations.get(key, now)
    return confirmation !== undefined && now >= confirmation.since
  }

  #confirm(key: string): void {
    const since = this.#settings.clock()
    this.#confirmations.put(key, { since, until: since + this.#maxStaleMs }, since)
  }

  /**
   * Returns the user tags whose generations a session depends on. A session without a tag was imported, or created
   * before the strategy had a `revocation`. It belongs to generation 0 of its user under each secret, since an `endAll`
   * may have happened before a rotation of the secrets.
   */
  async #tagsFor(
    cookieJar: CookieJar,
    { tag, data }: SessionRecord<Data>,
  ): Promise<readonly (string | undefined)[]> {
    if (tag !== undefined) return [tag]

    const userId = readUser(this.#settings, data)
    return userId === undefined
      ? [undefined]
      : createUserTags(this.#settings, cookieJar.env, userId)
  }

  async #revoke(cookieJar: CookieJar, record: SessionRecord<Data> | undefined): Promise<void> {
    if (record?.authenticated === undefined) return
    this.#confirmations.delete(confirmationKey(record))

    const { clock, limits } = this.#settings
    // The seal of an imported session may open for longer than the session lives, so it could be imported again.
    const unknownEnd = Math.ceil((clock() + 400 * DAY_MS) / 1000)
    const { sealEnds = record.authenticated === 0 ? unknownEnd : 0 } = record
    const end = Math.max(absoluteEnd(record, limits), sealEnds)
    await this.#store.revoke(await sha256(record.id), end * 1000 - clock(), cookieJar)
  }

  /**
   * Revokes the legacy cookie of the request. It expires in this browser, but copies of it must not be imported either.
   */
  async #revokeLegacy(cookieJar: CookieJar): Promise<void> {
    const { ids, life } = await importIds(this.#settings, cookieJar)
    for (const sessionId of ids) await this.#store.revoke(await sha256(sessionId), life, cookieJar)
  }

  /**
   * Adds the mark, and the user's current generation under the newest secret's tag, to a record that is written now.
   */
  async #addEpoch(cookieJar: CookieJar, record: SessionRecord<Data>): Promise<SessionRecord<Data>> {
    const userId = readUser(this.#settings, record.data)
    const mark =
      this.#store.endMarked && (await readMark(this.#settings, cookieJar.env, record.data))
    const nextRecord = mark === undefined ? record : { ...record, mark }
    if (userId === undefined) return nextRecord

    const [tag = ''] = await createUserTags(this.#settings, cookieJar.env, userId)
    const generation = await this.#store.generation(tag, this.#lifetimeMs, cookieJar)
    return { ...nextRecord, tag, generation }
  }

  async #advanceGeneration(userId: string, context: EndAllContext): Promise<void> {
    const { env } = context
    for (const tag of await createUserTags(this.#settings, env, userId)) {
      await this.#store.advance(tag, this.#lifetimeMs, { env })
    }
    await emitAllEnded(this.#settings, context, userId, 'all')
  }

  #requireUserOption(): void {
    if (this.#settings.user !== undefined) return
    throw new ConfigError([
      { option: 'session.user', problem: 'is needed to find the sessions of a user' },
    ])
  }
}

function confirmationKey({ id, generation = 0 }: SessionRecord<unknown>): string {
  return `${id} ${generation}`
}
