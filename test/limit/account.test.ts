import { describe, expect, it } from 'vitest'
import { accountKey } from '../../src/limit/throttle/account.ts'

describe('the key of an account', () => {
  // Ten spellings that origins take for one: without this an attacker has ten limits.
  it.each([
    ['as it is', 'zoe@example.com'],
    ['upper case', 'ZOE@Example.COM'],
    ['spaces around', '  zoe@example.com\t'],
    ['full width', 'ｚｏｅ@example.com'],
    ['an accent, composed', 'zoé@example.com'],
    ['an accent, apart', 'zoe\u0301@example.com'],
    ['a zero width space', 'z\u200boe@example.com'],
    ['a soft hyphen', 'zo\u00ade@example.com'],
    ['a right-to-left mark', '\u200fzoe@example.com'],
    ['a NUL', 'zoe@example.com\0'],
    ['a mathematical letter', '𝐳oe@example.com'],
    ['a byte order mark', '\ufeffzoe@example.com'],
  ])('%s', (_, spelling) => {
    expect(accountKey(spelling)).toBe('zoe@example.com')
  })

  it('keeps apart what are other accounts', () => {
    const names = ['zoe', 'zoe@example.com', 'zoe+1@example.com', 'z.oe@example.com', 'zo e', 'зое@example.com', '0']
    expect(new Set(names.map(accountKey)).size).toBe(names.length)
  })

  it('squeezes spaces and folds the dotted capital I', () => {
    expect(accountKey('Ann  \u00a0 Lee')).toBe('ann lee')
    expect(accountKey('İ@example.com')).toBe('i@example.com')
  })

  it.each([
    ['nothing', ''],
    ['spaces', ' \u3000 '],
    ['marks only', '\u0301\u200b'],
    ['321 characters', 'a'.repeat(321)],
    ['10 kB', 'a'.repeat(10_240)],
    ['little that becomes much', '\ufdfa'.repeat(100)],
  ])('%s names nobody', (_, text) => {
    expect(accountKey(text)).toBe(undefined)
  })

  it('takes 320 characters', () => {
    expect(accountKey('a'.repeat(320))).toBe('a'.repeat(320))
  })
})
