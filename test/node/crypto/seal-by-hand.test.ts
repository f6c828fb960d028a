import { compactDecrypt } from 'jose'
import { describe, expect, it } from 'vitest'
import type { SealerOptions } from '../../../src/crypto/index.ts'
import { dayMs, first, sealerOf, today } from '../../crypto/support.ts'
import gcm from '../../vectors/crypto-gcm.json' with { type: 'json' }
import vectors from '../../vectors/crypto-seal.json' with { type: 'json' }
import { type ByHand, dayKeyByHand, keyIdByHand, macByHand, sealByHand } from './by-hand.ts'
import { gcmVectors } from './gcm-vectors.ts'

describe('the format, written once more on node:crypto', () => {
  it.each(vectors.seals.map((v) => [v.token, v] as const))('makes the vector %s', (token, v) => {
    expect(sealByHand(v as ByHand)).toBe(token)
  })

  it.each(vectors.macs.map((v) => [v.mac, v] as const))('makes the MAC %s', (mac, v) => {
    expect(macByHand(v.secret, v.purpose, v.text)).toBe(mac)
  })

  it.each(vectors.ids)('makes the id $id', ({ secret, id }) => {
    expect(keyIdByHand(secret)).toBe(id)
  })

  it('and what is sealed opens with the key it derives', async () => {
    const bound = { purpose: 'device' as SealerOptions['purpose'], name: 'd', audience: 'prod' }
    const token = await sealerOf(first, { ...bound, clock: () => today * dayMs }).seal('{"n":1}')
    const { plaintext } = await compactDecrypt(
      token,
      dayKeyByHand({ secret: first, day: today, ...bound }),
    )
    expect(Buffer.from(plaintext).toString()).toBe('{"n":1}  ')
  })
})

it('the vectors of test/vectors/crypto-gcm.json are what node:crypto makes', () => {
  expect(gcm.vectors).toEqual(gcmVectors())
})
