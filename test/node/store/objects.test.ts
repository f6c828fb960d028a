import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  durableObjectLimiter,
  durableObjectStore,
  durableObjectThrottle,
  type ObjectNamespace,
} from '../../../src/durable-object/index.ts'
import { limiterContract } from '../../../src/testing/index.ts'
import type { SecurityEvent } from '../../../src/types.ts'
import { everythingIn, failureOf } from '../../redis/support.ts'
import { outagePromises } from '../../session/outage-promises.ts'
import { startObjects, type TestObjects } from '../../support/objects.ts'
import { secrecyPromises } from './secrecy-promises.ts'
import { noon } from './support.ts'

const tools = { describe, it, expect }
const secret = 'kX9vQ2mT7pL4wZ8rB3nJ6hD1sF5gY0cE'
const row = {
  ...{ key: 'KEY', index: 'USER', record: 'RECORD', end: noon + 9e6 },
  ...{ now: noon, idle: 9e5, write: 'W1' },
}
const at = { now: noon, idle: 9e5, slice: 9e4 }

describe('Durable Objects in a real workerd', () => {
  let objects: TestObjects
  let stores = 0
  beforeAll(async () => {
    objects = await startObjects()
  })
  afterAll(() => objects.stop())

  /** A namespace of objects that no other test uses. */
  const create = (namespace: ObjectNamespace = objects.namespace) => {
    objects.forget()
    return durableObjectStore({ namespace, timeoutMs: 20_000, prefix: `p${stores++}:` })
  }

  describe('that fail', () => {
    outagePromises(() => create())
  })

  describe('and whoever reads them', () => {
    secrecyPromises(
      () => create(),
      () => objects.dump(),
    )
  })

  describe('as a limiter', () => {
    limiterContract(tools, (rate) => {
      objects.forget()
      let now = noon
      return {
        limiter: durableObjectLimiter({
          ...rate,
          ...{ namespace: objects.namespace, secret, clock: () => now, timeoutMs: 20_000 },
          prefix: `p${stores++}:`,
        }),
        now: () => now,
        async elapse(ms): Promise<void> {
          now += ms
          await objects.elapse(ms)
        },
        setBack(ms): void {
          now -= ms
        },
      }
    })
  })

  /** One browser of the app in the Worker, whose requests go to the isolate that is named. */
  function browse(): (worker: 'first' | 'second', path: string) => Promise<unknown> {
    let cookie = ''
    return async (worker, path) => {
      const response = await objects.fetch(worker, path, { headers: { cookie } })
      const set = response.headers.get('set-cookie')
      if (set !== null) cookie = set.split(';')[0] ?? ''
      expect([path, response.status]).toEqual([path, 200])
      return response.json()
    }
  }

  it('are shared by two isolates: a session of one is known in the other, and ended there', async () => {
    const [phone, desk] = [browse(), browse()]
    await phone('first', '/count')
    await phone('second', '/count')
    await phone('first', '/login/ada')
    await desk('second', '/login/ada')
    expect(await phone('second', '/read')).toEqual({ userId: 'ada', visits: 2 })
    expect(await desk('first', '/devices')).toHaveLength(2)
    await desk('first', '/everywhere')
    expect(await phone('second', '/read')).toBe(null)
  })

  it('lose no count of fifty parallel requests through both isolates', async () => {
    const browser = browse()
    await browser('first', '/login/bob')
    await Promise.all(
      Array.from({ length: 50 }, (_, n) => browser(n % 2 ? 'first' : 'second', '/count')),
    )
    expect(await browser('first', '/read')).toEqual({ userId: 'bob', visits: 50 })
  })

  it('let exactly twenty of two hundred parallel takes pass, through both isolates', async () => {
    const takes = await Promise.all(
      Array.from({ length: 200 }, async (_, n) => {
        const response = await objects.fetch(n % 2 ? 'first' : 'second', '/take/somebody')
        return response.json()
      }),
    )
    expect(takes.filter((allowed) => allowed === true)).toHaveLength(20)
  })

  it('let exactly five of two hundred parallel guesses of a password pass', async () => {
    const replies = await Promise.all(
      Array.from({ length: 200 }, async (_, n) => {
        const path = `/attempt/ada/203.0.113.${n % 40}/T${n}`
        const response = await objects.fetch(n % 2 ? 'first' : 'second', path)
        return (await response.json()) as { is: string }
      }),
    )
    expect(replies.filter(({ is }) => is === 'allowed')).toHaveLength(5)
    // What was denied is not counted: the addresses have one failure at most.
    const other = await objects.fetch('first', '/attempt/bob/203.0.113.39/T999')
    expect(await other.json()).toMatchObject({ is: 'allowed', failures: [0, expect.any(Number)] })
  })

  it('keep sessions, limits and failed logins over a restart', async () => {
    const browser = browse()
    await browser('first', '/login/cleo')
    const store = durableObjectStore({
      namespace: objects.namespace,
      timeoutMs: 20_000,
      prefix: 'r:',
    })
    await store.create(row, {})
    for (let n = 0; n < 20; n++) await objects.fetch('first', '/take/restarted')
    for (let n = 0; n < 5; n++) await objects.fetch('first', `/attempt/cleo/x/R${n}`)
    await objects.restart()
    expect(await browser('second', '/read')).toEqual({ userId: 'cleo' })
    expect(await store.read(row, at, {})).toMatchObject({ is: 'found', record: 'RECORD' })
    expect(await (await objects.fetch('first', '/take/restarted')).json()).toBe(false)
    const attempt = await objects.fetch('second', '/attempt/cleo/x/R9')
    expect(await attempt.json()).toMatchObject({ is: 'denied', by: 0 })
  })

  it('forget what is past its time by their alarm, and cease to be when nothing is left', async () => {
    const store = create()
    await store.create(row, {})
    await store.create({ ...row, key: 'OTHER', write: 'W2' }, {})
    await store.end({ key: 'OTHER', index: 'USER' }, 6e4, {})
    expect((await objects.dump()).includes('OTHER')).toBe(true)
    await objects.elapse(130_000)
    // Those of sessions: nobody asked this object for limits or failed logins, which have tables of their own.
    expect(await objects.alarm()).toEqual([2])
    expect((await objects.dump()).includes('OTHER')).toBe(false)
    expect(await store.read(row, at, {})).toMatchObject({ is: 'found' })
    await objects.elapse(9e6)
    expect(await objects.alarm()).toEqual([0])
    expect(await objects.dump()).toBe('[[]]')
    // And may begin anew.
    expect(await store.create({ ...row, write: 'W3' }, {})).toEqual({ is: 'ok' })
    expect(await store.list('USER', {})).toHaveLength(1)
  })

  describe('a login that crosses from a visitor’s object to the user’s', () => {
    const old = { key: 'VISITOR' }
    const rotation = { ifVersion: '1', grace: 6e4 }
    const visitor = { ...row, key: 'VISITOR', write: 'W0' }
    const { index: _, ...withoutIndex } = visitor

    /** A store whose Worker ends right before the n-th request that it sends. */
    function createEnding(prefix: string, n: number) {
      let sent = 0
      const namespace: ObjectNamespace = {
        idFromName: objects.namespace.idFromName,
        get: (id) => ({
          fetch: (url, init) => {
            if (++sent >= n) return Promise.reject(new Error('the Worker is gone'))
            return objects.namespace.get(id).fetch(url, init)
          },
        }),
      }
      return durableObjectStore({ namespace, timeoutMs: 20_000, prefix })
    }

    it.each([1, 2, 3])(
      'and ends before its request %i leaves either the old session or the new one, never both and never none',
      async (n) => {
        objects.forget()
        const prefix = `w${stores++}:`
        const calm = durableObjectStore({ namespace: objects.namespace, timeoutMs: 20_000, prefix })
        await calm.create(withoutIndex, {})
        const failing = createEnding(prefix, n)
        await expect(failing.rotate(old, row, rotation, {})).rejects.toMatchObject({
          code: 'ERR_STORE_UNAVAILABLE',
        })
        const before = (await calm.read(old, at, {})).is
        const after = (await calm.read(row, at, {})).is
        expect([before, after]).toEqual(n < 3 ? ['found', 'none'] : ['ended', 'found'])
        expect(await calm.list('USER', {})).toHaveLength(n < 3 ? 0 : 1)

        // Sent again it is done, once.
        expect(await calm.rotate(old, row, rotation, {})).toEqual({ is: 'ok' })
        expect(await calm.read(old, at, {})).toEqual({ is: 'ended' })
        expect(await calm.read(row, at, {})).toMatchObject({ is: 'found', version: '1' })
        expect(await calm.readReplaced?.(old, {})).toMatchObject({ record: 'RECORD', by: 'USER' })
      },
    )

    it('is met by endAll between its steps: nothing of it is missed', async () => {
      objects.forget()
      const prefix = `w${stores++}:`
      const calm = durableObjectStore({ namespace: objects.namespace, timeoutMs: 20_000, prefix })
      await calm.create(withoutIndex, {})
      await createEnding(prefix, 3)
        .rotate(old, row, rotation, {})
        .catch(() => {})
      expect(await calm.endAll('USER', undefined, {})).toBe(1)
      expect(await calm.read(row, at, {})).toEqual({ is: 'ended' })
      expect(await calm.list('USER', {})).toEqual([])
    })

    it('that comes too late changes nothing, and what it had prepared is gone', async () => {
      const store = create()
      await store.create(withoutIndex, {})
      await store.replace({ ...withoutIndex, write: 'W9' }, '1', {})
      expect(await store.rotate(old, row, rotation, {})).toMatchObject({
        is: 'conflict',
        version: '2',
      })
      expect(await store.read(row, at, {})).toEqual({ is: 'none' })
      expect(await objects.dump()).not.toContain('W1"')
      expect(await store.rotate(old, row, { ...rotation, ifVersion: '2' }, {})).toEqual({
        is: 'ok',
      })
    })

    it('needs three requests, one within the objects of a user, and one for every other verb', async () => {
      const store = create()
      const count = async (work: () => Promise<unknown>): Promise<number> => {
        const before = objects.requests
        await work()
        return objects.requests - before
      }
      await store.create(withoutIndex, {})
      expect(await count(() => store.rotate(old, row, rotation, {}))).toBe(3)
      const next = { ...row, key: 'NEXT', write: 'W2' }
      expect(await count(() => store.rotate(row, next, { grace: 6e4 }, {}))).toBe(1)
      expect(await count(() => store.read(next, at, {}))).toBe(1)
      expect(await count(() => store.replace({ ...next, write: 'W3' }, '1', {}))).toBe(1)
      expect(await count(() => store.list('USER', {}))).toBe(1)
      expect(await count(() => store.end(next, 6e4, {}))).toBe(1)
      expect(await count(() => store.endAll('USER', undefined, {}))).toBe(1)
    })
  })

  describe('endAll that is to keep a session that the user does not have', () => {
    const { index: _, ...visitor } = { ...row, key: 'VISITOR', write: 'W0' }
    const foreign = { ...row, key: 'FOREIGN', index: 'OTHER', write: 'W2' }
    const keys = [visitor.key, foreign.key]

    it.each([256, 1])('ends none of others, with %i objects of visitors', async (shards) => {
      objects.forget()
      const { namespace } = objects
      const prefix = `k${stores++}:`
      const store = durableObjectStore({ namespace, timeoutMs: 20_000, prefix, shards })
      for (const each of [row, visitor, foreign]) await store.create(each, {})

      for (const key of keys) await store.endAll('USER', { key, index: 'USER' }, {})

      expect(await store.read(row, at, {})).toEqual({ is: 'ended' })
      for (const each of [visitor, foreign])
        expect(await store.read(each, at, {})).toMatchObject({ is: 'found', version: '1' })
      expect(await store.list('OTHER', {})).toHaveLength(1)
      for (const key of keys)
        expect(await store.read({ key, index: 'USER' }, at, {})).toEqual({ is: 'ended' })
      for (const each of [visitor, foreign])
        expect(await store.replace({ ...each, write: 'W3' }, '1', {})).toMatchObject({ is: 'ok' })
    })

    it('lets their owners log in as this user afterwards, and end their own sessions', async () => {
      const store = create()
      for (const each of [visitor, foreign]) await store.create(each, {})
      for (const key of keys) await store.endAll('USER', { key, index: 'USER' }, {})

      const rotation = { ifVersion: '1', grace: 6e4 }
      const next = { ...row, key: 'NEXT', write: 'W4' }
      expect(await store.rotate({ key: 'VISITOR' }, next, rotation, {})).toEqual({ is: 'ok' })
      expect(await store.read(next, at, {})).toMatchObject({ is: 'found' })
      expect(await store.end({ key: 'FOREIGN', index: 'OTHER' }, 6e4, {})).toBe(true)
    })

    it('does not stop a login that has not come to its end', async () => {
      objects.forget()
      const prefix = `k${stores++}:`
      const names: unknown[] = []
      const namespace: ObjectNamespace = {
        idFromName: objects.namespace.idFromName,
        get: (id) => ({
          fetch(url, init) {
            const gone = names.push(id) > 2
            if (gone) return Promise.reject(new Error('the Worker is gone'))
            return objects.namespace.get(id).fetch(url, init)
          },
        }),
      }
      const calm = durableObjectStore({ namespace: objects.namespace, timeoutMs: 20_000, prefix })
      await calm.create(visitor, {})
      const ending = durableObjectStore({ namespace, timeoutMs: 20_000, prefix })
      const rotation = { ifVersion: '1', grace: 6e4 }
      await ending.rotate({ key: 'VISITOR' }, row, rotation, {}).catch(() => {})

      expect(await calm.endAll('USER', { key: 'KEY', index: 'USER' }, {})).toBe(0)
      expect(await calm.read(row, at, {})).toMatchObject({ is: 'found' })
    })
  })

  it.each<[title: string, fetch: () => Promise<unknown>, code: string, reason: string]>([
    ['hangs', () => new Promise(() => {}), 'ERR_STORE_UNAVAILABLE', 'timeout'],
    [
      'cannot be reached',
      () => Promise.reject(new Error('RECORD')),
      'ERR_STORE_UNAVAILABLE',
      'network',
    ],
    [
      'is overloaded',
      () => Promise.reject(Object.assign(new Error('RECORD'), { overloaded: true })),
      'ERR_STORE_UNAVAILABLE',
      'overloaded',
    ],
    [
      'throws',
      async () => new Response('RECORD', { status: 500 }),
      'ERR_STORE_UNAVAILABLE',
      'object-500',
    ],
    [
      'answers what no verb answers',
      async () => Response.json('yes'),
      'ERR_STORE_REFUSED',
      'strange-answer',
    ],
    [
      'is of an older version',
      async () => new Response('no such verb', { status: 501 }),
      'ERR_STORE_UNAVAILABLE',
      'object-501',
    ],
  ])(
    'rejects with a code and quotes nothing where an object %s',
    async (_, fetch, code, reason) => {
      const events: SecurityEvent[] = []
      const namespace: ObjectNamespace = { idFromName: (name) => name, get: () => ({ fetch }) }
      const onEvent = (event: SecurityEvent): void => void events.push(event)
      const options = { namespace, timeoutMs: 300, onEvent }
      const counters = { ticket: 'T', streaks: [{ key: 'S', free: 5, longest: 6e4 }], days: [] }
      const limiter = durableObjectLimiter({ ...options, secret, limit: 5, window: 60 })
      for (const failing of [
        () => durableObjectStore(options).create(row, {}),
        () => durableObjectStore(options).read(row, at, {}),
        () => durableObjectStore(options).endAll('USER', undefined, {}),
        () => limiter.take('KEY'),
        () => durableObjectThrottle(options).attempt(counters, noon, {}),
      ]) {
        const failure = await failureOf(failing())
        expect(failure).toMatchObject({ code, reason })
        const told = everythingIn(failure) + JSON.stringify(events)
        for (const hidden of ['RECORD', 'KEY', 'USER']) expect(told).not.toContain(hidden)
      }
    },
  )
})

