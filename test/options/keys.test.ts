import { describe, expect, it } from 'vitest'
import { checkKeys, createIssues, nearestKey } from '../../src/options/index.ts'

const known = ['maxAge', 'idleTimeout', 'sameSite', 'insecurePlainHttp']

describe('unknown option keys', () => {
  it.each([
    ['maxage', 'maxAge'],
    ['max_age', 'maxAge'],
    ['idleTimout', 'idleTimeout'],
    ['samesite', 'sameSite'],
    ['insecurePlainHTTP', 'insecurePlainHttp'],
    ['cookieSameSite', 'sameSite'],
    ['session-max-age', 'maxAge'],
  ])('%s was meant as %s', (typed, meant) => {
    expect(nearestKey(typed, known)).toBe(meant)
  })

  it.each([['resave'], [''], ['x'.repeat(10_000)]])('%s was meant as nothing', (typed) => {
    expect(nearestKey(typed, known)).toBe(undefined)
  })

  it('with which a longer word ends are suggested, from four characters on', () => {
    expect(nearestKey('secureHeaders', ['headers', 'csrf'])).toBe('headers')
    expect(nearestKey('localHub', ['hub', 'id'])).toBe(undefined)
  })

  it('are all named at once, with the prefix, and never with their values', () => {
    const list = createIssues('session')
    checkKeys(list, { maxage: 'topsecret', resave: 'topsecret', sameSite: 'lax' }, known)
    expect(() => list.throwIfAny()).toThrow(
      'session.maxage is not an option; did you mean maxAge?; session.resave is not an option',
    )
  })

  it('count as absent where the value is undefined', () => {
    const list = createIssues()
    checkKeys(list, { resave: undefined }, known)
    expect(list.any).toBe(false)
  })

  it.each([[null], [[]], ['text'], [undefined]])('options that are %j are no object', (given) => {
    const list = createIssues('session')
    checkKeys(list, given, known)
    expect(() => list.throwIfAny()).toThrow('session must be an object')
  })
})
