/**
 * Runs a batch of statements in D1 within a time limit, and translates the errors of D1. `d1.ts` calls
 * `callBatch` for each verb and `createStrangeAnswer` for an answer that it does not understand.
 *
 * It throws a `StoreError`: `ERR_STORE_UNAVAILABLE` for the network, overload, the time limit and an open
 * breaker, `ERR_STORE_REFUSED` for errors that last until somebody acts, such as missing tables. A batch
 * that failed with the former is sent once more. A wrong binding throws `ERR_CONFIG`.
 */
import { StoreError } from '../../redis/failure.ts'
import { type GuardSettings, guardCall } from '../calls/guarded-call.ts'
import { sendWithRetry } from '../calls/send-with-retry.ts'
import type { D1Answer, D1Database } from './platform.ts'
import type { Statement } from './statements.ts'

/** Settings that every batch shares. */
export interface BatchSettings extends GuardSettings {
  readonly readDatabase: (env: unknown) => D1Database
  readonly timeoutMs: number
}

/** The values of a batch by name; a value that is absent is sent as null. */
export type BatchValues = Readonly<Record<string, string | number | undefined>>

/** The statements of one verb. */
export interface Batch {
  readonly name: string
  readonly batch: readonly Statement[]
  readonly values?: BatchValues
}

/** Milliseconds before another try, since D1 is unavailable for a moment when it moves a database. */
const pauseMs = 50

/**
 * Runs a batch as one transaction at the primary, because a replica may still show a session that has ended. A batch
 * whose answer was lost is sent once more, with the same id of its write.
 *
 * @throws {StoreError}
 */
export async function callBatch(
  settings: BatchSettings,
  { name, batch, values = {} }: Batch,
  env: unknown,
): Promise<readonly D1Answer[]> {
  // Read outside of the guard: a wrong binding is a configuration error, and must not count as an outage of the store.
  const database = settings.readDatabase(env)

  async function send(): Promise<readonly D1Answer[]> {
    const session = database.withSession('first-primary')

    const statements = batch.map(({ text, names }) =>
      session.prepare(text).bind(...names.map((key) => values[key] ?? null)),
    )
    const answers = await session.batch(statements as never[])

    if (!Array.isArray(answers) || answers.length !== batch.length) throw createStrangeAnswer()
    return answers
  }
  const { timeoutMs } = settings
  // `end`, `endAll` and `endMarked` are sent even while the breaker is open.
  const urgent = name.startsWith('end')

  return guardCall(settings, { subject: name, store: 'd1', urgent }, () =>
    sendWithRetry(send, { timeoutMs, pauseMs, createFailure, createUnavailable }),
  )
}

/** Errors that stay until the operator acts: a part of D1's message, and the reason for the log. */
const refusals: ReadonlyArray<readonly [text: string, reason: string]> = [
  ['no such table', 'not-migrated'],
  ['no such column', 'not-migrated'],
  ['Exceeded maximum DB size', 'full'],
  ['SQLITE_FULL', 'full'],
  ['SQLITE_TOOBIG', 'too-big'],
  ['SQLITE_CONSTRAINT', 'constraint'],
  ['SQLITE_ERROR', 'sql-error'],
]

/** Translates an error of D1. Its text is not kept, because it may quote statements and values. */
function createFailure(error: unknown): StoreError {
  if (error instanceof StoreError) return error
  const { message = '' } = (error ?? {}) as { message?: unknown }
  const refusal = refusals.find(([text]) => `${message}`.includes(text))

  if (refusal !== undefined) return createRefused(refusal[1])
  return createUnavailable(`${message}`.includes('overloaded') ? 'overloaded' : 'network')
}

function createUnavailable(reason: string): StoreError {
  return new StoreError('ERR_STORE_UNAVAILABLE', reason, `D1 is not available (${reason})`)
}

function createRefused(reason: string): StoreError {
  const cure = reason === 'not-migrated' ? '; run migrate() of the store once' : ''
  return new StoreError('ERR_STORE_REFUSED', reason, `D1 refused the statements (${reason})${cure}`)
}

/** Creates the error for an answer of an unexpected shape. */
export function createStrangeAnswer(): StoreError {
  return createRefused('strange-answer')
}
