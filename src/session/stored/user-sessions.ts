/** All sessions of one user: listed, ended one by one or all at once. */
import { ConfigError } from '../../errors.ts'
import type { Ref } from '../../store/contract.ts'
import { idDigest } from '../core/events.ts'
import { createInfo } from '../core/info.ts'
import { checkLifetimes } from '../core/lifetimes.ts'
import type { SessionRecord } from '../core/record.ts'
import type { SessionSettings } from '../core/settings.ts'
import { createUserTags } from '../core/tags.ts'
import type { SessionInfo } from '../core/types.ts'
import { endImports } from './legacy.ts'
import { openRow } from './record.ts'
import type { UsedStore } from './resolve-store.ts'

/** Verbs over the sessions of a user, by the user's name; undefined is nobody, who has none. */
export interface UserSessions {
  /** Those seen last come first. `current`: the key of the session that asks, to mark it. */
  list(user: string | undefined, env: unknown, current?: string): Promise<SessionInfo[]>
  /** Ends the one whose digest is given. */
  endOne(user: string | undefined, env: unknown, id: string): Promise<boolean>
  /** Ends all but `keep`, and says how many there were. */
  endAll(user: string | undefined, env: unknown, keep?: Ref): Promise<number>
}

/** A session of a user, and where it is. */
interface LiveSession<Data> {
  readonly ref: Ref
  readonly record: SessionRecord<Data>
}

/** For how long an ended session's key says so, in milliseconds: longer than a request is on its way. */
export const GRACE = 60_000

/** Walks the tag of every secret in the ring: sessions made before a rotation are found under an older one. */
export function createUserSessions<Data extends object>(
  settings: SessionSettings<Data>,
  store: UsedStore,
): UserSessions {
  const { limits, clock } = settings

  async function listLive(user: string | undefined, env: unknown): Promise<LiveSession<Data>[]> {
    requireUserOption()
    if (!user) return []
    const all: LiveSession<Data>[] = []
    const now = Math.floor(clock() / 1000)
    for (const index of await createUserTags(settings, env, user)) {
      for (const found of await store.list(index, { env })) {
        // A list does not say under which key a row lies; the sealed record does, and its seal is the proof.
        const record = await openRow<Data>(settings, env, { index }, found)
        if (typeof record !== 'string' && checkLifetimes(record, limits, now) === 'alive') {
          all.push({ ref: { key: record.id, index }, record })
        }
      }
    }
    return all
  }

  function requireUserOption(): void {
    if (settings.user !== undefined && store.atomic) return
    const option = store.atomic ? 'user' : 'store'
    const problem = store.atomic
      ? 'is needed to tell whose sessions there are'
      : 'has only get, set and delete: it has no lists'
    throw new ConfigError([{ option: `session.${option}`, problem }])
  }

  return {
    async list(user, env, current) {
      const { ring } = settings.keys(env)
      const sessions = await listLive(user, env)
      const all = await Promise.all(
        sessions.map(async ({ record }) => ({
          ...createInfo(record, limits, await idDigest(ring, record.id)),
          ...(current !== undefined && { current: record.id === current }),
        })),
      )
      return all.sort((a, b) => b.seenAt - a.seenAt)
    },
    async endOne(user, env, id) {
      const { ring } = settings.keys(env)
      for (const { ref, record } of await listLive(user, env)) {
        if ((await idDigest(ring, record.id)) !== id) continue
        const ended = await store.end(ref, GRACE, { env })
        if (ended) settings.emit?.({ type: 'session-ended', session: id, reason: 'ended-by-user' })
        return ended
      }
      return false
    },
    async endAll(user, env, keep) {
      requireUserOption()
      if (!user) return 0
      // First: an import that is on its way looks for the mark once it is listed.
      await endImports(settings, store, env, user)
      let count = 0
      for (const index of await createUserTags(settings, env, user)) {
        count += await store.endAll(index, keep?.index === index ? keep : undefined, { env })
      }
      settings.emit?.({ type: 'sessions-ended', reason: keep === undefined ? 'all' : 'all-others' })
      return count
    },
  }
}
