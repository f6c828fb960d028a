/**
 * Entry point `portcullis/store/postgres`: stores sessions in Postgres, over any driver that can run one
 * statement. Each verb is one call of a function in the database. Applications pass `postgresStore()`
 * to `storedSessions`, which calls the verbs, and run `migrate` and `cleanUp` themselves.
 *
 * Wrong options throw `ERR_CONFIG`. Verbs reject with `ERR_STORE_UNAVAILABLE` where Postgres does not answer
 * within `timeoutMs`, `ERR_STORE_REFUSED` where it rejects the statement (such as before `migrate`),
 * and `ERR_STORE_TOO_LARGE` for a record over `maxBytes`. Without `cleanUp` the tables grow.
 */
import {
  checkKeys,
  createIssues,
  type Issues,
  optionalFunction,
  optionalListener,
  parseWholeNumber,
} from '../options/index.ts'
import { createStoreBreaker } from '../redis/breaker.ts'
import type { Emit } from '../types.ts'
import type { AtomicStore, Ref, Row, StoreContext } from './contract.ts'
import {
  type CallSettings,
  callFunction,
  type PostgresQuery,
  sendStatement,
} from './postgres/query.ts'
import { createMigration, createStatements } from './postgres/schema.ts'
import {
  parseCountReply,
  parseCreateReply,
  parseReadReply,
  parseReplaceReply,
  parseRotateReply,
  parseRowsReply,
  toTexts,
} from './replies.ts'
import { validateBounds, validateSize } from './size.ts'

/** Options of {@link postgresStore}. Absent = default. */
export interface PostgresStoreOptions {
  /**
   * Runs one statement: `(text, values) => pool.query(text, values)` of `pg`, or
   * `(text, values, c) => neon(c.env.DATABASE_URL).query(text, values)` of Neon's driver.
   */
  readonly query: PostgresQuery
  /**
   * The schema of the tables and functions: at most 63 letters, digits and `_`, case-sensitive. Default `portcullis`. Use
   * another one for each environment.
   */
  readonly schema?: string
  /** Milliseconds for one verb, a second try included. Default 1000, at most 30,000. */
  readonly timeoutMs?: number
  /** Sessions one user may have. Default 100, at most 1,000; the oldest go first. */
  readonly maxPerUser?: number
  /**
   * Bytes a record may have. Default 32,768, at most 1,000,000. A longer one is `ERR_STORE_TOO_LARGE`, before it is
   * sent.
   */
  readonly maxBytes?: number
  /** Receives `store-unavailable` and `store-refused`, each with a reason. Holds no key, record or address. */
  readonly onEvent?: Emit
}

/** A store in Postgres, with functions that maintain its schema. */
export interface PostgresStore extends AtomicStore {
  /**
   * Creates or updates the schema, its tables and functions. Run it before each deployment of a new version; if
   * everything is up to date it changes nothing.
   */
  migrate(context?: StoreContext): Promise<void>
  /**
   * Deletes expired rows, at most 1,000 of each table, and resolves with the largest of these numbers. Run it every few
   * minutes; only the size of the tables depends on it.
   */
  cleanUp(context?: StoreContext): Promise<number>
}

const keys: ReadonlyArray<keyof PostgresStoreOptions> = [
  'query',
  'schema',
  'timeoutMs',
  'maxPerUser',
  'maxBytes',
  'onEvent',
]
const rowsAtOnce = 1_000

/**
 * Returns the statements of {@link PostgresStore.migrate}, for projects that keep migrations as files.
 *
 * @throws {ConfigError} `ERR_CONFIG` for a schema that is not a plain name
 * @example
 * console.log(postgresStatements().join(';\n'))
 */
export function postgresStatements(options: { readonly schema?: string } = {}): string[] {
  const issues = createIssues('postgresStatements')
  checkKeys(issues, options, ['schema'])
  const schema = validateSchema(options?.schema, issues)
  issues.throwIfAny()
  return createStatements(schema)
}

/**
 * Creates an atomic store in Postgres 12 or later, which sees only digests and encrypted text. `query` must run
 * statements at the primary, at the isolation level `read committed`, which is the default. Verbs reject with
 * `ERR_STORE_UNAVAILABLE` or
 * `ERR_STORE_REFUSED`; `create`, `replace` and `rotate` also with `ERR_STORE_TOO_LARGE`.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 * @example
 * pool.on('error', (error) => console.error(error.message)) // without it a lost connection ends the process
 * const store = postgresStore({ query: (text, values) => pool.query(text, values) })
 */
