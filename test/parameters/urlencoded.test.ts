import { describe, expect, it } from 'vitest'
import {
  createNameCheck,
  foldText,
  possibleNames,
  readParameters,
} from '../../src/parameters/index.ts'

describe('an urlencoded text', () => {
  it('is read', () => {
    expect(readParameters('a=1&b=x+y%20z%C3%A9&c&d=&=e&&f=g=h')).toEqual([
      ['a', '1'],
      ['b', 'x y z\u00e9'],
      ['c', ''],
      ['d', ''],
      ['', 'e'],
      ['f', 'g=h'],
    ])
    expect(readParameters('')).toEqual([])
    expect(readParameters('_charset_=UTF-8')).toEqual([['_charset_', 'UTF-8']])
  })

  it('T10: has at most 200 names beyond ASCII, each of which costs a fold', () => {
    const fields = (count: number): string =>
      Array.from({ length: count }, (_, i) => `%EF%B7%BA${i}=1`).join('&')
    expect(readParameters(fields(200))).toHaveLength(200)
    expect(readParameters(fields(201))).toBeUndefined()
    expect(
      readParameters(Array.from({ length: 1000 }, (_, i) => `a${i}=%EF%B7%BA`).join('&')),
    ).toHaveLength(1000)
  })

  it('is in no other charset, in whatever spelling the field for it is', () => {
    for (const name of [
      '_charset_',
      '_CHARSET_',
      '%EF%BC%BFcharset%EF%BC%BF',
      '%EF%B9%8Dcharset%EF%B8%B3',
      '_ch%C3%A1rset_',
    ]) {
      expect(readParameters(`${name}=ISO-8859-1`)).toBeUndefined()
      expect(readParameters(`${name}=utf-8`)).toHaveLength(1)
    }
  })

  it('T2: names everything that some server may find in it', () => {
    expect(possibleNames('a=1;b=2&c;d%00e=3&%66=4&%u0067=5&%E9=6')).toEqual([
      ...['a', 'b', 'c', 'd', 'e', 'f', 'g', '\u00e9'],
    ])
  })
})

describe('a name', () => {
  it('T4: is taken apart at whatever servers take names apart at', () => {
    const mayMean = createNameCheck('user[email]')
    const names = [
      'user',
      'user[email][]',
      'a.email',
      'USER.EMAIL',
      'user_email',
      'user email',
      'email',
      'x$email',
    ]
    expect(names.filter((name) => !mayMean(name))).toEqual([])
    expect(['user[name]', 'users', 'emails', 'email_2', ''].filter(mayMean)).toEqual([])
  })
})

describe('folded text', () => {
  it.each([
    ['\u0130\u0131\u017f\u212a', 'iisk'],
    ['Stra\u00dfe \u1e9e', 'strasse ss'],
    [
      '\u00d8\u00f8\u0110\u0111\u00d0\u00f0\u0141\u0142\u0126\u0127\u00c6\u00e6\u0152\u0153\u00de\u00fe',
      'ooddddllhhaeaeoeoethth',
    ],
    ['\u03a3\u0391\u03a3 \u03c2\u03c3', '\u03c3\u03b1\u03c3 \u03c3\u03c3'],
    ['a\u0301\u200b\u0000\u0007\u00adb\ufe0f\u3164', 'ab'],
    ['\uff21\u2460\u2102\ufb03', 'a1cffi'],
    ['\u0661\u0662\u0669\u0966\u{1d7d8}', '12900'],
    ['  a \t\u00a0 b\u2003', 'a b'],
  ])('T9: %j is %j', (text, folded) => {
    expect(foldText(text)).toBe(folded)
    expect(foldText(folded)).toBe(folded)
  })
})
