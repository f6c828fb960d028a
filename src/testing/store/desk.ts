/**
 * Creates the tools of one test of the store contract: new keys, rows with default values, the
 * store's methods with their usual arguments, and a clock. `storeContract()` creates one for each
 * test, and all its tests use it. It rejects as the store does.
 */
import type {
  Conflict,
  Found,
  Gone,
  ReadAt,
  Ref,
  Replaced,
  Replacement,
  Rotated,
  Row,
} from '../../store/contract.ts'
import type { EndMarkedOptions } from '../../store/mark-types.ts'
import type { StoreUnderTest } from './contract.ts'

export const seconds = 1_000
export const minutes: number = 60 * seconds
export const hours: number = 60 * minutes
/** The default times of the tests, in ms. */
export const defaults: {
  readonly life: number
  readonly idle: number
  readonly slice: number
  readonly grace: number
} = {
  life: 8 * hours,
  idle: 10 * minutes,
  slice: minutes,
  grace: 60 * seconds,
}

/** The store's methods in a short form. A time that is absent is the current time. */
export interface StoreTestContext {
  readonly maxPerUser: number
  now(): number
  pass(ms: number): Promise<void>
  /** Returns a reference to a session that does not exist yet. */
  ref(index?: string): Ref
  /** Returns the name of a list that has no members yet. */
  index(): string
  /** Returns the row of a session, with a new write id. */
  row(ref: Ref, more?: Partial<Row>): Row
  create(ref: Ref, more?: Partial<Row>): Promise<'ok' | 'taken'>
  read(ref: Ref, at?: Partial<ReadAt>): Promise<Found | Gone>
  replace(ref: Ref, version: string, more?: Partial<Row>): Promise<Replaced>
  rotate(old: Ref, next: Row, ifVersion?: string, grace?: number): Promise<Rotated>
  end(ref: Ref, grace?: number, write?: string): Promise<boolean>
  list(index: string): Promise<Found[]>
  endAll(index: string, keep?: Ref, write?: string): Promise<number>
  /** Whether the store has the optional method `endMarked`. */
  readonly hasMarks: boolean
  endMarked(mark: string, options?: Partial<EndMarkedOptions>): Promise<boolean | undefined>
  /** The id of a write that was not there yet. */
  write(): string
  /** Calls the optional method; returns `without` where the store does not have it. */
  readReplaced(ref: Ref, without: Replacement | undefined): Promise<Replacement | undefined>
  /** Reads a session and returns only the kind of the result. */
  standing(ref: Ref): Promise<'found' | Gone['is']>
  /** Returns the record of a session, or undefined. */
  record(ref: Ref): Promise<string | undefined>
}

/** Creates the tools for a store. */
export function createStoreTestContext({
  store,
  now,
  elapse,
  context = {},
  maxPerUser = 100,
}: StoreUnderTest): StoreTestContext {
  const row = (ref: Ref, more: Partial<Row> = {}): Row => {
    const nowMs = more.now ?? now()
    return {
      ...ref,
      record: 'a record',
      end: nowMs + defaults.life,
      now: nowMs,
      idle: defaults.idle,
      write: randomText(8),
      ...more,
    }
  }

  const read = (ref: Ref, at: Partial<ReadAt> = {}): Promise<Found | Gone> =>
    store.read(ref, { now: now(), idle: defaults.idle, slice: defaults.slice, ...at }, context)
  return {
    maxPerUser,
    now: () => now(),
    async pass(ms) {
      await elapse(ms)
    },
    ref: (index) => ({ key: randomText(32), ...(index !== undefined && { index }) }),
    index: () => randomText(16),
    row,
    create: async (ref, more) => (await store.create(row(ref, more), context)).is,
    read,
    replace: (ref, version, more) => store.replace(row(ref, more), version, context),
    rotate: (old, next, ifVersion, grace = defaults.grace) =>
      store.rotate(old, next, { grace, ...(ifVersion !== undefined && { ifVersion }) }, context),
    end: (ref, grace = defaults.grace, write = undefined) =>
      store.end(ref, grace, context, ...(write === undefined ? [] : [write])),
    list: (index) => store.list(index, context),
    endAll: (index, keep, write) =>
      store.endAll(index, keep, context, ...(write === undefined ? [] : [write])),
    hasMarks: store.endMarked !== undefined,
    endMarked: async (mark, options) =>
      store.endMarked?.(mark, { life: defaults.life, ...options }, context),
    write: () => randomText(8),
    readReplaced: async (ref, without) =>
      store.readReplaced === undefined ? without : store.readReplaced(ref, context),
    standing: async (ref) => (await read(ref)).is,
    async record(ref) {
      const answer = await read(ref)
      return answer.is === 'found' ? answer.record : undefined
    },
  }
}

/** Returns the expected result of a write when another write came first. */
export function expectedConflict(
  row: Row,
  version: string,
  more: Partial<Conflict> = {},
): Conflict {
  return { is: 'conflict', version, record: row.record, seen: row.now, end: row.end, ...more }
}

/** Returns the expected result of reading. */
export function expectedFound(row: Row, version: string, more: Partial<Found> = {}): Found {
  return { is: 'found', version, record: row.record, seen: row.now, end: row.end, ...more }
}

function randomText(bytes: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}
