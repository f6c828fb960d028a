import { describe, expect, it } from 'vitest'
import { ConfigError, isPortcullisError } from '../../src/errors.ts'
import {
  booleanOption,
  createIssues,
  optionalFunction,
  optionalListener,
  parseChoice,
  parseWholeNumber,
} from '../../src/options/index.ts'

const seconds = { min: 1, max: 100, unit: 'seconds' }

describe('numbers', () => {
  it.each([[1], [50], [100]])('%d is taken', (given) => {
    const list = createIssues()
    expect(parseWholeNumber(list, 'maxAge', given, seconds)).toBe(given)
    expect(list.any).toBe(false)
  })

  it.each([[0], [101], [1.5], [Number.NaN], [Number.POSITIVE_INFINITY], ['5'], [null]])(
    '%s is a fault',
    (given) => {
      const list = createIssues()
      parseWholeNumber(list, 'maxAge', given, seconds)
      expect(() => list.throwIfAny()).toThrow(
        'maxAge must be a whole number of seconds from 1 to 100',
      )
    },
  )

  it('an absent number is undefined and no issue', () => {
    const list = createIssues()
    expect(parseWholeNumber(list, 'maxAge', undefined, seconds)).toBeUndefined()
    expect(list.any).toBe(false)
  })
})

describe('choices', () => {
  it('an absent choice is undefined, a known one is returned, another one is an issue that lists the choices', () => {
    const list = createIssues()
    expect(parseChoice(list, 'mode', undefined, ['enforce', 'observe'])).toBeUndefined()
    expect(parseChoice(list, 'mode', 'observe', ['enforce', 'observe'])).toBe('observe')
    parseChoice(list, 'mode', 'dryRun', ['enforce', 'observe'])
    booleanOption(list, 'secure', 'yes', true)
    optionalFunction(list, 'clock', 5 as never)
    expect(() => list.throwIfAny()).toThrow(
      'mode must be one of "enforce", "observe"; secure must be one of true, false; clock must be a function',
    )
  })
})

describe('listeners', () => {
  it('are told everything, in order', () => {
    const heard: unknown[] = []
    const listener = optionalListener(createIssues(), 'onEvent', (...told: [string, number]) =>
      heard.push(told),
    )
    listener?.('a', 1)
    listener?.('b', 2)
    expect(heard).toEqual([
      ['a', 1],
      ['b', 2],
    ])
  })

  it('that throw or reject disturb nobody', async () => {
    const broken = optionalListener(createIssues(), 'onEvent', () => {
      throw new Error('the log is full')
    })
    expect(() => broken?.()).not.toThrow()
    // Unheard, this rejection would end a Node process and this test run.
    optionalListener(createIssues(), 'onEvent', () =>
      Promise.reject(new Error('the log is away')),
    )?.()
    await Promise.resolve()
  })

  it('may be absent, and must be functions', () => {
    const list = createIssues()
    expect(optionalListener(list, 'onEvent', undefined)).toBe(undefined)
    expect(optionalListener(list, 'onEvent', 'log' as never)).toBe(undefined)
    expect(() => list.throwIfAny()).toThrow('onEvent must be a function')
  })
})

describe('a ConfigError', () => {
  it('gives its issues under their old name, too', () => {
    const error = new ConfigError([{ option: 'secret', problem: 'is not set' }])
    expect(error.faults).toEqual([{ option: 'secret', problem: 'is not set' }])
    expect(Object.keys(error)).not.toContain('faults')
  })

  it('carries its code and every issue', () => {
    const list = createIssues('a')
    list.add('b', 'is wrong')
    list.at('c').add('d', 'is wrong too')
    try {
      list.throwIfAny()
      expect('thrown').toBe('not thrown')
    } catch (error) {
      expect(isPortcullisError(error, 'ERR_CONFIG')).toBe(true)
      expect((error as ConfigError).issues).toEqual([
        { option: 'a.b', problem: 'is wrong' },
        { option: 'a.c.d', problem: 'is wrong too' },
      ])
    }
  })

  it('is absorbed under a longer name; other errors are not', () => {
    const list = createIssues('gateway')
    list.collect(new ConfigError([{ option: 'secret', problem: 'is not set' }]))
    expect(() => list.throwIfAny()).toThrow('gateway.secret is not set')
    expect(() => createIssues().collect(new TypeError('else'))).toThrow(TypeError)
  })
})
