import { describe, expect, it } from 'vitest'
import { type AtomicStore, type Found, memoryStore } from '../../src/store/index.ts'
import { type StoreUnderTest, storeContract } from '../../src/testing/index.ts'
import { orders } from '../../src/testing/store/races.ts'
import { memoryAt } from '../store/support.ts'

/** Titles of the contract's tests that this store fails. */
async function failuresOf(makeStore: () => StoreUnderTest): Promise<string[]> {
  const tests: Array<[title: string, body: () => Promise<void>]> = []
  const path: string[] = []
  const tools = {
    describe(name: string, body: () => void): void {
      path.push(name)
      body()
      path.pop()
    },
    it: (name: string, body: () => Promise<void>): unknown =>
      tests.push([[...path.slice(1), name].join(', '), body]),
    expect,
  }
  storeContract(tools, makeStore)
  const failed: string[] = []
  for (const [title, body] of tests) await body().catch(() => failed.push(title))
  return failed
}

/** A store with a fault, and what the contract says about it, among other things. */
const faults: Array<
  [fault: string, change: (store: AtomicStore) => Partial<AtomicStore>, title: string]
> = [
  [
    'that makes what it should only replace',
    (store) => ({
      async replace(row, ifVersion, context) {
        const answer = await store.replace(row, ifVersion, context)
        if (answer.is === 'none') await store.create(row, context)
        return answer
      },
    }),
    'replace, never makes a session',
  ],
  [
    'that leaves no mark at logout',
    (store) => ({ end: (ref, _, context) => store.end(ref, 0, context) }),
    'in every order, a logout beats readers and slow writers',
  ],
  [
    'that leaves no mark at login',
    (store) => ({
      rotate: (old, next, o, context) => store.rotate(old, next, { ...o, grace: 0 }, context),
    }),
    'rotate, ends the old session and begins the new one',
  ],
  [
    'that keeps marks for longer than it is told',
    (store) => ({ end: (ref, grace, context) => store.end(ref, grace * 2, context) }),
    'the mark of an ended session, lasts for the grace and no longer',
  ],
  [
    'that slides before it judges',
    (store) => ({
      async read(ref, at, context) {
        const answer = await store.read(ref, at, context)
        if (answer.is === 'expired') await store.read(ref, { ...at, idle: 1e12, slice: 0 }, context)
        return answer
      },
    }),
    'the idle limit, is the reader’s own, and is judged before the session slides',
  ],
  [
    'that slides on every read',
    (store) => ({ read: (ref, at, context) => store.read(ref, { ...at, slice: 0 }, context) }),
    'the idle limit, counts from the last request that was noted: once per slice',
  ],
  [
    'that never slides',
    (store) => ({ read: (ref, at, context) => store.read(ref, { ...at, slice: 1e12 }, context) }),
    'the idle limit, is held off by reading and by writing',
  ],
  [
    'that forgets write ids',
    (store) => ({
      replace: (row, v, context) =>
        store.replace({ ...row, write: `${Math.random()}` }, v, context),
    }),
    'in every order, a write whose answer was lost counts once',
  ],
  [
    'that answers a resend with the newest version',
    (store) => ({
      async replace(row, ifVersion, context) {
        const answer = await store.replace(row, ifVersion, context)
        const at = { now: row.now, idle: row.idle, slice: 1e12 }
        const now = await store.read(row, at, context)
        return answer.is === 'ok' && now.is === 'found'
          ? { ...answer, version: now.version }
          : answer
      },
    }),
    'replace, sent again answers ok with its own version, also after others wrote',
  ],
  [
    'that forgets which call ended a session',
    (store) => ({ end: (ref, grace, context) => store.end(ref, grace, context) }),
    'end, sent again says that it ended the session, and no other call says so',
  ],
  [
    'that forgets how many sessions a call ended',
    (store) => ({ endAll: (index, keep, context) => store.endAll(index, keep, context) }),
    'endAll, sent again answers the same number',
  ],
  [
    'that takes its own message for a repeated one',
    (store) => ({
      endMarked: async (mark, { write: _, ...options }, context) =>
        (await store.endMarked?.(mark, options, context)) ?? false,
    }),
    'endMarked, sent again answers as before, and another call with its message does not',
  ],
  [
    'that lets the last write win',
    (store) => ({
      async replace(row, ifVersion, context) {
        const answer = await store.replace(row, ifVersion, context)
        return answer.is === 'conflict' ? store.replace(row, answer.version, context) : answer
      },
    }),
    'in every order, two or three clients that add one each have added all',
  ],
  [
    'that does not ask the list',
    (store) => ({
      read: ({ key }, at, context) => store.read({ key }, at, context),
      replace: ({ index: _, ...row }, v, context) => store.replace(row, v, context),
    }),
    'endAll, ends every session of a user, whatever is asked of it afterwards',
  ],
  [
    'that ends the one to keep, too',
    (store) => ({ endAll: (index, _, context) => store.endAll(index, undefined, context) }),
    'endAll, spares the one to keep',
  ],
  [
    'that rotates from any version',
    (store) => ({
      rotate: (old, next, { grace }, context) => store.rotate(old, next, { grace }, context),
    }),
    'in every order, a login that keeps something keeps every write that was acknowledged',
  ],
  [
    'that gets longer sessions only',
    (store) => ({
      create: (row, context) => store.create({ ...row, idle: row.idle + 60_000 }, context),
    }),
    'the idle limit, is kept by the store itself: what nobody asks for is forgotten',
  ],
  [
    'that parses what it holds',
    (store) => ({
      async read(ref, at, context) {
        const answer = await store.read(ref, at, context)
        if (answer.is !== 'found' || !/^\d+$/.test(answer.record)) return answer
        return { ...answer, record: Number(answer.record) as unknown as string } satisfies Found
      },
    }),
    'names and records, come back unread, whatever they look like',
  ],
]

