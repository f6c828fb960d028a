import { describe as group, expect as is, it as test, vi } from 'vitest'

/** A fresh copy of what tests import outside vitest: each has its own list of tests. */
async function bare(): Promise<typeof import('../../support/bare.ts')> {
  vi.resetModules()
  return import('../../support/bare.ts')
}

group('the suite outside vitest', () => {
  test('runs hooks from the outside in, undoes them from the inside out', async () => {
    const { afterAll, afterEach, beforeAll, beforeEach, describe, it, run } = await bare()
    const log: string[] = []
    const say = (word: string) => (): void => void log.push(word)
    beforeEach(say('+outer'))
    afterEach(say('-outer'))
    describe('inner', () => {
      beforeAll(() => {
        log.push('(all')
        return say('undone)')
      })
      afterAll(say('all)'))
      beforeEach(() => {
        log.push('+inner')
        return say('-returned')
      })
      afterEach(say('-inner'))
      it('a', say('a'))
      it('b', say('b'))
    })
    is(await run()).toEqual({ passed: 2, failures: [] })
    const each = (name: string): string[] => [
      '+outer',
      '+inner',
      name,
      '-inner',
      '-outer',
      '-returned',
    ]
    is(log).toEqual(['(all', ...each('a'), ...each('b'), 'all)', 'undone)'])
  })

  test('fills titles from rows, arrays and objects alike', async () => {
    const { describe, expect, it, run } = await bare()
    const fail = (): void => expect(1).toBe(2)
    it.each([['a', 1]])('%s is %i, %# %$ 100%%', fail)
    it.each([{ name: 'b', deep: { er: 2 } }])('$name has $deep.er and no $other', fail)
    describe.each([{ room: 'c' }])('in $room', ({ room }: { room: string }) =>
      it(`is ${room}`, fail),
    )
    const { failures } = await run()
    is(failures.map((line) => line.split(': ')[0])).toEqual([
      'a is 1, 0 1 100%',
      'b has 2 and no $other',
      'in c > is c',
    ])
  })

  test('hands rows to the body: arrays spread, objects whole', async () => {
    const { it, run } = await bare()
    const seen: unknown[] = []
    it.each([
      [1, 2],
      [3, 4],
    ])('%s', (...row: unknown[]) => seen.push(row))
    it.each([{ a: 1 }])('$a', (...row: unknown[]) => seen.push(row))
    is((await run()).passed).toBe(3)
    is(seen).toEqual([[1, 2], [3, 4], [{ a: 1 }]])
  })

  test('a throw in beforeAll fails every test of its suite and no other', async () => {
    const { beforeAll, describe, it, run } = await bare()
    describe('broken', () => {
      beforeAll(() => {
        throw new Error('no')
      })
      it('a', () => {})
      describe('inner', () => it('b', () => {}))
    })
    it('c', () => {})
    const { passed, failures } = await run()
    is([passed, failures.length]).toEqual([1, 2])
  })

  test.each(['beforeEach', 'afterEach'] as const)('a throw in %s fails the test', async (hook) => {
    const api = await bare()
    api[hook](async () => Promise.reject(new Error('no')))
    api.it('a', () => {})
    is((await api.run()).failures).toHaveLength(1)
  })

  test('counts assertions when asked to', async () => {
    const { expect, it, run } = await bare()
    it('two of two', () => {
      expect.assertions(2)
      expect(1).toBe(1)
      expect('ab').toEqual(expect.stringContaining('a'))
    })
    it('one of two', () => {
      expect.assertions(2)
      expect(1).toBe(1)
    })
    it('none', () => expect.hasAssertions())
    it('unreachable', () => expect.unreachable('this'))
    is(await run()).toMatchObject({
      passed: 1,
      failures: [
        is.stringContaining('2 assertions expected, 1 made'),
        is.stringContaining('no assertion was made'),
        is.stringContaining('expected "this" not to be reached'),
      ],
    })
  })

  test.each([
    [
      'an async describe',
      (api: Awaited<ReturnType<typeof bare>>): void => api.describe('x', async () => {}),
    ],
    [
      'a test without a body',
      (api: Awaited<ReturnType<typeof bare>>): void => api.it('x', { timeout: 1 }),
    ],
  ])('refuses %s', async (_, declare) => {
    const api = await bare()
    is(() => declare(api)).toThrow()
  })

  test('takes a timeout before or after the body', async () => {
    const { it, run } = await bare()
    it('before', { timeout: 1 }, () => {})
    it('after', () => {}, 60_000)
    is(await run()).toEqual({ passed: 2, failures: [] })
  })
})
