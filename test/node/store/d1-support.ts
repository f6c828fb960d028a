/** A store in a D1 database of a real workerd, whose time the tests move. */
import { type D1Answer, type D1Store, type D1StoreOptions, d1Store } from '../../../src/store/d1.ts'
import type { StoreUnderTest } from '../../../src/testing/index.ts'
import type { ObjectBridge } from '../../support/objects.ts'
import { noon } from './support.ts'

/** A database, and tables of their own for each store. */
export interface TestD1 {
  /** A store over new tables, which are made at its first verb. */
  create(options?: Partial<D1StoreOptions>): Promise<D1Store>
  /** For the contract: time stands still for the caller, and passes where a test says so. */
  underTest(options: { readonly maxPerUser?: number }): Promise<StoreUnderTest>
  /** What the names of the newest tables begin with. */
  prefix(): string
  /** Lets time pass for what the newest tables hold: every expiry comes nearer. */
  elapse(ms: number): Promise<void>
  /** Everything the newest tables hold, as one text. */
  dump(): Promise<string>
}

/** `name` is what its tables begin with: another one after a restart, which keeps those that are there. */
export function createD1({ database }: Pick<ObjectBridge, 'database'>, name = 't'): TestD1 {
  let stores = 0
  const prefix = (): string => `${name}${stores}_`
  const tables = (): string[] => ['sessions', 'names'].map((table) => `${prefix()}${table}`)

  async function run(texts: readonly string[]): Promise<readonly D1Answer[]> {
    const session = database.withSession('first-primary')
    return session.batch(texts.map((text) => session.prepare(text)) as never[])
  }
  const elapse = async (ms: number): Promise<void> => {
    await run(tables().map((table) => `UPDATE ${table} SET until = until - ${ms}`))
  }
  async function create(options: Partial<D1StoreOptions> = {}): Promise<D1Store> {
    stores++
    const store = d1Store({ database, prefix: prefix(), timeoutMs: 20_000, ...options })
    await store.migrate()
    return store
  }

  return {
    create,
    prefix,
    elapse,
    async underTest({ maxPerUser }): Promise<StoreUnderTest> {
      let now = noon
      return {
        store: await create(maxPerUser === undefined ? {} : { maxPerUser }),
        now: () => now,
        async elapse(ms): Promise<void> {
          now += ms
          await elapse(ms)
        },
        ...(maxPerUser !== undefined && { maxPerUser }),
      }
    },
    async dump() {
      const answers = await run(tables().map((table) => `SELECT * FROM ${table}`))
      return JSON.stringify(answers.map(({ results }) => results))
    },
  }
}
