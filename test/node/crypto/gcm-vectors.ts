/**
 * Vectors for the seal in the manner of Project Wycheproof: what a broken AES-GCM lets through, each with the flag of its
 * kind. On node:crypto alone. `node test/node/crypto/gcm-vectors.ts` prints test/vectors/crypto-gcm.json.
 */
import { createCipheriv, createHash } from 'node:crypto'
import { type ByHand, dayKeyByHand, keyIdByHand, sealByHand } from './by-hand.ts'

/** One token and what must become of it. */
export interface GcmVector {
  readonly id: number
  readonly flag: string
  readonly comment: string
  readonly token: string
  /** What is inside; null for a token that must not open. */
  readonly text: string | null
}

const given: Omit<ByHand, 'iv' | 'text'> = {
  secret: 'w7Yk2pQz9LmT4vXc8RbN6hJd3FgS5aEu',
  purpose: 'session',
  name: '__Host-session',
  day: 20_777,
}

function ivOf(label: string, length = 12): Buffer {
  return Buffer.concat([createHash('sha512').update(label).digest(), Buffer.alloc(64)]).subarray(
    0,
    length,
  )
}

/** A token with any header, nonce and tag length: what an attacker who had the key could make, or a wrong library. */
function forged(
  iv: Buffer,
  text: string,
  { header, aad, tag = 16 }: { header?: string; aad?: string; tag?: number } = {},
): string {
  const usual = `{"alg":"dir","enc":"A256GCM","kid":"${keyIdByHand(given.secret)}.${given.day}"}`
  const head = Buffer.from(header ?? usual).toString('base64url')
  const cipher = createCipheriv('aes-256-gcm', dayKeyByHand(given), iv)
  cipher.setAAD(Buffer.from(aad ?? head))
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]).toString('base64url')
  return [
    head,
    '',
    iv.toString('base64url'),
    body,
    cipher.getAuthTag().subarray(0, tag).toString('base64url'),
  ].join('.')
}

function withBytes(token: string, part: number, change: (bytes: Buffer) => Buffer): string {
  return token
    .split('.')
    .map((text, at) =>
      at === part ? change(Buffer.from(text, 'base64url')).toString('base64url') : text,
    )
    .join('.')
}

function flipped(bytes: Buffer, at: number, mask: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ mask
  return copy
}

