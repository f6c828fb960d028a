import { describe, expect, it } from 'vitest'
import {
  isAtomic,
  memoryStore,
  type SessionStore,
  type SimpleStore,
  type StoreOption,
} from '../../src/store/index.ts'

describe('isAtomic', () => {
  it('knows a store by its seven verbs', () => {
    const store = memoryStore()
    expect(isAtomic(store)).toBe(true)
    for (const verb of ['create', 'read', 'replace', 'rotate', 'end', 'list', 'endAll']) {
      const less: object = { ...store, [verb]: undefined }
      expect(isAtomic(less as SessionStore)).toBe(false)
    }
  })

  it('takes Keystone’s three verbs for what they are', () => {
    expect(isAtomic({ get() {}, set() {}, delete() {} })).toBe(false)
    expect(isAtomic(new Map<string, string>())).toBe(false)
  })
})

describe('the option store', () => {
  it('takes, by type, what Keystone’s users have', () => {
    const values = new Map<string, string>()
    const keystone = {
      get: async (key: string): Promise<unknown> => values.get(key),
      set: async (key: string, value: unknown): Promise<void> => void values.set(key, `${value}`),
      delete: async (key: string): Promise<void> => void values.delete(key),
    }
    const options: StoreOption[] = [
      keystone,
      ({ maxAge }: { maxAge: number }): SimpleStore => ({
        ...keystone,
        get: (key) => (maxAge > 0 ? keystone.get(key) : ''),
      }),
      new Map<string, string>(),
      memoryStore(),
      (): SessionStore => memoryStore(),
      // @ts-expect-error: a store that cannot forget ends no session.
      { get: keystone.get, set: keystone.set },
      // @ts-expect-error: what finds something in the environment is no store; stores take such options themselves.
      (c: { env: { STORE: SimpleStore } }) => c.env.STORE,
    ]
    expect(options.length).toBe(7)
  })
})
