/**
 * Lists the sessions of a user, and ends one or all of them. The strategy (`stored/sessions.ts`) calls it for
 * administrators, and `stored/engine.ts` for the user of a request.
 *
 * Without the option `user`, or with a store that has no lists, it throws `ERR_CONFIG`; otherwise it
 * rejects as the store does. An undefined user has no sessions. Rows that do not open are left out of lists
 * silently.
 */
import { ConfigError } from '../../errors.ts'
import type { Ref } from '../../store/contract.ts'
import { describeActor, emitAbout, emitAllEnded, idDigest } from '../core/events.ts'
import { createInfo } from '../core/info.ts'
import { checkLifetimes } from '../core/lifetimes.ts'
import type { SessionRecord } from '../core/record.ts'
import { createUserTags } from '../core/tags.ts'
import type { EndAllContext, SessionInfo } from '../core/types.ts'
import { GRACE_MS, type StoredContext } from './context.ts'
import { endImports } from './legacy.ts'
import { openRow } from './record.ts'

/** The functions on the sessions of a user. An undefined user has no sessions. */
export interface UserSessions {
  /**
   * Lists the sessions, the most recently used first.
   *
   * @param current - key of the calling request's session, to mark it in the list.
   */
  list(userId: string | undefined, env: unknown, current?: string): Promise<SessionInfo[]>
  /** Ends the session whose digest is `sessionId`. Resolves with false if there is none. */
  endOne(userId: string | undefined, caller: EndAllContext, sessionId: string): Promise<boolean>
  /** Ends all sessions except `keep`, and resolves with their number. */
  endAll(userId: string | undefined, caller: EndAllContext, keep?: Ref): Promise<number>
}

/** A session of a user, and its location. */
interface LiveSession<Data> {
  readonly ref: Ref
  readonly record: SessionRecord<Data>
}

/** Creates the functions. They use the tag of every secret, since sessions from before a rotation have an older tag. */
export function createUserSessions<Data extends object>(
  context: StoredContext<Data>,
): UserSessions {
  const { settings, store } = context

  return {
    async list(userId, env, current) {
      const { ring } = settings.keys(env)
      const sessions = await listLive(context, userId, env)
      const infos = await Promise.all(
        sessions.map(async ({ record }) => ({
          ...createInfo(record, settings, await idDigest(ring, record.id)),
          ...(current !== undefined && { current: record.id === current }),
        })),
      )
      return infos.sort((a, b) => b.seenAt - a.seenAt)
    },

    async endOne(userId, caller, sessionId) {
      const { env } = caller
      const { ring } = settings.keys(env)
      for (const { ref, record } of await listLive(context, userId, env)) {
        if ((await idDigest(ring, record.id)) !== sessionId) continue

        const wasAlive = await store.end(ref, GRACE_MS, { env })
        if (wasAlive) {
          const reason = caller.by === undefined ? 'ended-by-user' : `ended-by-${caller.by.actor}`
          const event = { type: 'session-ended', id: record.id, reason } as const
          const actor = await describeActor(ring, caller.by)
          await emitAbout(settings, caller, { ...event, data: record.data, actor })
        }
        return wasAlive
      }
      return false
    },

    async endAll(userId, caller, keep) {
      const { env } = caller
      requireUserLists(context)
      if (!userId) return 0

      // The mark must be set before the list is read, because a parallel import lists its session and then checks the
      // mark.
      await endImports(context, env, userId)
      let count = 0
      for (const index of await createUserTags(settings, env, userId)) {
        count += await store.endAll(index, keep?.index === index ? keep : undefined, { env })
      }
      await emitAllEnded(settings, caller, userId, keep === undefined ? 'all' : 'all-others')
      return count
    },
  }
}

async function listLive<Data extends object>(
  context: StoredContext<Data>,
  userId: string | undefined,
  env: unknown,
): Promise<LiveSession<Data>[]> {
  requireUserLists(context)
  if (!userId) return []

  const { settings, store } = context
  const nowSeconds = Math.floor(settings.clock() / 1000)
  const sessions: LiveSession<Data>[] = []
  for (const index of await createUserTags(settings, env, userId)) {
    for (const row of await store.list(index, { env })) {
      // A list does not return the keys of its rows, but the sealed record contains its key.
      const record = await openRow<Data>(settings, env, { index }, row)
      if (
        typeof record !== 'string' &&
        checkLifetimes(record, settings.limits, nowSeconds) === 'alive'
      ) {
        sessions.push({ ref: { key: record.id, index }, record })
      }
    }
  }
  return sessions
}

/** @throws {ConfigError} `ERR_CONFIG` without the option `user`, or with a store that cannot list */
function requireUserLists<Data>({ settings, store }: StoredContext<Data>): void {
  if (settings.user !== undefined && store.atomic) return

  const issue = store.atomic
    ? { option: 'session.user', problem: 'is needed to find the sessions of a user' }
    : { option: 'session.store', problem: 'has only get, set and delete: it has no lists' }
  throw new ConfigError([issue])
}
