import { describe, expect, it } from 'vitest'
import { randomId } from '../../src/crypto/index.ts'

describe('random ids', () => {
  it.each([
    [undefined, 22],
    [16, 22],
    [32, 43],
    [8, 11],
  ])('of %s bytes have %s characters', (bytes, characters) => {
    expect(randomId(bytes)).toMatch(new RegExp(`^[\\w-]{${characters}}$`))
  })

  it('do not repeat, and use every bit', () => {
    const ids = Array.from({ length: 10_000 }, () => randomId())
    expect(new Set(ids).size).toBe(10_000)
    for (let at = 0; at < 21; at++) expect(new Set(ids.map((id) => id[at])).size).toBe(64)
  })
})
