import { describe, expect, it } from 'vitest'
import vectors from '../vectors/crypto-gcm.json' with { type: 'json' }
import { sealerOf } from './support.ts'

describe('AES-GCM as a seal uses it', () => {
  it.each(vectors.vectors)('$id $flag: $comment', async ({ token, text }) => {
    const found = await sealerOf().open(token)
    if (text === null) expect(found).toHaveProperty('refused')
    else expect(found).toBe(text)
  })
})
