import { CompactEncrypt, compactDecrypt } from 'jose'
import { describe, expect, it } from 'vitest'
import { first, sealerOf, second, today } from './support.ts'

const kid = '0WNK9vDA.20777'
const sizes = Array.from({ length: 30 }, (_, i) => 100 + i * 100 + (i % 3))

/** The day's key, derived here once more: HKDF-SHA-256, salt `portcullis v1`, info as the format has it. */
async function dayKey(secret = first): Promise<Uint8Array> {
  const encoder = new TextEncoder()
  const root = await crypto.subtle.importKey('raw', encoder.encode(secret), 'HKDF', false, [
    'deriveBits',
  ])
  const info = encoder.encode(`4:seal|7:session|14:__Host-session|5:${today}`)
  const salt = encoder.encode('portcullis v1')
  return new Uint8Array(
    await crypto.subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt, info }, root, 256),
  )
}

function jsonOf(size: number): string {
  return JSON.stringify({ t: 'x'.repeat(size - 8) })
}

function encrypt(
  header: Record<string, unknown>,
  key: Uint8Array,
  text = jsonOf(100),
): Promise<string> {
  return new CompactEncrypt(new TextEncoder().encode(text))
    .setProtectedHeader(header as { alg: string; enc: string })
    .encrypt(key, { crit: { x: true } })
}

describe('jose', () => {
  it.each(sizes)('opens ours of %s bytes', async (size) => {
    const token = await sealerOf().seal(jsonOf(size))
    const { plaintext, protectedHeader } = await compactDecrypt(token, await dayKey())
    expect(JSON.parse(new TextDecoder().decode(plaintext))).toEqual(JSON.parse(jsonOf(size)))
    expect(protectedHeader).toEqual({ alg: 'dir', enc: 'A256GCM', kid })
  })

  it.each(sizes)('makes ours of %s bytes', async (size) => {
    const token = await encrypt({ alg: 'dir', enc: 'A256GCM', kid }, await dayKey(), jsonOf(size))
    expect(await sealerOf([second, first]).open(token)).toBe(jsonOf(size))
  })

  it('refuses ours with one letter changed, as we refuse its', async () => {
    const token = await sealerOf().seal(jsonOf(100))
    const theirs = await encrypt({ alg: 'dir', enc: 'A256GCM', kid }, await dayKey())
    const key = await dayKey()
    for (const at of [75, 95, 150, -25, -10]) {
      const flip = (text: string): string => {
        const i = at < 0 ? text.length + at : at
        return text.slice(0, i) + (text[i] === 'A' ? 'B' : 'A') + text.slice(i + 1)
      }
      await expect(compactDecrypt(flip(token), key)).rejects.toThrow()
      expect(await sealerOf().open(flip(theirs))).toHaveProperty('refused')
    }
  })

  // Whoever has a day's key could write these; a reader that parses headers would follow them.
  it.each([
    ['another order', { enc: 'A256GCM', alg: 'dir', kid }],
    ['a type', { alg: 'dir', enc: 'A256GCM', kid, typ: 'JWE' }],
    ['a critical extension', { alg: 'dir', enc: 'A256GCM', kid, crit: ['x'], x: 1 }],
    ['no kid', { alg: 'dir', enc: 'A256GCM' }],
    ['another kid', { alg: 'dir', enc: 'A256GCM', kid: 'mine' }],
  ])('with %s in its header makes what we do not open', async (_, header) => {
    expect(await sealerOf().open(await encrypt(header, await dayKey()))).toEqual({
      refused: 'malformed',
    })
  })

  it('under another key makes what we do not open', async () => {
    const token = await encrypt({ alg: 'dir', enc: 'A256GCM', kid }, await dayKey(second))
    expect(await sealerOf([first, second]).open(token)).toEqual({ refused: 'tampered' })
  })

  it('makes texts of every length, and any changed character of them is refused', async () => {
    const ours = sealerOf()
    for (const text of ['', '1', '12', '123', '"é"']) {
      const token = await encrypt({ alg: 'dir', enc: 'A256GCM', kid }, await dayKey(), text)
      expect(await ours.open(token)).toBe(text)
      for (let at = 0; at < token.length; at++) {
        for (const other of ['A', 'B', 'Q', 'g', 'w', '_', '.', '=', ' ']) {
          const changed = token.slice(0, at) + other + token.slice(at + 1)
          if (changed !== token) expect(await ours.open(changed)).toHaveProperty('refused')
        }
      }
    }
  })
})
