import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { redis, script } from '../../../src/redis/index.ts'
import type { Ref, Row } from '../../../src/store/index.ts'
import { type UpstashStore, upstashStore } from '../../../src/store/upstash.ts'
import type { Fault } from '../../../tools/dev/redis-http.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'
import { noon, storeAt } from './support.ts'

const minute = 60_000
const at = { now: noon, idle: 60 * minute, slice: 6 * minute }
const grace = minute
const old: Ref = { key: 'OLD', index: 'USER' }
const next: Ref = { key: 'NEW', index: 'USER' }
const row = (ref: Ref, record = 'sealed'): Row => ({
  ...ref,
  ...{ record, end: noon + 480 * minute, now: noon, idle: at.idle, write: crypto.randomUUID() },
})

const verbs: Array<
  [
    verb: string,
    requests: number,
    ask: (store: UpstashStore, c: { env: object }) => Promise<unknown>,
  ]
> = [
  ['create', 1, (store, c) => store.create(row(next), c)],
  ['read', 1, (store, c) => store.read(old, at, c)],
  ['replace', 1, (store, c) => store.replace(row(old), '1', c)],
  ['rotate', 1, (store, c) => store.rotate(old, row(next), { grace }, c)],
  ['end', 1, (store, c) => store.end(old, grace, c)],
  ['list', 2, (store, c) => store.list('USER', c)],
  ['endAll', 1, (store, c) => store.endAll('USER', old, c)],
]

