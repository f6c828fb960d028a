/**
 * Stores sessions in Durable Objects: all sessions of a user in one object, those of visitors spread over
 * `shards` objects. Applications pass `durableObjectStore()` to `storedSessions`, which calls the verbs.
 *
 * Wrong options throw `ERR_CONFIG`. Verbs reject with `ERR_STORE_UNAVAILABLE`, `ERR_STORE_REFUSED` or
 * `ERR_STORE_TOO_LARGE`. A login that moves a session from a visitor's object to the user's takes three
 * calls; if the third fails the verb rejects although the old session has ended, and repeating it
 * completes the login. A mark that ends sessions costs one more call for each read.
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
  /**
   * Bytes a record may have. Default 32,768, at most 1,000,000. A longer one is `ERR_STORE_TOO_LARGE`, before it is
   * sent.
   */
  readonly maxBytes?: number
}

interface StoreParts {
  readonly caller: ObjectCaller
  readonly maxPerUser: number
  readonly maxBytes: number
}

/**
 * Creates an atomic store in SQLite-backed Durable Objects of the class `PortcullisObject`, which see only digests and
 * encrypted text. Verbs reject with `ERR_STORE_UNAVAILABLE` or `ERR_STORE_REFUSED`; `create`, `replace` and `rotate`
 * also with `ERR_STORE_TOO_LARGE`.
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
    async end(ref, grace, { env }, write = crypto.randomUUID()) {
      const call = { name: findObject(caller, ref), verb: 'end', args: [ref, grace], write }
      const answer = await callResolved(parts, env, call)

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
    async endAll(index, keep, { env }, write = crypto.randomUUID()) {
      const args = [index, keep?.key ?? null]
      const call = { name: findObject(caller, { index }), verb: 'endAll', args, write }
      return expectKind<number>(await callResolved(parts, env, call), 'number')
    },
    async endMarked(mark, { life, once, write = crypto.randomUUID() }, { env }) {
      const end = (): Promise<unknown> =>
        caller.call(env, caller.shardName('m', mark), 'endMarked', [mark, life])
      if (once === undefined) return expectKind<boolean>(await end(), 'boolean')

      // The message is remembered last: if a step before fails, the sender can repeat it.
      const name = caller.shardName('m', once.id)
      if ((await caller.call(env, name, 'hasMessage', [once.id, write])) === true) return false
      await end()
      const answer = await caller.call(env, name, 'keepMessage', [once.id, once.life, write])
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

/** Rotates a session: in one step within one object, or in three steps between two objects. */
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
 * Rotates a session between two objects. It prepares the new session, which no read shows yet; ends the old one, which
 * decides the rotation; and confirms the new one. A read that meets the new session before the confirmation asks the
 * old object.
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
    // A failure is ignored: the prepared session is never shown, and expires within a minute.
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
  /** Id of the call. It comes last, where an object of an older deployment does not look. */
  readonly write?: string
}

/** Calls a verb. If the object answers that a rotation is only half written, finishes that rotation and calls the verb again. */
async function callResolved(
  { caller, maxPerUser }: StoreParts,
  env: unknown,
  { name, verb, args, write }: ObjectCall,
): Promise<unknown> {
  const last = write === undefined ? [] : [write]
  const answer = await caller.call(env, name, verb, [...args, false, ...last])
  if (!isPending(answer)) return answer

  for (const half of answer.rows) {
    const committed = await caller.call(env, half.source, 'committed', [half.write])
    if (committed === true) await caller.call(env, name, 'confirm', [half, maxPerUser])
  }
  return caller.call(env, name, verb, [...args, true, ...last])
}

/** Returns the name of the object that stores a session: that of its user, or one of the visitors' objects. */
function findObject(caller: ObjectCaller, ref: Partial<Ref>): string {
  return ref.index === undefined ? caller.shardName('s', ref.key ?? '') : `u:${ref.index}`
}

/** Whether the outside session that a session depends on has ended. */
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
