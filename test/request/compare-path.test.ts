import { describe, expect, it, test } from 'vitest'
import { foldPath } from '../../src/request/index.ts'
import vectors from '../vectors/case-mappings.json' with { type: 'json' }

// Of Unicode 17, also where the runtime has an older one, as Deno 2.9 and Node 20 do.
const { same } = vectors
const path = (text: string, before = 'a'): string => `/${encodeURIComponent(before + text)}b`

// curl https://app.example.com/adm%C4%B0n, at a server that compares without case.
describe('G2: two paths that a server compares as equal without case', () => {
  test('are one path to guards, for every code point that Java, Python or JavaScript gives another case', () => {
    const differ: string[] = []
    for (const [char = '', ...others] of same) {
      const folded = foldPath(path(char))
      for (const other of others) {
        if (foldPath(path(other)) !== folded)
          differ.push(`${char} U+${char.codePointAt(0)?.toString(16)} ${other}`)
      }
    }
    expect(differ).toEqual([])
    expect(same.length).toBeGreaterThan(2800)
  })

  test('are one path beside other letters and marks, whatever their order', () => {
    const marks = ['̣', '́', 'ͅ', 'i', 'Σ', 'ß']
    const differ: string[] = []
    for (const [char = '', ...others] of same) {
      for (const mark of marks) {
        const [before, after] = [foldPath(path(mark + char, 'ω')), foldPath(path(char + mark, 'ω'))]
        for (const other of others) {
          if (
            foldPath(path(mark + other, 'ω')) !== before ||
            foldPath(path(other + mark, 'ω')) !== after
          ) {
            differ.push(`U+${char.codePointAt(0)?.toString(16)} ${other} ${mark}`)
          }
        }
      }
    }
    expect(differ).toEqual([])
  })

  test.each([
    ['Turkish dotted I', '/adm\u0130n', '/admin'],
    ['Turkish dotless i', '/adm\u0131n', '/admin'],
    ['an i with a dot above', '/admi\u0307n', '/admin'],
    ['the Kelvin sign', '/to\u212Aen', '/token'],
    ['the Angstrom sign', '/\u212Bland', '/åland'],
    ['a long s', '/\u017Fettings', '/settings'],
    ['a sharp s', '/stra\u00DFe', '/STRASSE'],
    ['a capital sharp s', '/stra\u1E9Ee', '/strasse'],
    ['a final sigma', '/\u03BF\u03B4\u03BF\u03C2', '/\u039F\u0394\u039F\u03A3'],
    ['Cherokee', '/\uAB70\u13A0', '/\u13A0\uAB70'],
    ['Georgian', '/\u10D0', '/\u1C90'],
    ['a digraph in title case', '/\u01C5', '/\u01C6'],
    ['Deseret, beyond the basic plane', '/\u{10400}', '/\u{10428}'],
    ['wide letters', '/\uFF41dmin', '/admin'],
    ['a ligature', '/o\uFB00ice', '/office'],
    ['decomposed letters', '/cafe\u0301', '/caf\u00E9'],
    ['a joiner that HFS+ ignores', '/ad\u200Cmin', '/admin'],
    ['a soft hyphen', '/ad\u00ADmin', '/admin'],
  ])('%s is one letter with its likes', (_, one, other) => {
    expect(foldPath(encodeURI(one))).toBe(foldPath(encodeURI(other)))
  })

  it.each([
    ['of Unicode 17', '\u{A7CE}\u{16EA0}', '\u{A7CF}\u{16EBB}'],
    ['of Unicode 16, in outline', '\u{1CCD6}dmin\u{1CCF7}', 'admin7'],
    ['of Unicode 16, with two cases', '\u{10D50}\u{A7DC}', '\u{10D70}\u{19B}'],
    [
      'of Unicode 16, composed',
      '\u{113C5}\u{16126}',
      '\u{113C2}\u{113C2}\u{1611E}\u{1611E}\u{1611F}',
    ],
    ['of Unicode 15, above the line', '\u{1E030}', '\u{430}'],
    ['of Unicode 17, a mark beside another', 'a\u{1ACF}\u{323}', 'a\u{323}\u{1ACF}'],
  ])('are one by letters %s, whatever the runtime knows', (_, one, other) => {
    expect(foldPath(path(one))).toBe(foldPath(path(other)))
  })

  // The result itself is the same on all runtimes: this file runs in each of them.
  it.each([
    ['\u{A7CE}', '/a\u{A7CF}b'],
    ['\u{16EB8}', '/a\u{16ED3}b'],
    ['\u{1CCEF}', '/azb'],
    ['\u{113C5}', '/a\u{113C2}\u{113C2}b'],
    ['\u{16D6A}', '/a\u{16D63}\u{16D67}\u{16D67}b'],
    ['\u{0897}', '/ab'],
    ['\u{E9}', '/a\u{E9}b'],
  ])('%s is %s', (one, folded) => {
    expect(foldPath(path(one))).toBe(folded)
  })

  it('leaves other letters apart', () => {
    const others = ['/admin', '/ádmin', '/admın2', '/аdmin', '/admin1', '/αdmin', '/administration']
    expect(new Set(others.map((each) => foldPath(encodeURI(each)))).size).toBe(others.length)
  })
})