describe.skipIf(noRedis)('requests to Redis', () => {
  let server: TestRedis
  let store: UpstashStore
  let context: { env: object }
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())
  beforeEach(async () => {
    await server.flush({ keepScripts: true })
    ;({ store, context } = storeAt(server))
    await store.create(row(old), context)
  })

  it.each(verbs)('%s is %i, warm, and one script each', async (_, requests, ask) => {
    await ask(store, context)
    await server.flush({ keepScripts: true })
    await store.create(row(old), context)
    server.control.reset()
    await ask(store, context)
    expect(server.control.verbs).toEqual(Array.from({ length: requests }, () => ['EVALSHA']))
  })

  it('a read and something else are one', async () => {
    await store.read(old, at, context)
    const count = script('count', "return redis.call('INCR', KEYS[1])")
    await store.redis.call(context.env, count, ['n'], [])
    server.control.reset()
    const ask = store.redis.ask(context.env)
    const { script: read, keys, args } = store.readRequest(old, at)
    const replies = [ask.call(read, keys, args), ask.call(count, ['n'], [])]
    await ask.send()
    expect(store.readReply(await replies[0])).toMatchObject({
      is: 'found',
      record: 'sealed',
      version: '1',
    })
    expect(await replies[1]).toBe(2)
    expect(server.control.verbs).toEqual([['EVALSHA', 'EVALSHA']])
  })

  it('that say nothing new about a user who has no session are one: list', async () => {
    server.control.reset()
    expect(await store.list('NOBODY', context)).toEqual([])
    expect(server.control.requests).toBe(1)
  })

  it('of a list show nothing that was ended between them', async () => {
    await store.create(row(next), context)
    expect(await store.list('USER', context)).toHaveLength(2)
    const hold = server.control.hold({ script: 'session-rows' })
    const list = store.list('USER', context)
    await hold.arrived
    await store.endAll('USER', next, context)
    hold.release()
    expect(await list).toHaveLength(1)
  })

  // The reply is lost after the script ran, and the client asks again.
  it.each<Fault>([{ kind: 'drop-after' }, { kind: 'truncate' }])(
    'that meet %j once write once',
    async (fault) => {
      const lose = (): unknown => server.control.fault(fault, { times: 1 })
      server.control.reset()
      lose()
      expect(await store.create(row(next, '0'), context)).toEqual({ is: 'ok' })
      lose()
      expect(await store.replace(row(next, '1'), '1', context)).toEqual({ is: 'ok', version: '2' })
      expect(await store.read(next, at, context)).toMatchObject({ record: '1', version: '2' })
      const third: Ref = { key: 'THIRD', index: 'USER' }
      lose()
      expect(await store.rotate(next, row(third, '2'), { grace, ifVersion: '2' }, context)).toEqual(
        { is: 'ok' },
      )
      expect(await store.read(third, at, context)).toMatchObject({ record: '2', version: '1' })
      expect(await store.read(next, at, context)).toEqual({ is: 'ended' })
      lose()
      await store.end(third, grace, context)
      expect(await store.read(third, at, context)).toEqual({ is: 'ended' })
      expect(server.control.requests).toBe(12)
    },
  )

  describe.each<[Fault, string]>([
    [{ kind: 'drop-before' }, 'ERR_STORE_UNAVAILABLE'],
    [{ kind: 'error-html' }, 'ERR_STORE_UNAVAILABLE'],
    [{ kind: 'error-json', status: 503 }, 'ERR_STORE_UNAVAILABLE'],
    [{ kind: 'error-html', status: 200 }, 'ERR_STORE_UNAVAILABLE'],
    [{ kind: 'unauthorized' }, 'ERR_STORE_REFUSED'],
    [{ kind: 'refuse', error: 'OOM command not allowed' }, 'ERR_STORE_REFUSED'],
    [{ kind: 'body', body: '[{"result":["found"]}]' }, 'ERR_STORE_REFUSED'],
    [{ kind: 'body', body: '[{"result":null}]' }, 'ERR_STORE_REFUSED'],
    [{ kind: 'body', body: '[{"result":["bm9wZQ=="]}]' }, 'ERR_STORE_REFUSED'],
  ])('that meet %j', (fault, code) => {
    it.each(verbs)('reject: %s never says that there is no session', async (_, __, ask) => {
      server.control.fault(fault, { times: 9 })
      await expect(ask(store, context)).rejects.toMatchObject({ code })
    })
  })

  it('are refused where something else stands at the key', async () => {
    await server.raw.call('SET', 'portcullis:s:STRANGE', 'text', 'PX', minute)
    const strange = { key: 'STRANGE' }
    await expect(store.read(strange, at, context)).rejects.toMatchObject({
      code: 'ERR_STORE_REFUSED',
    })
    await expect(store.replace(row(strange), '1', context)).rejects.toMatchObject({
      code: 'ERR_STORE_REFUSED',
    })
  })

  it('are not made for a record that is too large', async () => {
    const small = upstashStore({
      redis: redis({ url: server.url, token: server.token }),
      maxBytes: 2_000,
    })
    server.control.reset()
    for (const record of ['a'.repeat(2_001), 'é'.repeat(1_001), '€'.repeat(667)]) {
      const refused = { code: 'ERR_STORE_TOO_LARGE' }
      await expect(small.create(row(next, record), {})).rejects.toMatchObject(refused)
      await expect(small.replace(row(old, record), '1', {})).rejects.toMatchObject(refused)
      await expect(small.rotate(old, row(next, record), { grace }, {})).rejects.toMatchObject(
        refused,
      )
    }
    expect(server.control.requests).toBe(0)
    for (const record of ['a'.repeat(2_000), 'é'.repeat(1_000), '€'.repeat(666)]) {
      const fits = { key: `fits ${record.length}` }
      expect(await small.create(row(fits, record), {})).toEqual({ is: 'ok' })
      expect(await small.read(fits, at, {})).toMatchObject({ record })
    }
  })

  it('go to a plain Redis as well', async () => {
    await server.flush()
    server.control.plain = true
    const { store: plain } = storeAt(server)
    expect(await plain.create(row(old), context)).toEqual({ is: 'ok' })
    expect(await plain.read(old, at, context)).toMatchObject({ is: 'found' })
    expect(await plain.list('USER', context)).toHaveLength(1)
    expect(await plain.endAll('USER', undefined, context)).toBe(1)
  })
})
