/**
 * Entry point `portcullis/store/d1`: stores sessions in Cloudflare D1. Each verb is one batch of
 * statements at the primary, which D1 runs as one transaction. Applications pass `d1Store()` to
 * `storedSessions`, which calls the verbs, and run `migrate` and `cleanUp` themselves.
 *
 * Wrong options throw `ERR_CONFIG`. Verbs reject with `ERR_STORE_UNAVAILABLE` where D1 does not answer
 * within `timeoutMs`, `ERR_STORE_REFUSED` where it rejects the statements (such as before `migrate`),
 * and `ERR_STORE_TOO_LARGE` for a record over `maxBytes`. Without `cleanUp` the tables grow.
 */
import {
  checkKeys,
  createIssues,
  type Issues,
  optionalListener,
  parseWholeNumber,
  resolveFrom,
} from '../options/index.ts'
import { createStoreBreaker } from '../redis/breaker.ts'
import type { Emit, FromEnv, ProjectEnv } from '../types.ts'
import type {
  AtomicStore,
  Conflict,
  Found,
  Gone,
  Replaced,
  Replacement,
  Row,
  StoreContext,
} from './contract.ts'
import { type BatchSettings, type BatchValues, callBatch, createStrangeAnswer } from './d1/call.ts'
import type { D1Answer, D1Database } from './d1/platform.ts'
import { compileStatements, createTables, type Statements } from './d1/statements.ts'
import { validateBounds, validateSize } from './size.ts'

/** Options of {@link d1Store}. Absent = default. */
export interface D1StoreOptions<E = ProjectEnv> {
  /** The D1 binding: `(c) => c.env.DB`. All statements run at its primary. */
  readonly database: FromEnv<D1Database, E>
  /** The prefix of the tables' names: small letters, digits and `_`. Default `portcullis_`. */
  readonly prefix?: string
  /** Milliseconds for one verb, a second try included. Default 1000, at most 30,000. */
  readonly timeoutMs?: number
  /** Sessions one user may have. Default 100, at most 1,000; the oldest go first. */
  readonly maxPerUser?: number
  /**
   * Bytes a record may have. Default 32,768, at most 1,000,000. A longer one is `ERR_STORE_TOO_LARGE`, before it is
   * sent.
   */
  readonly maxBytes?: number
  /** Receives `store-unavailable` and `store-refused`, each with a reason. Holds no key or record. */
  readonly onEvent?: Emit
}

/** A store in D1, with functions that maintain its tables. */
export interface D1Store extends AtomicStore {
  /** Creates the tables that are missing. Run it before each deployment of a new version. */
  migrate(context?: StoreContext): Promise<void>
  /**
   * Deletes expired rows, at most 1,000 of each table, and resolves with the larger of the two numbers of deleted rows.
   * Run it every few minutes; only the size of the tables depends on it.
   */
  cleanUp(context?: StoreContext): Promise<number>
}

const keys: ReadonlyArray<keyof D1StoreOptions> = [
  'database',
  'prefix',
  'timeoutMs',
  'maxPerUser',
  'maxBytes',
  'onEvent',
]
const rowsAtOnce = 1_000

/**
 * Returns the statements of {@link D1Store.migrate}, for `wrangler d1 migrations`.
 *
 * @throws {ConfigError} `ERR_CONFIG` for a prefix that is not a plain name
 * @example
 * console.log(d1Statements().join(';\n'))
 */
export function d1Statements(options: { readonly prefix?: string } = {}): string[] {
  const issues = createIssues('d1Statements')
  checkKeys(issues, options, ['prefix'])
  const prefix = validatePrefix(options?.prefix, issues)
  issues.throwIfAny()
  return createTables(prefix)
}

/**
 * Creates an atomic store in D1, which sees only digests and encrypted text. Verbs reject with `ERR_STORE_UNAVAILABLE`
 * or
 * `ERR_STORE_REFUSED`; `create`, `replace` and `rotate` also with `ERR_STORE_TOO_LARGE`.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 * @example
 * const store = d1Store({ database: (c) => c.env.DB })
 */
export function d1Store<E = ProjectEnv>(options: D1StoreOptions<E>): D1Store {
  const issues = createIssues('d1Store')
  checkKeys(issues, options, keys)
  const values = { ...options } as Partial<D1StoreOptions<never>>
  const prefix = validatePrefix(values.prefix, issues)
  const settings: BatchSettings = {
    readDatabase: resolveFrom(issues, 'database', values.database, validateDatabase),
    timeoutMs:
      parseWholeNumber(issues, 'timeoutMs', values.timeoutMs, {
        min: 10,
        max: 30_000,
        unit: 'milliseconds',
      }) ?? 1000,
    emit: optionalListener(issues, 'onEvent', values.onEvent) ?? (() => {}),
    breaker: createStoreBreaker(),
  }
  const bounds = validateBounds(values, issues)
  issues.throwIfAny()

  const statements = compileStatements(prefix)
  // Maintenance has its own breaker: a clean-up that takes too long must not make requests fail.
  const upkeep = { ...settings, timeoutMs: 30_000, breaker: createStoreBreaker() }
  return {
    check: (env) => void settings.readDatabase(env),
    ...createVerbs(settings, statements, bounds),
    async migrate({ env } = {}) {
      const tables = createTables(prefix).map((text) => ({ text, names: [] }))
      await callBatch(upkeep, { name: 'migrate', batch: tables }, env)
    },
    async cleanUp({ env } = {}) {
      const batch = { name: 'cleanUp', batch: statements.cleanUp, values: { most: rowsAtOnce } }
      return Math.max(...(await callBatch(upkeep, batch, env)).map(readChanges))
    },
  }
}

