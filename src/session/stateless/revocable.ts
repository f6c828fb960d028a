/** Stateless sessions that can be ended: each signed-in read asks whether it still may be one. */
import { sha256 } from '../../crypto/digest.ts'
import { ConfigError } from '../../errors.ts'
import type { Issues } from '../../options/issues.ts'
import { checkKeys } from '../../options/keys.ts'
import { wholeNumber } from '../../options/values.ts'
import type { RevocationStore } from '../../store/revocations.ts'
import type { CookieJar } from '../../types.ts'
import type { LoadResult, SessionEngine } from '../core/engine.ts'
import { unmarkable } from '../core/errors.ts'
import { absoluteEnd } from '../core/lifetimes.ts'
import { isObject, type SessionRecord } from '../core/record.ts'
import type { SessionSettings } from '../core/settings.ts'
import { createUserTags, endTags, markTags, readMark } from '../core/tags.ts'
import type { EndMarkedArgs } from '../core/types.ts'
import { importIds } from '../legacy/import.ts'
import type { RevocationOptions } from './options.ts'

/** What is known of revocations of one strategy. */
export interface Revocations<Data> {
  /** The engine, asking and telling the store. */
  engine(inner: SessionEngine<Data>): SessionEngine<Data>
  /** Ends every session of a user. */
  endAll(user: string, env: unknown): Promise<void>
  /** Ends every session with a mark; false where the message came before. */
  endMarked(args: EndMarkedArgs): Promise<boolean>
}

/** How many positive answers an isolate remembers. */
const MAX_REMEMBERED = 10_000
const DAY = 86_400_000

/** What {@link revocable} makes, for the option `revocation` of stateless sessions. */
export interface Revocation {
  /** Judges it for one strategy, with the faults of that strategy. */
  start<Data extends object>(settings: SessionSettings<Data>, issues: Issues): Revocations<Data>
}

/**
 * Makes the option `revocation` of stateless sessions: ended ones are remembered in a store, and each signed-in read asks it.
 * It is judged by `statelessSessions`, together with everything else.
 */
export function revocable(options: RevocationOptions): Revocation {
  return {
    start(settings, issues) {
      validateOptions(options, issues)
      return createRevocations(settings, isObject(options) ? options : ({} as RevocationOptions))
    },
  }
}

function validateOptions(value: unknown, issues: Issues): void {
  checkKeys(issues, value, ['store', 'maxStale'])
  const { store, maxStale } = (isObject(value) ? value : {}) as Partial<RevocationOptions>
  const verbs: readonly (keyof RevocationStore)[] = ['check', 'revoke', 'generation', 'advance']
  if (!verbs.every((verb) => typeof store?.[verb] === 'function')) {
    issues.add(
      'store',
      'must be made by memoryRevocations() or upstashRevocations(), or have their verbs',
    )
  }
  wholeNumber(issues, 'maxStale', maxStale, 0, { min: 0, max: 3600, unit: 'seconds' })
}

