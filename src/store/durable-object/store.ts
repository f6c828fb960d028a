/**
 * Keeps sessions in Durable Objects: those of a user in one object, those of visitors in one of
 * many. Applications pass `durableObjectStore()` to `storedSessions`. Verbs reject with
 * `ERR_STORE_UNAVAILABLE`, `ERR_STORE_REFUSED` or `ERR_STORE_TOO_LARGE`.
 */
import { createIssues } from '../../options/index.ts'
import type { ProjectEnv } from '../../types.ts'
import type {
  AtomicStore,
  Conflict,
  Found,
  Gone,
  Ref,
  Replaced,
  Replacement,
  Rotated,
  RotateOptions,
  Row,
} from '../contract.ts'
import { validateBounds, validateSize } from '../size.ts'
import {
  createObjectCaller,
  createStrangeAnswer,
  type ObjectCaller,
  type ObjectOptions,
} from './call.ts'
import type { Pending, PendingRow } from './session-rows.ts'

/** Options of {@link durableObjectStore}. */
export interface DurableObjectStoreOptions<E = ProjectEnv> extends ObjectOptions<E> {
  /** Sessions one user may have. Default 100, at most 1,000; the oldest go first. */
  readonly maxPerUser?: number
  /** Bytes a record may have. Default 32,768, at most 1,000,000. A longer one is `ERR_STORE_TOO_LARGE`, before it is sent. */
  readonly maxBytes?: number
}

interface StoreParts {
  readonly caller: ObjectCaller
  readonly maxPerUser: number
  readonly maxBytes: number
}

/**
 * Makes a store in SQLite-backed Durable Objects of the class `PortcullisObject`, with every promise of an
 * atomic store. They see digests and sealed text and no more. Verbs reject with `ERR_STORE_UNAVAILABLE` or
 * `ERR_STORE_REFUSED`; `create`, `replace` and `rotate` also with `ERR_STORE_TOO_LARGE`.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 * @example
 * const store = durableObjectStore({ namespace: (c) => c.env.PORTCULLIS })
 */
export function durableObjectStore<E = ProjectEnv>(
  options: DurableObjectStoreOptions<E>,
): AtomicStore {
  const issues = createIssues('durableObjectStore')
  const caller = createObjectCaller(options, ['maxPerUser', 'maxBytes'], issues)
  const parts: StoreParts = { caller, ...validateBounds(options ?? {}, issues) }
  issues.throwIfAny()

  return {
    check: (env) => caller.check(env),
    ...createRowVerbs(parts),
    ...createUserVerbs(parts),
    rotate: (old, next, rotation, { env }) => rotateSession(parts, { old, next, rotation, env }),
  }
}

type RowVerbs = Pick<AtomicStore, 'create' | 'read' | 'replace' | 'end'>

function createRowVerbs(parts: StoreParts): RowVerbs {
  const { caller, maxPerUser, maxBytes } = parts

  return {
    async create(row, { env }) {
      validateSize(row.record, maxBytes)
      const name = findObject(caller, row)
      const answer = await caller.call(env, name, 'create', [row, maxPerUser])

      return expectAnswer<{ is: 'ok' | 'taken' }>(answer, ['ok', 'taken'])
    },
    async read(ref, at, { env }) {
      const name = findObject(caller, ref)
      const [marked, answer] = await Promise.all([
        isMarked(caller, env, ref),
        callResolved(parts, env, { name, verb: 'read', args: [ref, at] }),
      ])
      if (marked) return { is: 'ended' }
      return expectAnswer<Found | Gone>(answer, ['found', 'none', 'expired', 'ended'])
    },
    async replace(row, ifVersion, { env }) {
      validateSize(row.record, maxBytes)
      if (await isMarked(caller, env, row)) return { is: 'ended' }
      const name = findObject(caller, row)
      const answer = await callResolved(parts, env, {
        name,
        verb: 'replace',
        args: [row, ifVersion],
      })
      return expectAnswer<Replaced>(answer, ['ok', 'conflict', 'none', 'expired', 'ended'])
    },
    async end(ref, grace, { env }) {
      const name = findObject(caller, ref)
      const answer = await callResolved(parts, env, { name, verb: 'end', args: [ref, grace] })

      return expectKind<boolean>(answer, 'boolean')
    },
  }
}

type UserVerbs = Pick<AtomicStore, 'list' | 'endAll' | 'endMarked' | 'readReplaced'>

