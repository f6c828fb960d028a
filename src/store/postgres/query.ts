/**
 * Calls a function in Postgres within a time limit, and translates what goes wrong. `postgres.ts`
 * calls it for each verb. It throws a `StoreError`.
 */
import { StoreError } from '../../redis/failure.ts'
import { type GuardSettings, guardCall } from '../calls/guarded-call.ts'
import { sendWithRetry } from '../calls/send-with-retry.ts'
import type { StoreContext } from '../contract.ts'

/**
 * Runs one statement with its values: `pool.query` of `pg`, the `query` of Neon's HTTP driver, or anything
 * else that answers with rows or with `{ rows }`. The third argument holds the environment of the request.
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

/** Before another try: long enough for another transaction to end. */
const pauseMs = 20
/** Tries after a conflict of transactions, which says that nothing was done. */
const maxConflicts = 20

/**
 * Calls a function and parses its answer. A statement whose answer was lost is sent once more, with the same
 * id of its write.
 *
 * @throws {StoreError}
 */
export async function callFunction(
  settings: CallSettings,
  { name, args }: FunctionCall,
  context: StoreContext,
): Promise<unknown> {
  const places = args.map((_, index) => `$${index + 1}`).join(', ')
  const text = `SELECT ${settings.schema}.${name}(${places}) AS reply`
  const values = args.map(encodeValue)
  const urgent = name.startsWith('session_end')
  return guardCall(settings, { subject: name, store: 'postgres', urgent }, async () =>
    decodeReply(await sendStatement(settings, { text, values }, context)),
  )
}

/** Sends a statement until it has an answer or a failure that another try would not cure. */
export function sendStatement(
  { query, timeoutMs }: Pick<CallSettings, 'query' | 'timeoutMs'>,
  { text, values }: { readonly text: string; readonly values: Array<string | null> },
  context: StoreContext,
): Promise<unknown> {
  const policy = { timeoutMs, pauseMs, maxConflicts, createFailure, createUnavailable }
  return sendWithRetry(() => query(text, values, context), policy)
}

/** Classes of SQLSTATE that pass by themselves: connection, resources, operator intervention, system. */
const temporaryClasses: ReadonlySet<string> = new Set(['08', '53', '57', '58', 'XX'])
/** Nothing was done, and the same statement may succeed. */
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
 * Classifies an error of a driver. Its text is not kept: it may quote keys, values, address or password.
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

/** Every SQLSTATE that Postgres has holds a digit. Codes of sockets do not: `EPIPE` has five characters too. */
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

/** Postgres keeps no NUL in a text: it travels as `\0`, and a backslash as two. Sealed records hold neither. */
function encodeValue(value: string | number | null | undefined): string | null {
  if (value === undefined || value === null) return null
  return `${value}`.replace(/[\\\0]/g, (character) => (character === '\0' ? '\\0' : '\\\\'))
}

/** Reads the one value of the one row, which some drivers return as a list. */
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