/** Puts revocation around a stateless engine. A store that cannot be asked fails the request, not the session. */
function createRevocations<Data extends object>(
  settings: SessionSettings<Data>,
  { store, maxStale = 0 }: RevocationOptions,
): Revocations<Data> {
  const { clock, limits, user } = settings
  // A generation outlives every session that was made under it, and every legacy seal that could still be imported.
  const longest = Math.max(limits.maxAge * 1000 + DAY, settings.legacy.length > 0 ? 401 * DAY : 0)
  const live = new Map<string, number>()

  /**
   * The tags whose generations a session depends on. One that carries none was imported, or made before there was a
   * `revocation`: it belongs to generation 0 of its user, under each secret, since an `endAll` may be older than a rotation.
   */
  async function tagsFor(
    jar: CookieJar,
    { tag, data }: SessionRecord<Data>,
  ): Promise<readonly (string | undefined)[]> {
    if (tag !== undefined) return [tag]
    const name = data && user?.(data)
    return name === undefined ? [undefined] : createUserTags(settings, jar.env, name)
  }

  async function isNotRevoked(jar: CookieJar, record: SessionRecord<Data>): Promise<boolean> {
    const { generation = 0 } = record
    const known = `${record.id} ${generation}`
    // A clock that went back would let a session that was ended since go on for as long.
    const age = clock() - (live.get(known) ?? Number.POSITIVE_INFINITY)
    if (maxStale > 0 && age >= 0 && age < maxStale * 1000) return true

    const { mark } = record
    const claim = {
      id: await sha256(record.id),
      generation,
      ...(mark !== undefined && { mark }),
    }
    let may = true
    for (const tag of await tagsFor(jar, record)) {
      may &&= await store.check({ ...claim, ...(tag !== undefined && { user: tag }) }, jar)
    }

    live.delete(known)
    if (may && maxStale > 0) {
      const [oldest] = live.keys()
      if (live.size >= MAX_REMEMBERED && oldest !== undefined) live.delete(oldest)
      live.set(known, clock())
    }
    return may
  }

  async function revoke(jar: CookieJar, record: SessionRecord<Data> | undefined): Promise<void> {
    if (record?.authenticated === undefined) return
    live.delete(`${record.id} ${record.generation ?? 0}`)
    // An import was made of a seal that may open for longer than the session lives, and would come back by it.
    const { sealEnds = record.authenticated === 0 ? Math.ceil((clock() + 400 * DAY) / 1000) : 0 } =
      record
    const end = Math.max(absoluteEnd(record, limits), sealEnds)
    await store.revoke(await sha256(record.id), end * 1000 - clock(), jar)
  }

  /** Also the legacy cookie that came beside: the browser loses it, but a copy of it must not be imported any more. */
  async function revokeLegacy(jar: CookieJar): Promise<void> {
    const { ids, life } = await importIds(settings, jar)
    for (const id of ids) await store.revoke(await sha256(id), life, jar)
  }

  /** The generation under the newest secret's tag, for a session that is made or made again now. */
  async function addRevocationMark(
    jar: CookieJar,
    record: SessionRecord<Data>,
  ): Promise<SessionRecord<Data>> {
    const name = record.data && user?.(record.data)
    const mark = store.endMarked && (await readMark(settings, jar.env, record.data))
    const next = mark === undefined ? record : { ...record, mark }
    if (name === undefined) return next
    const [tag = ''] = await createUserTags(settings, jar.env, name)
    return { ...next, tag, generation: await store.generation(tag, longest, jar) }
  }

  async function advanceGeneration(name: string, env: unknown): Promise<void> {
    for (const tag of await createUserTags(settings, env, name))
      await store.advance(tag, longest, { env })
    settings.emit?.({ type: 'sessions-ended', reason: 'all' })
  }

  function requireUserOption(): void {
    if (user !== undefined) return
    throw new ConfigError([
      { option: 'session.user', problem: 'is needed to tell whose sessions there are' },
    ])
  }

  return {
    async endAll(name, env) {
      requireUserOption()
      await advanceGeneration(name, env)
    },
    async endMarked({ mark, once, env }) {
      if (settings.mark === undefined) throw unmarkable('mark')
      if (store.endMarked === undefined) throw unmarkable('store')

      const end = (tag: string, message: typeof once): Promise<boolean> | undefined =>
        store.endMarked?.(tag, { life: longest, ...(message && { once: message }) }, { env })
      return endTags(await markTags(settings, env, mark), once, end, settings.emit)
    },
    engine: (inner) => ({
      ...inner,
      async load(jar): Promise<LoadResult<Data>> {
        const loaded = await inner.load(jar)
        const { record } = loaded
        if (record?.authenticated === undefined || (await isNotRevoked(jar, record))) return loaded
        settings.emit?.({
          type: 'session-rejected',
          reason: 'ended',
          subject: settings.cookie.name,
        })
        return { record: undefined, block: 'ended' }
      },
      async start(jar, loaded, make, keeps) {
        await revoke(jar, loaded.record)
        await revokeLegacy(jar)
        return inner.start(
          jar,
          loaded,
          async (old) => addRevocationMark(jar, await make(old)),
          keeps,
        )
      },
      async end(jar, loaded, issued) {
        const written = await inner.end(jar, loaded, issued)
        try {
          await revoke(jar, (loaded ?? (await inner.load(jar))).record)
          await revokeLegacy(jar)
          return written
        } catch (failure) {
          settings.emit?.({ type: 'session-end-incomplete' })
          return { ...written, failure }
        }
      },
      async endAll(jar, loaded, keepCurrent) {
        requireUserOption()
        const name = loaded.record?.data && user?.(loaded.record.data)
        if (name === undefined) return undefined
        await advanceGeneration(name, jar.env)
        if (!keepCurrent) return undefined
        return inner.write(jar, loaded, (record) => record && addRevocationMark(jar, record))
      },
    }),
  }
}
