import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyRing } from '../../src/crypto/index.ts'
import { blindKey, unmistakable } from '../../src/limit/keys.ts'
import { faults } from '../../src/options/index.ts'
import { secret } from './support.ts'

const ring = keyRing(secret, faults())

describe('keys', () => {
  it('are 22 characters that need no escaping, whatever they stand for', async () => {
    for (const text of ['', '*', 'a:b', '\n', '\0', '🦊', '\ud83e', 'x'.repeat(10_000), 'ann@example.test']) {
      expect(await blindKey(ring, text)).toMatch(/^[A-Za-z0-9_-]{22}$/)
    }
  })

  it('are others for other texts: separators, lone surrogates, numbers and order make a difference', () => {
    const parts = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.integer()), { maxLength: 4 })
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        const same = a.length === b.length && a.every((part, i) => part === b[i])
        expect(unmistakable(...a) === unmistakable(...b)).toBe(same)
      }),
    )
    const texts = ['\ud83e', '\ud83f', '\udd8a', '\ufffd', 'a","b', 'a\\u0000', 'a\0', '1']
    expect(new Set(texts.map((text) => unmistakable(text))).size).toBe(texts.length)
    expect(unmistakable('a', 'b')).not.toBe(unmistakable('a","b'))
    expect(unmistakable(1)).not.toBe(unmistakable('1'))
  })

  it('are others under another secret', async () => {
    const other = keyRing('kT4vN8xB2mQ6zR9cW3yL7dH1sJ5fG0pAuE', faults())
    expect(await blindKey(ring, 'a')).not.toBe(await blindKey(other, 'a'))
    expect(await blindKey(ring, 'a')).toBe(await blindKey(keyRing([secret, 'unused'.repeat(9)], faults()), 'a'))
  })
})
