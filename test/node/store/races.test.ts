import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Found, Ref, Replaced, Row } from '../../../src/store/index.ts'
import type { UpstashStore } from '../../../src/store/upstash.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'
import { immortal, noon, storeAt } from './support.ts'

const minute = 60_000
const at = { now: noon, idle: 60 * minute, slice: 6 * minute }
let count = 0

const ref = (index?: string): Ref => ({
  key: `key-${++count}`,
  ...(index !== undefined && { index }),
})
const row = (where: Ref, record = '0'): Row => ({
  ...where,
  ...{ record, end: noon + 480 * minute, now: noon, idle: at.idle, write: crypto.randomUUID() },
})
const times = <T>(n: number, make: (at: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: n }, (_, index) => make(index)))

// Clients of their own, all at once, with nothing but the store to keep them apart.
describe.skipIf(noRedis)('many clients at once', () => {
  let server: TestRedis
  let context: { env: object }
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())
  beforeEach(async () => {
    await server.flush({ keepScripts: true })
    context = storeAt(server).context
  })
  const client = (): UpstashStore => storeAt(server).store

  /** Adds one, as often as it takes. True once it was acknowledged, false where the session is gone. */
  async function add(store: UpstashStore, where: Ref): Promise<boolean> {
    let seen: Found | Replaced | { is: string } = await store.read(where, at, context)
    while ('record' in seen) {
      const { version, record } = seen
      seen = await store.replace(row(where, `${Number(record) + 1}`), version, context)
      if (seen.is === 'ok') return true
    }
    return false
  }

  it('two writers, 200 times: no write is lost', async () => {
    const [one, two] = [client(), client()]
    const where = ref('user')
    await one.create(row(where), context)
    for (let n = 0; n < 200; n++)
      expect(await Promise.all([add(one, where), add(two, where)])).toEqual([true, true])
    expect(await one.read(where, at, context)).toMatchObject({ record: '400', version: '401' })
  })

  it('fifty that add one each end at exactly fifty', async () => {
    const where = ref()
    await client().create(row(where), context)
    expect(await times(50, () => add(client(), where))).not.toContain(false)
    expect(await client().read(where, at, context)).toMatchObject({ record: '50', version: '51' })
  })

  it('a logout beside two slow writers and two readers, 100 times: none comes back', async () => {
    const [one, two, three] = [client(), client(), client()]
    for (let n = 0; n < 100; n++) {
      const where = ref('user')
      await one.create(row(where), context)
      await Promise.all([
        ...[one, two].flatMap((store) => [
          add(store, where),
          store.read(where, { ...at, slice: 0 }, context),
        ]),
        three.end(where, minute, context),
      ])
      expect(await one.read(where, at, context)).toEqual({ is: 'ended' })
    }
    expect(await one.list('user', context)).toEqual([])
  })

  it('a login that keeps a count beside a writer, 100 times: what was acknowledged is kept', async () => {
    const [one, two] = [client(), client()]
    for (let n = 0; n < 100; n++) {
      const [old, next] = [ref(), ref('user')]
      await one.create(row(old), context)
      async function login(): Promise<void> {
        let seen: { is: string; version?: string; record?: string } = await two.read(
          old,
          at,
          context,
        )
        while (seen.record !== undefined) {
          const options = {
            grace: minute,
            ...(seen.version !== undefined && { ifVersion: seen.version }),
          }
          seen = await two.rotate(old, row(next, seen.record), options, context)
        }
      }
      const [written] = await Promise.all([add(one, old), login()])
      expect(await one.read(next, at, context)).toMatchObject({ record: written ? '1' : '0' })
      expect(await one.read(old, at, context)).toEqual({ is: 'ended' })
    }
  })

  it('endAll beside five logins, 100 times: what was there is gone, the list is what lives', async () => {
    const [one, two] = [client(), client()]
    for (let n = 0; n < 100; n++) {
      const index = `user-${n}`
      const before = [ref(index), ref(index)]
      for (const where of before) await one.create(row(where), context)
      const during = Array.from({ length: 5 }, () => ref(index))
      await Promise.all([
        ...during.slice(0, 2).map((where) => one.create(row(where, where.key), context)),
        two.endAll(index, undefined, context),
        ...during.slice(2).map((where) => one.create(row(where, where.key), context)),
      ])
      for (const where of before)
        expect(await one.read(where, at, context)).toEqual({ is: 'ended' })
      const alive: string[] = []
      for (const where of during) {
        if ((await one.read(where, at, context)).is === 'found') alive.push(where.key)
      }
      const listed = (await one.list(index, context)).map(({ record }) => record)
      expect(listed.sort()).toEqual(alive.sort())
    }
  })

  it('twenty logins of one user are all listed', async () => {
    await times(20, () => client().create(row(ref('user')), context))
    expect(await client().list('user', context)).toHaveLength(20)
  })

  it('leaves no key that would stay for ever', async () => {
    const store = client()
    await times(30, async (n) => {
      const where = ref(`user-${n % 3}`)
      await store.create(row(where), context)
      await Promise.all([
        add(store, where),
        store.rotate(where, row(ref(`user-${n % 2}`)), { grace: minute }, context),
        n % 5 === 0
          ? store.endAll(`user-${n % 3}`, where, context)
          : store.end(where, minute, context),
      ])
    })
    expect(Object.keys(await server.raw.dump()).length).toBeGreaterThan(30)
    expect(await immortal(server)).toEqual([])
  })
})
