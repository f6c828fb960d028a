import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyRing } from '../../src/crypto/index.ts'
import { hashKey, joinUnambiguously } from '../../src/limit/keys.ts'
import { createIssues } from '../../src/options/index.ts'
import { secret } from './support.ts'

const ring = keyRing(secret, createIssues())

describe('keys', () => {
  it('are 22 characters that need no escaping, whatever they stand for', async () => {
    for (const text of [
      '',
      '*',
      'a:b',
      '\n',
      '\0',
      '🦊',
      '\ud83e',
      'x'.repeat(10_000),
      'ann@example.test',
    ]) {
      expect(await hashKey(ring, text)).toMatch(/^[A-Za-z0-9_-]{22}$/)
    }
  })

  it('are others for other texts: separators, lone surrogates, numbers and order make a difference', () => {
    const parts = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.integer()), {
      maxLength: 4,
    })
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        const same = a.length === b.length && a.every((part, i) => part === b[i])
        expect(joinUnambiguously(...a) === joinUnambiguously(...b)).toBe(same)
      }),
    )
    const texts = ['\ud83e', '\ud83f', '\udd8a', '\ufffd', 'a","b', 'a\\u0000', 'a\0', '1']
    expect(new Set(texts.map((text) => joinUnambiguously(text))).size).toBe(texts.length)
    expect(joinUnambiguously('a', 'b')).not.toBe(joinUnambiguously('a","b'))
    expect(joinUnambiguously(1)).not.toBe(joinUnambiguously('1'))
  })

  it('are others under another secret', async () => {
    const other = keyRing('kT4vN8xB2mQ6zR9cW3yL7dH1sJ5fG0pAuE', createIssues())
    expect(await hashKey(ring, 'a')).not.toBe(await hashKey(other, 'a'))
    expect(await hashKey(ring, 'a')).toBe(
      await hashKey(keyRing([secret, 'unused'.repeat(9)], createIssues()), 'a'),
    )
  })
})