describe('options over Durable Objects', () => {
  const namespace: ObjectNamespace = {
    idFromName: (name) => name,
    get: () => ({ fetch: async () => {} }),
  }
  it.each<[object | undefined, string[]]>([
    [undefined, ['durableObjectStore', 'durableObjectStore.namespace']],
    [{ namespace: {} }, ['durableObjectStore.namespace']],
    [
      { namespace, prefix: 'a b', shards: 0 },
      ['durableObjectStore.prefix', 'durableObjectStore.shards'],
    ],
    [{ namespace, locationHint: 'West Europe' }, ['durableObjectStore.locationHint']],
    [
      { namespace, timeoutMs: 1, maxPerUser: 0 },
      ['durableObjectStore.timeoutMs', 'durableObjectStore.maxPerUser'],
    ],
    [{ namespace, shard: 4 }, ['durableObjectStore.shard']],
  ])('%j are refused, every fault at once', (options, faults) => {
    expect(() => durableObjectStore(options as never)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG',
        issues: faults.map((option) => expect.objectContaining({ option })),
      }),
    )
  })

  it('that the environment lacks are a fault of the configuration, at the first request', async () => {
    const store = durableObjectStore({
      namespace: (c: { env: { PORTCULLIS?: ObjectNamespace } }) => c.env.PORTCULLIS,
    })
    expect(() => store.check?.({})).toThrow('durableObjectStore.namespace is not set')
    await expect(store.list('USER', { env: {} })).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  })
})