/** All vectors, in their order. */
export function gcmVectors(): GcmVector[] {
  const made: GcmVector[] = []
  const add = (flag: string, comment: string, token: string, text: string | null = null): void => {
    made.push({ id: made.length + 1, flag, comment, token, text })
  }
  for (const length of [0, 1, 2, 3, 15, 16, 17, 31, 32, 33, 48, 255, 256, 1024, 3072]) {
    const text = JSON.stringify('x'.repeat(length))
    const iv = ivOf(`valid ${length}`).toString('base64url')
    add('Ktv', `${text.length} characters`, sealByHand({ ...given, iv, text }), text)
  }
  for (const [name, byte] of [
    ['zeros', 0],
    ['ones', 255],
  ] as const) {
    const iv = Buffer.alloc(12, byte)
    add('SpecialIv', `a nonce of ${name}, as any other`, forged(iv, '{"u":"a1"}'), '{"u":"a1"}')
  }
  const text = '{"user":"a1","roles":["admin"]}'
  const whole = sealByHand({ ...given, iv: ivOf('modified').toString('base64url'), text })
  for (let bit = 0; bit < 128; bit++) {
    add(
      'ModifiedTag',
      `bit ${bit} of the tag`,
      withBytes(whole, 4, (tag) => flipped(tag, bit >> 3, 1 << (bit & 7))),
    )
  }
  for (const [name, change] of [
    ['all bits of the tag', (tag: Buffer) => Buffer.from(tag.map((byte) => byte ^ 255))],
    ['a tag of zeros', () => Buffer.alloc(16)],
    ['a tag of ones', () => Buffer.alloc(16, 255)],
    ['the tag backwards', (tag: Buffer) => Buffer.from(tag).reverse()],
    [
      'the highest bit of every byte of the tag',
      (tag: Buffer) => Buffer.from(tag.map((byte) => byte ^ 128)),
    ],
    [
      'the lowest bit of every byte of the tag',
      (tag: Buffer) => Buffer.from(tag.map((byte) => byte ^ 1)),
    ],
  ] as const) {
    add('ModifiedTag', name, withBytes(whole, 4, change))
  }
  for (const length of [0, 1, 4, 8, 12, 13, 14, 15]) {
    add('TruncatedTag', `${length} bytes of tag`, forged(ivOf('tag'), text, { tag: length }))
  }
  add(
    'LongTag',
    '17 bytes of tag',
    withBytes(whole, 4, (tag) => Buffer.concat([tag, Buffer.alloc(1)])),
  )
  for (const length of [1, 4, 8, 11, 13, 16, 32]) {
    add(
      'IvLength',
      `a nonce of ${length} bytes, with which GCM itself would work`,
      forged(ivOf('iv', length), text),
    )
  }
  add(
    'IvLength',
    'no nonce',
    withBytes(whole, 2, () => Buffer.alloc(0)),
  )
  for (let at = 0; at < text.length; at++) {
    add(
      'ModifiedCiphertext',
      `byte ${at} of the text`,
      withBytes(whole, 3, (bytes) => flipped(bytes, at, 1)),
    )
  }
  add(
    'ModifiedCiphertext',
    'a text cut by one byte',
    withBytes(whole, 3, (bytes) => bytes.subarray(0, -1)),
  )
  add(
    'ModifiedCiphertext',
    'a text longer by one byte',
    withBytes(whole, 3, (bytes) => Buffer.concat([bytes, Buffer.alloc(1)])),
  )
  add(
    'ModifiedCiphertext',
    'no text',
    withBytes(whole, 3, () => Buffer.alloc(0)),
  )
  for (let at = 0; at < 12; at++) {
    add(
      'ModifiedIv',
      `byte ${at} of the nonce`,
      withBytes(whole, 2, (iv) => flipped(iv, at, 128)),
    )
  }
  const kid = `${keyIdByHand(given.secret)}.${given.day}`
  for (const [comment, header] of [
    ['alg none', `{"alg":"none","enc":"A256GCM","kid":"${kid}"}`],
    ['another enc', `{"alg":"dir","enc":"A128GCM","kid":"${kid}"}`],
    ['CBC in the header', `{"alg":"dir","enc":"A256CBC-HS512","kid":"${kid}"}`],
    ['compressed', `{"alg":"dir","enc":"A256GCM","zip":"DEF","kid":"${kid}"}`],
    ['critical', `{"alg":"dir","enc":"A256GCM","kid":"${kid}","crit":["b64"],"b64":false}`],
    ['a key along', `{"alg":"dir","enc":"A256GCM","kid":"${kid}","jwk":{"kty":"oct","k":"AAAA"}}`],
    ['members in another order', `{"enc":"A256GCM","alg":"dir","kid":"${kid}"}`],
    ['white space', `{"alg": "dir", "enc": "A256GCM", "kid": "${kid}"}`],
    ['alg twice', `{"alg":"dir","alg":"dir","enc":"A256GCM","kid":"${kid}"}`],
    ['an empty header', '{}'],
  ] as const) {
    add(
      'ModifiedHeader',
      `${comment}, sealed with the right key`,
      forged(ivOf(comment), text, { header }),
    )
  }
  add('ModifiedAad', 'no additional data', forged(ivOf('aad'), text, { aad: '' }))
  add(
    'ModifiedAad',
    'the header of another day as additional data',
    forged(ivOf('aad2'), text, { aad: 'eyJhbGciOiJkaXIifQ' }),
  )
  return made
}

if (import.meta.main) {
  const source =
    'Made by test/node/crypto/gcm-vectors.ts on node:crypto, after the classes of Project Wycheproof’s aes_gcm_test.json (v1).'
  console.log(JSON.stringify({ source, vectors: gcmVectors() }, null, 2))
}
