import { describe, expect, it } from 'vitest'
import { equalBytes, equalText } from '../../src/crypto/index.ts'

describe('comparison in constant time', () => {
  it.each([
    ['', '', true],
    ['a', 'a', true],
    ['a', 'b', false],
    ['a', '', false],
    ['abc', 'abcd', false],
    ['abcd', 'abc', false],
    ['xbc', 'abc', false],
    ['abx', 'abc', false],
    ['\u0100', '\u0000', false],
    ['\u0161', 'a', false],
    ['🦭', '🦭', true],
    ['🦭', '🦮', false],
  ])('%j and %j: %s', (a, b, same) => {
    expect(equalText(a, b)).toBe(same)
    const encoder = new TextEncoder()
    expect(equalBytes(encoder.encode(a), encoder.encode(b))).toBe(same)
  })

  it('sees one changed bit at any place', () => {
    const bytes = new Uint8Array(32).fill(7)
    for (let at = 0; at < 32; at++) {
      for (let bit = 1; bit < 256; bit <<= 1) {
        const changed = bytes.slice()
        changed[at] = (changed[at] as number) ^ bit
        expect(equalBytes(bytes, changed)).toBe(false)
      }
    }
  })
})
