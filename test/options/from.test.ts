import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { createIssues, type Issues, resolveFrom } from '../../src/options/index.ts'

const long = (value: string, at: Issues): string => {
  if (value.length < 4) at.add('', 'is too short')
  return value.toUpperCase()
}

describe('a From option', () => {
  it('given as a value is judged while building, under its name', () => {
    const list = createIssues('session')
    resolveFrom(list, 'secret', 'abc', long)
    expect(() => list.throwIfAny()).toThrow('session.secret is too short')
  })

  it('given as a function is judged at the request, not before', () => {
    const list = createIssues('session')
    const resolve = resolveFrom(list, 'secret', (c: { env: { S: string } }) => c.env.S, long)
    list.throwIfAny()
    expect(resolve({ S: 'abcd' })).toBe('ABCD')
    expect(() => resolve({ S: 'abc' })).toThrow(ConfigError)
  })

  it('is worked out once for one value, and again for another', () => {
    let judged = 0
    const resolve = resolveFrom(
      createIssues(),
      'secret',
      (c: { env: { S: string[] } }) => c.env.S,
      (value) => {
        judged += 1
        return value.join()
      },
    )
    expect([resolve({ S: ['a', 'b'] }), resolve({ S: ['a', 'b'] }), judged]).toEqual([
      'a,b',
      'a,b',
      1,
    ])
    expect([resolve({ S: ['b', 'a'] }), judged]).toEqual(['b,a', 2])
  })

  it('notices an array that was changed in place', () => {
    const secrets = ['a']
    const resolve = resolveFrom(
      createIssues(),
      'secret',
      () => secrets,
      (value) => value.join(),
    )
    expect(resolve({})).toBe('a')
    secrets.push('b')
    expect(resolve({})).toBe('a,b')
  })

  it('that is not set names itself', () => {
    const resolve = resolveFrom(
      createIssues('session'),
      'secret',
      (): string | undefined => undefined,
      long,
    )
    expect(() => resolve({})).toThrow('session.secret is not set')
  })

  it('whose function throws says nothing of what it threw', () => {
    const resolve = resolveFrom(
      createIssues(),
      'secret',
      (): string => {
        throw new Error('value is hunter2')
      },
      long,
    )
    expect(() => resolve({})).toThrow('secret could not be read from the environment')
  })

  it('that is required and absent is a fault', () => {
    const list = createIssues('gateway')
    resolveFrom<string, string>(list, 'publicOrigin', undefined, long)
    expect(() => list.throwIfAny()).toThrow('gateway.publicOrigin is required')
  })
})