export function postgresStore(options: PostgresStoreOptions): PostgresStore {
  const issues = createIssues('postgresStore')
  checkKeys(issues, options, keys)
  const given: Partial<PostgresStoreOptions> = options ?? {}
  const settings: CallSettings = {
    query: validateQuery(given.query, issues),
    schema: validateSchema(given.schema, issues),
    timeoutMs:
      parseWholeNumber(issues, 'timeoutMs', given.timeoutMs, {
        min: 10,
        max: 30_000,
        unit: 'milliseconds',
      }) ?? 1000,
    emit: optionalListener(issues, 'onEvent', given.onEvent) ?? (() => {}),
    breaker: createStoreBreaker(),
  }
  const bounds = validateBounds(given, issues)
  issues.throwIfAny()

  return { ...createVerbs(settings, bounds), ...createUpkeep(settings) }
}

type VerbArgument = string | number | undefined

function createVerbs(
  settings: CallSettings,
  { maxPerUser, maxBytes }: { readonly maxPerUser: number; readonly maxBytes: number },
): AtomicStore {
  const call = (
    name: string,
    args: readonly VerbArgument[],
    { env }: StoreContext,
  ): Promise<unknown> => callFunction(settings, { name, args }, { env })

  /** Lists the arguments of a new row. A record that is too long throws before anything is sent. */
  function rowArguments({ key, index, now, idle, end, record, write }: Row): VerbArgument[] {
    validateSize(record, maxBytes)
    return [key, index, now, idle, end, record, write, maxPerUser]
  }

  return {
    async create(row, context) {
      return parseCreateReply(await call('session_create', rowArguments(row), context))
    },
    async read({ key, index, mark }, { now, idle, slice }, context) {
      const args = [key, index, mark, now, idle, slice]
      return parseReadReply(await call('session_read', args, context))
    },
    async replace(row, ifVersion, context) {
      const { key, index, mark, now, idle, record, write } = row
      validateSize(record, maxBytes)
      const args = [key, index, mark, now, idle, ifVersion, record, write]
      return parseReplaceReply(await call('session_replace', args, context))
    },
    async rotate(old, next, { ifVersion, grace }, context) {
      const args = [old.key, old.index, old.mark, ifVersion, grace, ...rowArguments(next)]
      return parseRotateReply(await call('session_rotate', args, context))
    },
    async readReplaced({ key }, context) {
      const reply = await call('session_replaced', [key], context)
      const answer = parseReadReply(reply)
      if (answer.is !== 'found') return undefined

      const by = toTexts(reply)[5]
      return by === undefined ? answer : { ...answer, by }
    },
    async end({ key, index }: Ref, grace, context, write = crypto.randomUUID()) {
      return parseCountReply(await call('session_end', [key, index, grace, write], context)) === 1
    },
    async endMarked(mark, { life, once, write = crypto.randomUUID() }, context) {
      const args = [mark, life, once?.id, once?.life, write]
      return parseCountReply(await call('session_end_marked', args, context)) === 1
    },
    async list(index, context) {
      return parseRowsReply(await call('session_list', [index], context))
    },
    async endAll(index, keep, context, write = crypto.randomUUID()) {
      return parseCountReply(await call('session_end_all', [index, keep?.key, write], context))
    },
  }
}

function createUpkeep(settings: CallSettings): Pick<PostgresStore, 'migrate' | 'cleanUp'> {
  // Maintenance has its own breaker: a clean-up that takes too long must not make requests fail.
  const upkeep = { ...settings, timeoutMs: 30_000, breaker: createStoreBreaker() }

  return {
    async migrate(context = {}) {
      const migration = { text: createMigration(settings.schema), values: [] }
      await sendStatement(upkeep, migration, context)
    },
    async cleanUp(context = {}) {
      const call = { name: 'clean_up', args: [rowsAtOnce] }
      return parseCountReply(await callFunction(upkeep, call, context))
    },
  }
}

function validateQuery(value: PostgresQuery | undefined, issues: Issues): PostgresQuery {
  if (value === undefined) issues.add('query', 'is required')
  // A bound `pool.query` of `pg` would take our third argument, the context, for its callback.
  else if (typeof value === 'function' && value.name.startsWith('bound '))
    issues.add('query', 'must be (text, values) => pool.query(text, values), not a bound method')
  return optionalFunction(issues, 'query', value) as PostgresQuery
}

function validateSchema(value: string | undefined, issues: Issues): string {
  if (value === undefined) return 'portcullis'
  const isName = typeof value === 'string' && /^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(value)
  if (!isName) {
    // Postgres truncates longer names, so that two environments would share one schema.
    issues.add(
      'schema',
      'must be 1 to 63 letters from A to Z, digits and _, not starting with a digit',
    )
  } else if (/^(?:pg_|information_schema$)/i.test(value)) {
    issues.add('schema', 'must not be a name that Postgres reserves')
  }
  return isName ? value : 'portcullis'
}

export type { PostgresQuery } from './postgres/query.ts'
