import { describe, expect, it } from 'vitest'
import { encodeBase64url, type KeyRing, keyRing } from '../../src/crypto/index.ts'
import { createIssues } from '../../src/options/index.ts'
import vectors from '../vectors/crypto-seal.json' with { type: 'json' }
import { countCrypto, first, second } from './support.ts'

function ringOf(secret: string | string[]): KeyRing {
  const found = createIssues()
  const ring = keyRing(secret, found)
  found.throwIfAny()
  return ring
}

describe('a key ring', () => {
  it('is made without any crypto: Workers forbid some of it at module scope', async () => {
    expect(await countCrypto(() => ringOf([first, second]))).toEqual({})
  })

  it('notes what is wrong with its secrets, all at once and without their values', () => {
    const found = createIssues()
    keyRing(['short', 'a'.repeat(40)], found.at('secret'))
    expect(() => found.throwIfAny()).toThrow(
      'secret.0 must have at least 32 characters; secret.1 repeats a short pattern',
    )
  })

  it('with faults and no secret rejects rather than use an empty key', async () => {
    const ring = keyRing([], createIssues())
    await expect(ring.mac('limit', 'x')).rejects.toThrow(RangeError)
    await expect(ring.sealKey(0, [])).rejects.toThrow(RangeError)
  })

  it.each(vectors.ids.map((v) => [v.id, v.secret] as const))(
    'names a secret %s, as ever',
    async (id, secret) => {
      expect(await ringOf(secret).ids()).toEqual([id])
    },
  )

  it.each(vectors.macs.map((v) => [v.mac, v] as const))(
    'gives the MAC %s, as ever',
    async (mac, v) => {
      expect(encodeBase64url(await ringOf(v.secret).mac(v.purpose, v.text))).toBe(mac)
    },
  )

  it('makes MACs with the first secret and finds those of all, in order', async () => {
    const ring = ringOf([first, second])
    const all = await ring.macs('limit', '192.0.2.1')
    expect(all).toEqual([
      await ringOf(first).mac('limit', '192.0.2.1'),
      await ringOf(second).mac('limit', '192.0.2.1'),
    ])
    expect(await ring.mac('limit', '192.0.2.1')).toEqual(all[0])
    expect(all[0]?.length).toBe(32)
  })

  it('gives different MACs for another purpose, text or secret', async () => {
    const macs = await Promise.all([
      ringOf(first).mac('a', 'b'),
      ringOf(first).mac('b', 'b'),
      ringOf(first).mac('a', 'c'),
      ringOf(first).mac('ab', ''),
      ringOf(second).mac('a', 'b'),
    ])
    expect(new Set(macs.map(encodeBase64url)).size).toBe(5)
  })

  it('derives the key of a purpose once', async () => {
    const ring = ringOf([first, second])
    await ring.macs('limit', 'warm')
    const counts = await countCrypto(async () => {
      for (let i = 0; i < 5; i++) await ring.macs('limit', String(i))
      await ring.mac('limit', 'x')
    })
    expect(counts).toEqual({ sign: 11 })
    expect(await countCrypto(() => ring.mac('user', 'x'))).toEqual({ deriveKey: 1, sign: 1 })
  })

  it('keeps keys that cannot be exported', async () => {
    const key = await ringOf(first).sealKey(0, ['session', 'a', '1'])
    expect(key.extractable).toBe(false)
    expect(key.algorithm).toMatchObject({ name: 'AES-GCM', length: 256 })
  })
})
