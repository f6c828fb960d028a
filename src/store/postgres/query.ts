/**
 * Calls a function in Postgres within a time limit, and translates the errors of a driver.
 * `postgres.ts` calls `callFunction` for each verb and `sendStatement` for the migration.
 *
 * It throws a `StoreError`: `ERR_STORE_UNAVAILABLE` for the network, the time limit, an open breaker and
 * temporary errors of Postgres, `ERR_STORE_REFUSED` for errors that last until somebody acts, such as
 * missing functions, and for an answer of another form. A call that failed with the former is sent once
 * more, and up to 20 times after a conflict of transactions.
 */
import { StoreError } from '../../redis/failure.ts'
import { type GuardSettings, guardCall } from '../calls/guarded-call.ts'
import { sendWithRetry } from '../calls/send-with-retry.ts'
import type { StoreContext } from '../contract.ts'
import { quoteName } from './define.ts'

/**
 * Runs one statement with its values: `pool.query` of `pg`, the `query` of Neon's HTTP driver, or any other function
 * that resolves with rows or with `{ rows }`. The third argument holds the environment of the request.
 */
export type PostgresQuery = (
  text: string,
  values: Array<string | null>,
  context: StoreContext,
) => Promise<unknown>

/** Settings that every call shares. */
export interface CallSettings extends GuardSettings {
  readonly query: PostgresQuery
  readonly schema: string
  readonly timeoutMs: number
}

/** One call of a function: its name and its arguments, in the order that the function has them. */
export interface FunctionCall {
  readonly name: string
  readonly args: ReadonlyArray<string | number | null | undefined>
}

/** Milliseconds before another try, long enough for another transaction to end. */
const pauseMs = 20
/** Most repetitions after a conflict of transactions, with which Postgres says that it changed nothing. */
const maxConflicts = 20

/**
 * Calls a function and parses its answer. A call whose answer was lost is sent once more, with the same id of its
 * write.
 *
 * @throws {StoreError}
 */
export async function callFunction(
  settings: CallSettings,
  { name, args }: FunctionCall,
  context: StoreContext,
): Promise<unknown> {
  const places = args.map((_, index) => `$${index + 1}`).join(', ')
  const text = `SELECT ${quoteName(settings.schema)}.${name}(${places}) AS reply`
  const values = args.map(encodeValue)
  const urgent = name.startsWith('session_end')
  return guardCall(settings, { subject: name, store: 'postgres', urgent }, async () =>
    decodeReply(await sendStatement(settings, { text, values }, context)),
  )
}

/** Sends a statement until it is answered, or fails in a way that another try would not change. */
export function sendStatement(
  { query, timeoutMs }: Pick<CallSettings, 'query' | 'timeoutMs'>,
  { text, values }: { readonly text: string; readonly values: Array<string | null> },
  context: StoreContext,
): Promise<unknown> {
  const policy = { timeoutMs, pauseMs, maxConflicts, createFailure, createUnavailable }
  return sendWithRetry(() => query(text, values, context), policy)
}

/** Classes of SQLSTATE for temporary errors: connection, resources, operator intervention, system. */
const temporaryClasses: ReadonlySet<string> = new Set(['08', '53', '57', '58', 'XX'])
/** SQLSTATEs of a conflict: nothing was changed, and the same statement may succeed. */
const conflictCodes: ReadonlySet<string> = new Set(['40001', '40P01', '55P03'])
/** Problems that an operator has to solve, as dashed words. */
const refusals: ReadonlyMap<string, string> = new Map([
  ['3F000', 'not-migrated'],
  ['42P01', 'not-migrated'],
  ['42883', 'not-migrated'],
  ['42501', 'no-permission'],
  ['25006', 'read-only'],
  ['28000', 'unauthorized'],
  ['28P01', 'unauthorized'],
  ['3D000', 'no-database'],
])

/**
 * Classifies an error of a driver. The text of the error is dropped, since it may quote keys, values, address or
 * password.
 *
 * @see PostgreSQL, appendix A: error codes are five characters, of which the first two name a class
 */
function createFailure(error: unknown): StoreError {
  if (error instanceof StoreError) return error
  const { code } = (error ?? {}) as { code?: unknown }
  if (typeof code !== 'string' || !isSqlState(code)) return createUnavailable('network')
  if (conflictCodes.has(code)) return createUnavailable('conflict')
  if (temporaryClasses.has(code.slice(0, 2))) return createUnavailable(`sql-${code.toLowerCase()}`)
  return createRefused(refusals.get(code) ?? `sql-${code.toLowerCase()}`)
}

/** Whether a code is an SQLSTATE. They all contain a digit, unlike codes of sockets such as `EPIPE`. */
function isSqlState(code: string): boolean {
  return /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code)
}

function createUnavailable(reason: string): StoreError {
  return new StoreError('ERR_STORE_UNAVAILABLE', reason, `Postgres is not available (${reason})`)
}

function createRefused(reason: string): StoreError {
  const cure = reason === 'not-migrated' ? '; run migrate() of the store once' : ''
  return new StoreError(
    'ERR_STORE_REFUSED',
    reason,
    `Postgres refused the statement (${reason})${cure}`,
  )
}

/**
 * Escapes NUL, which Postgres cannot store in text, as `\0`, and a backslash as two. Sealed records contain neither.
 */
function encodeValue(value: string | number | null | undefined): string | null {
  if (value === undefined || value === null) return null
  return `${value}`.replace(/[\\\0]/g, (character) => (character === '\0' ? '\\0' : '\\\\'))
}

/** Reads the one value of the one row. Some drivers return rows as lists of values. */
function decodeReply(result: unknown): unknown {
  const rows = Array.isArray(result) ? result : (result as { rows?: unknown } | undefined)?.rows
  const row: unknown = Array.isArray(rows) ? rows[0] : undefined
  const reply = Array.isArray(row) ? row[0] : (row as { reply?: unknown } | undefined)?.reply
  if (typeof reply !== 'string') throw createRefused('strange-answer')
  try {
    return decodeTexts(JSON.parse(reply))
  } catch {
    throw createRefused('strange-answer')
  }
}

function decodeTexts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decodeTexts)
  if (typeof value !== 'string' || !value.includes('\\')) return value
  return value.replace(/\\([\\0])/g, (_, escaped) => (escaped === '0' ? '\0' : '\\'))
}
