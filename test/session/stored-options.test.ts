import { describe, expect, it } from 'vitest'
import { openSession, storedSessions } from '../../src/session/index.ts'
import { type AtomicStore, memoryStore } from '../../src/store/index.ts'
import { mapStore, siteWith } from './stored-support.ts'
import { secret } from './support.ts'

describe('the option store', () => {
  it.each([
    ['missing', undefined, 'is required'],
    ['null', null, 'must have the functions get, set and delete, or all seven of an atomic store'],
    ['without delete', { get: () => undefined, set: () => undefined }, 'must have the functions'],
    [
      'with some atomic verbs',
      { create: () => undefined, read: () => undefined },
      'must have the functions',
    ],
    ['a text', 'redis://', 'must have the functions'],
  ])('%s is a fault that names it, beside all others', (_, store, problem) => {
    const make = () => storedSessions({ secret: 'short', store: store as never, maxAge: 0 })
    expect(make).toThrow(problem)
    expect(make).toThrow('session.maxAge')
    expect(make).toThrow('session.secret')
    expect(make).not.toThrow('short')
  })

  it('has a word for a slip of the keys', () => {
    expect(() => storedSessions({ secret, stores: mapStore() } as never)).toThrow('session.store')
  })

  it('may be a function, as Keystone has it: called once, with the longest life in seconds', async () => {
    const given: unknown[] = []
    const store = mapStore()
    const { visitor } = siteWith(store, {
      maxAge: 7200,
      store: (args: unknown) => {
        given.push(args)
        return store
      },
    })
    const browser = visitor()
    await browser.login()
    await browser.get()
    expect(given).toEqual([{ maxAge: 7200 }])
    expect(store.rows.size).toBe(1)
  })

  it('may be an object of a class, atomic or not: verbs keep their this', async () => {
    class Kept {
      readonly #rows = new Map<string, string>()
      get(key: string): string | undefined {
        return this.#rows.get(key)
      }
      async set(key: string, value: string): Promise<void> {
        this.#rows.set(key, value)
      }
      delete(key: string): void {
        this.#rows.delete(key)
      }
    }
    class Atomic implements AtomicStore {
      readonly #store = memoryStore()
      create: AtomicStore['create'] = (...args) => this.#store.create(...args)
      read(...args: Parameters<AtomicStore['read']>) {
        return this.#store.read(...args)
      }
      replace: AtomicStore['replace'] = (...args) => this.#store.replace(...args)
      rotate: AtomicStore['rotate'] = (...args) => this.#store.rotate(...args)
      end: AtomicStore['end'] = (...args) => this.#store.end(...args)
      list: AtomicStore['list'] = (...args) => this.#store.list(...args)
      endAll: AtomicStore['endAll'] = (...args) => this.#store.endAll(...args)
    }
    for (const store of [new Kept(), new Atomic()]) {
      const browser = siteWith(store, { clock: Date.now }).visitor()
      await browser.login()
      expect(await browser.get()).toEqual({ userId: 'ada' })
      await browser.logout()
    }
  })

  it('is given the environment of each request, in every verb', async () => {
    const seen: unknown[] = []
    const rows = new Map<string, string>()
    const note = (context: { env?: unknown }): void => {
      seen.push(context.env)
    }
    const sessions = storedSessions<{ userId: string }>({
      secret,
      store: {
        get: (key, context) => {
          note(context)
          return rows.get(key)
        },
        set: (key, value, context) => {
          note(context)
          rows.set(key, value)
        },
        delete: (key, context) => {
          note(context)
          rows.delete(key)
        },
      },
    })
    const env = { STORE: 'here' }
    const context = {
      request: new Request('https://app.example.test/'),
      headers: new Headers(),
      env,
    }
    const handle = openSession(sessions, context)
    await handle.start({ userId: 'ada' })
    await handle.update((data) => ({ userId: data?.userId ?? '', more: 1 }))
    await handle.end()
    expect(seen.length).toBeGreaterThan(3)
    expect(new Set(seen)).toEqual(new Set([env]))
  })
})

it('a store that is not asked while building is not asked at module scope', () => {
  const store = {
    get: () => Promise.reject(new Error('asked')),
    set: () => Promise.reject(new Error('asked')),
    delete: () => Promise.reject(new Error('asked')),
  }
  const sessions = storedSessions({ secret, store })
  expect([sessions.kind, sessions.cookieNames]).toEqual(['stored', ['__Host-session']])
})

it('two sites of different cookie names on one store do not touch each other', async () => {
  const store = mapStore()
  const [one, two] = [siteWith(store).visitor(), siteWith(store, { name: 'other' }).visitor()]
  await one.login('ada')
  await two.login('eve')
  await two.logout()
  expect([await one.get(), await two.get()]).toEqual([{ userId: 'ada' }, null])
})