describe('storeContract', () => {
  it('passes a store that keeps it', async () => {
    expect(await failuresOf(() => memoryAt())).toEqual([])
  })

  it.each(faults)('finds a store %s', async (_, change, title) => {
    expect(await failuresOf(() => memoryAt({}, change))).toContain(title)
  })

  it('finds a store with a limit for each user that is not the one it says', async () => {
    const tooFew = { ...memoryAt({ maxPerUser: 3 }), maxPerUser: 4 }
    const { store } = tooFew
    expect(await failuresOf(() => ({ ...tooFew, store: { ...store } }))).toContain(
      'one user, has at most so many sessions: the oldest goes, the newest stays',
    )
  })

  it('finds a store whose clock stands still', async () => {
    expect(
      await failuresOf(() => ({ ...memoryAt(), store: memoryStore({ clock: () => 0 }) })),
    ).toContain('the mark of an ended session, lasts for the grace and no longer')
  })

  it('hands the context to every verb', async () => {
    const env = { NAME: 'value' }
    const seen = new Set<string>()
    const tested = memoryAt({}, (store) =>
      Object.fromEntries(
        Object.entries(store).map(([verb, ask]) => [
          verb,
          (...given: unknown[]): unknown => {
            if ((given.at(-1) as { env?: unknown }).env === env) seen.add(verb)
            return (ask as (...given: unknown[]) => unknown)(...given)
          },
        ]),
      ),
    )
    expect(await failuresOf(() => ({ ...tested, context: { env } }))).toEqual([])
    expect([...seen].sort()).toEqual([
      'create',
      'end',
      'endAll',
      'endMarked',
      'list',
      'read',
      'readReplaced',
      'replace',
      'rotate',
    ])
  })
})

describe('the orders of turns', () => {
  it('are all there are, each once', () => {
    expect(orders([2, 1])).toEqual([
      [0, 0, 1],
      [0, 1, 0],
      [1, 0, 0],
    ])
    const all = orders([2, 2, 2]).map(String)
    expect(all.length).toBe(90)
    expect(new Set(all).size).toBe(90)
  })
})