function createUserVerbs(parts: StoreParts): UserVerbs {
  const { caller } = parts

  return {
    async list(index, { env }) {
      const call = { name: findObject(caller, { index }), verb: 'list', args: [index] }
      const answer = await callResolved(parts, env, call)

      if (!Array.isArray(answer)) throw createStrangeAnswer()

      return answer.map((row) => expectAnswer<Found>(row, ['found']))
    },
    async endAll(index, keep, { env }) {
      const args = [index, keep?.key ?? null]
      const call = { name: findObject(caller, { index }), verb: 'endAll', args }
      return expectKind<number>(await callResolved(parts, env, call), 'number')
    },
    async endMarked(mark, { life, once }, { env }) {
      const end = (): Promise<unknown> =>
        caller.call(env, caller.shardName('m', mark), 'endMarked', [mark, life])
      if (once === undefined) return expectKind<boolean>(await end(), 'boolean')

      // The message is remembered last: whoever sends it again after a failure between is not told that it came.
      const name = caller.shardName('m', once.id)
      if ((await caller.call(env, name, 'hasMessage', [once.id])) === true) return false
      await end()
      const answer = await caller.call(env, name, 'keepMessage', [once.id, once.life])
      return expectKind<boolean>(answer, 'boolean')
    },
    async readReplaced(ref, { env }) {
      const answer = await caller.call(env, findObject(caller, ref), 'readReplaced', [ref.key])
      return answer === null ? undefined : expectAnswer<Replacement>(answer, ['found'])
    },
  }
}

interface Rotation {
  readonly old: Ref
  readonly next: Row
  readonly rotation: RotateOptions
  readonly env: unknown
}

/** Within one object a rotation is one step; between two it is decided in the object of the old session. */
async function rotateSession(parts: StoreParts, given: Rotation): Promise<Rotated> {
  const { old, next, rotation, env } = given
  const { caller, maxPerUser } = parts
  validateSize(next.record, parts.maxBytes)
  if (rotation.ifVersion !== undefined && (await isMarked(caller, env, old))) return { is: 'ended' }

  const [from, to] = [findObject(caller, old), findObject(caller, next)]
  if (from !== to) return rotateBetween(parts, given, { from, to })
  const answer = await caller.call(env, to, 'rotate', [old, next, rotation, maxPerUser])
  return expectAnswer<Rotated>(answer, ['ok', 'conflict', 'none', 'expired', 'ended'])
}

/**
 * Prepares the new session, where nobody sees it; ends the old one, which is the moment at which both
 * happen; confirms the new one. Whoever meets the new session between the last two asks the old object.
 */
async function rotateBetween(
  { caller, maxPerUser }: StoreParts,
  { old, next, rotation, env }: Rotation,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<Rotated> {
  const prepared = await caller.call(env, to, 'prepare', [next, from])
  const { is } = expectAnswer<{ is: 'ready' | 'ok' | 'ended' }>(prepared, ['ready', 'ok', 'ended'])
  if (is !== 'ready') return { is }

  const { key, write, index, now, idle } = next
  const half: PendingRow = { key, write, source: from }
  const by = index === undefined ? {} : { by: index }
  const committed = await caller.call(env, from, 'commit', [
    old,
    { ...rotation, ...by, write, now, idle },
  ])
  const decision = expectAnswer<{ is: 'ok' } | Conflict | Gone>(committed, [
    ...['ok', 'conflict', 'none', 'expired', 'ended'],
  ])
  if (decision.is !== 'ok') {
    // Left alone it is forgotten within a minute, and seen by nobody until then.
    await caller.call(env, to, 'abort', [half]).catch(() => {})
    return decision
  }

  const confirmed = await caller.call(env, to, 'confirm', [half, maxPerUser])
  return expectAnswer<{ is: 'ok' }>(confirmed, ['ok'])
}

interface ObjectCall {
  readonly name: string
  readonly verb: string
  readonly args: readonly unknown[]
}

/** Calls a verb; where it meets halves of rotations, asks what became of them, and calls it again. */
async function callResolved(
  { caller, maxPerUser }: StoreParts,
  env: unknown,
  { name, verb, args }: ObjectCall,
): Promise<unknown> {
  const answer = await caller.call(env, name, verb, [...args, false])
  if (!isPending(answer)) return answer

  for (const half of answer.rows) {
    const committed = await caller.call(env, half.source, 'committed', [half.write])
    if (committed === true) await caller.call(env, name, 'confirm', [half, maxPerUser])
  }
  return caller.call(env, name, verb, [...args, true])
}

/** The object that has a session: the one of its user, or one of the visitors'. */
function findObject(caller: ObjectCaller, ref: Partial<Ref>): string {
  return ref.index === undefined ? caller.shardName('s', ref.key ?? '') : `u:${ref.index}`
}

/** Whether the outside session has ended that a session depends on. */
async function isMarked(caller: ObjectCaller, env: unknown, { mark }: Ref): Promise<boolean> {
  if (mark === undefined) return false
  const name = caller.shardName('m', mark)
  return expectKind<boolean>(await caller.call(env, name, 'isMarked', [mark]), 'boolean')
}

function isPending(answer: unknown): answer is Pending {
  return (answer as Partial<Pending> | null)?.is === 'pending'
}

function expectAnswer<T extends { readonly is: string }>(
  answer: unknown,
  words: readonly string[],
): T {
  if (words.includes((answer as T | null)?.is ?? '')) return answer as T
  throw createStrangeAnswer()
}

function expectKind<T>(answer: unknown, kind: 'boolean' | 'number'): T {
  if (typeof answer === kind) return answer as T
  throw createStrangeAnswer()
}