function createVerbs(
  settings: BatchSettings,
  statements: Statements,
  { maxPerUser, maxBytes }: { readonly maxPerUser: number; readonly maxBytes: number },
): AtomicStore {
  const call = (
    name: keyof Statements,
    values: BatchValues,
    { env }: StoreContext,
  ): Promise<readonly D1Answer[]> =>
    callBatch(settings, { name, batch: statements[name], values }, env)

  /** Collects the values of a new row. A record that is too long throws before anything is sent. */
  function rowValues({ key, index, now, idle, end, record, write }: Row): BatchValues {
    validateSize(record, maxBytes)
    return { key, index, now, idle, end, record, write, most: maxPerUser }
  }

  return {
    async create(row, context) {
      const { standing } = readLast(await call('create', rowValues(row), context))
      return { is: standing === 'ours' ? 'ok' : 'taken' }
    },
    async read({ key, index, mark }, { now, idle, slice }, context) {
      const values = { key, index, mark, now, idle, slice }
      return toAnswer(readLast(await call('read', values, context)))
    },
    async replace({ mark, ...row }, ifVersion, context): Promise<Replaced> {
      const values = { ...rowValues(row), mark, version: ifVersion }
      const last = readLast(await call('replace', values, context))
      const answer = toAnswer(last)

      if (answer.is !== 'found') return answer
      return typeof last.made === 'string' ? { is: 'ok', version: last.made } : toConflict(answer)
    },
    async rotate(old, next, { ifVersion, grace }, context) {
      const { key, index: list, mark } = old
      const values = { ...rowValues(next), old: key, list, mark, version: ifVersion, grace }
      const last = readLast(await call('rotate', values, context))
      if (last.standing === 'ours') return { is: 'ok' }
      if (last.standing === 'used') return { is: 'ended' }

      const answer = toAnswer(last)
      return answer.is === 'found' ? toConflict(answer) : answer
    },
    async readReplaced({ key }, context): Promise<Replacement | undefined> {
      const [row] = readRows((await call('replaced', { key }, context))[0])
      if (row === undefined) return undefined

      const session = toFound(row)

      return typeof row.by === 'string' ? { ...session, by: row.by } : session
    },
    async end({ key, index }, grace, context, write = crypto.randomUUID()) {
      return readAnswer(await call('end', { key, index, grace, write }, context)) === 1
    },
    async endMarked(mark, { life, once, write = crypto.randomUUID() }, context) {
      const key = once?.id ?? mark
      const values = { mark, life, once: once?.id, remember: once?.life, key, write }
      return readAnswer(await call('endMarked', values, context)) === 1
    },
    async list(index, context) {
      return readRows((await call('list', { index }, context))[0]).map(toFound)
    },
    async endAll(index, keep, context, write = crypto.randomUUID()) {
      const values = { key: index, index, keep: keep?.key, write }
      return readAnswer(await call('endAll', values, context))
    },
  }
}

type ResultRow = Readonly<Record<string, unknown>>

function readRows(answer: D1Answer | undefined): readonly ResultRow[] {
  if (!Array.isArray(answer?.results)) throw createStrangeAnswer()
  return answer.results
}

/**
 * Returns how many rows a statement changed. A missing number is an error: as 0 it would end a caller's clean-up loop.
 */
function readChanges(answer: D1Answer | null): number {
  const changes = answer?.meta?.changes
  if (typeof changes !== 'number') throw createStrangeAnswer()
  return changes
}

/** Returns the one row of the last statement, which holds the outcome of the batch. */
function readLast(answers: readonly D1Answer[]): ResultRow {
  const [row] = readRows(answers.at(-1))
  if (row === undefined) throw createStrangeAnswer()
  return row
}

/** Reads the answer that a call remembers: how many sessions it ended. */
function readAnswer(answers: readonly D1Answer[]): number {
  return Number(readRows(answers.at(-1))[0]?.value ?? 0)
}

function toAnswer(row: ResultRow): Found | Gone {
  const { is } = row
  if (is === 'none' || is === 'expired' || is === 'ended') return { is }
  if (is !== 'found') throw createStrangeAnswer()
  return toFound(row)
}

function toFound(row: ResultRow): Found {
  const { version, record } = row
  if (typeof version !== 'string' || typeof record !== 'string') throw createStrangeAnswer()

  return { is: 'found', version, record, seen: Number(row.seen), end: Number(row.end) }
}

function toConflict(session: Found): Conflict {
  return { ...session, is: 'conflict' }
}

function validateDatabase(value: D1Database, issues: Issues): D1Database {
  if (typeof value?.withSession !== 'function')
    issues.add('', 'must be the binding of a D1 database, which has withSession')
  return value
}

function validatePrefix(value: string | undefined, issues: Issues): string {
  if (value === undefined) return 'portcullis_'
  if (typeof value === 'string' && /^[a-z][a-z0-9_]{0,31}$/.test(value) && !/^sqlite_/.test(value))
    return value
  issues.add('prefix', 'must be 1 to 32 lower-case letters, digits and _, starting with a letter')
  return 'portcullis_'
}

export type { D1Answer, D1Client, D1Database, D1Statement } from './d1/platform.ts'
