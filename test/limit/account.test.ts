import { describe, expect, it } from 'vitest'
import {
  accountKey,
  createAccount,
  normalizeWordpressName,
} from '../../src/limit/throttle/account/account.ts'

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
    const names = [
      'zoe',
      'zoe@example.com',
      'zoe+1@example.com',
      'z.oe@example.com',
      'zo e',
      'зое@example.com',
      '0',
    ]
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

describe('T9: spellings that some origin takes for one', () => {
  it.each([
    ['strokes and ligatures', ['dołłhæœøþði', 'DOŁŁHÆŒØÞÐI', 'dollhaeoeothdı']],
    ['sharp s', ['Straße', 'STRASSE', 'strase', 'ſtraẞe']],
    ['sigma', ['ΟΔΥΣΣΕΥΣ', 'οδυσσευς', 'ὀδυσσεύσ']],
    ['dotless i', ['admın', 'ADMIN', 'admİn', 'adm\u0131\u0307n']],
    ['control characters', ['admin\u0007', 'ad\u0007min', 'admin\u0085']],
    ['digits of other scripts', ['user-12', 'user-١٢', 'user-१२', 'user-１２']],
    [
      'telephone numbers',
      [
        '+1 (555) 010-0000',
        '15550100000',
        '001-555-010-0000',
        'tel:+1.555.010.0000',
        '+١٥٥٥٠١٠٠٠٠٠',
      ],
    ],
    ['quotation marks and dashes', ['o’hara-x', "o'hara–x", 'oʼhara‑x']],
  ])('%s', (_, spellings) => {
    expect(new Set(spellings.map((text) => accountKey(text))).size).toBe(1)
  })

  it('short numbers stay apart', () => {
    expect(new Set(['123456', '0123456', '12-34'].map((text) => accountKey(text))).size).toBe(3)
  })

  it.each([
    ...['admin&7;', 'ad<7>min', 'admin%07', 'adm&&x;in', 'ad<b>m</b>in', 'ad<!x>min'],
    ...['ad%%4141min', ' ádmin ', 'admin&#8203;', 'admin&;;'],
  ])('as WordPress: %s', (spelling) => {
    const key = createAccount(spelling, normalizeWordpressName)?.key
    expect(key === undefined || key === 'admin').toBe(true)
  })

  it('as WordPress: a German or Bosnian one writes accents in two letters', () => {
    const same = (a: string, b: string): boolean =>
      createAccount(a, normalizeWordpressName)?.key ===
      createAccount(b, normalizeWordpressName)?.key
    expect([
      same('müller', 'mueller'),
      same('Đorđe', 'DJordje'),
      same('straße', 'strasse'),
    ]).toEqual([true, true, true])
    expect(same('mueller', 'miller')).toBe(false)
  })

  it('as an option says', () => {
    const gmail = (text: string): string => text.replace(/\+[^@]*/, '').replace(/\.(?=.*@)/g, '')
    expect(createAccount('Z.o.e+x@gmail.com', gmail)).toEqual({
      key: 'zoe@gmail.com',
      text: 'Z.o.e+x@gmail.com',
    })
    expect(createAccount('zoe', () => '')).toBe(undefined)
  })
})
