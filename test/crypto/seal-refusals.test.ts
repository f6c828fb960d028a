import { assert, asyncProperty, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  keyRing,
  type Sealer,
  type SealRejection,
  encodeBase64url as toBase64url,
} from '../../src/crypto/index.ts'
import { createIssues } from '../../src/options/index.ts'
import { countCrypto, dayMs, first, noon, sealerOf, second, today } from './support.ts'

const json = '{"u":"a1"}'
const long = JSON.stringify({ u: 'a1', pad: 'x'.repeat(1000) })
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

function header(text: string): string {
  return toBase64url(new TextEncoder().encode(text))
}

/** A token with one part replaced; -1 for a part appended. */
function withPart(token: string, at: number, part: string): string {
  const parts = token.split('.')
  if (at === -1) parts.push(part)
  else parts[at] = part
  return parts.join('.')
}

function textOf(token: string): string {
  return token.split('.')[3] ?? ''
}

/** A token with one of its dots replaced by a letter. */
function withoutDot(token: string, at: number): string {
  return token.split('.').reduce((text, part, i) => `${text}${i - 1 === at ? 'A' : '.'}${part}`)
}

type Make = (token: string) => string
const table: [string, SealRejection['refused'], Make][] = [
  ['nothing', 'malformed', () => ''],
  ['a dot', 'malformed', () => '.'],
  ['four dots', 'malformed', () => '....'],
  ['a thousand dots', 'malformed', () => '.'.repeat(1000)],
  ['a session id of another library', 'malformed', () => 's%3Aj2Vf9.QmFzZTY0'],
  [
    'an Iron seal',
    'malformed',
    () => `Fe26.2**${'0'.repeat(64)}*${'A'.repeat(22)}*${'A'.repeat(43)}`,
  ],
  ['a JWT', 'malformed', () => 'eyJhbGciOiJub25lIn0.eyJ1IjoiYTEifQ.'],
  ['8,192 characters of nothing', 'malformed', () => 'A'.repeat(8192)],
  ['8,193 characters', 'too-long', () => 'A'.repeat(8193)],
  ['100 kB', 'too-long', (token) => withPart(token, 3, 'A'.repeat(100_000))],
  [
    '8,193 characters in our shape',
    'too-long',
    (token) => withPart(token, 3, 'A'.repeat(8193 - token.length + textOf(token).length)),
  ],
  [
    '8,192 characters in our shape',
    'tampered',
    (token) => withPart(token, 3, 'A'.repeat(8192 - token.length + textOf(token).length)),
  ],
  ['a sixth part', 'malformed', (token) => withPart(token, -1, 'A')],
  ['a second token behind it', 'malformed', (token) => `${token}.${token}`],
  ['a part too few', 'malformed', (token) => token.split('.').toSpliced(3, 1).join('.')],
  ['a letter for the first dot', 'malformed', (token) => withoutDot(token, 0)],
  ['a letter for the second dot', 'malformed', (token) => withoutDot(token, 1)],
  ['a letter for the third dot', 'malformed', (token) => withoutDot(token, 2)],
  ['a letter for the last dot', 'malformed', (token) => withoutDot(token, 3)],
  ['no tag', 'malformed', (token) => withPart(token, 4, '')],
  [
    'a short tag: GCM would allow 12 bytes',
    'malformed',
    (token) => withPart(token, 4, token.slice(-22, -6)),
  ],
  ['a nonce of 8 bytes', 'malformed', (token) => withPart(token, 2, 'AAAAAAAAAAA')],
  ['a nonce of 16 bytes', 'malformed', (token) => withPart(token, 2, 'A'.repeat(22))],
  ['no nonce', 'malformed', (token) => withPart(token, 2, '')],
  ['an encrypted key, which dir has not', 'malformed', (token) => withPart(token, 1, 'AAAA')],
  ['no text', 'tampered', (token) => withPart(token, 3, '')],
  [
    'half a text',
    'tampered',
    (token) => withPart(token, 3, (token.split('.')[3] ?? '').slice(0, 8)),
  ],
  ['text of an impossible length', 'malformed', (token) => withPart(token, 3, 'AAAAA')],
  ['text with spare bits', 'malformed', (token) => withPart(token, 3, 'AB')],
  ['text with padding', 'malformed', (token) => withPart(token, 3, 'AAA=')],
  ['text in the other alphabet', 'malformed', (token) => withPart(token, 3, '++++')],
  ['white space around it', 'malformed', (token) => ` ${token}`],
  [
    'white space in the nonce',
    'malformed',
    (token) => withPart(token, 2, `    ${token.split('.')[2]?.slice(4)}`),
  ],
  [
    'a nonce that ends in padding',
    'malformed',
    (token) => withPart(token, 2, `${token.split('.')[2]?.slice(0, 14)}==`),
  ],
  ['white space in the tag', 'malformed', (token) => withPart(token, 4, `  ${token.slice(-20)}`)],
  [
    'a tag that ends in padding',
    'malformed',
    (token) => withPart(token, 4, `${token.slice(-22, -2)}==`),
  ],
  ['white space behind it', 'malformed', (token) => `${token} `],
  ['quotes around it', 'malformed', (token) => `"${token}"`],
  [
    'the header of another day',
    'tampered',
    (token) => withPart(token, 0, header(head('0WNK9vDA', today - 1))),
  ],
  [
    'the header of a day long past',
    'expired',
    (token) => withPart(token, 0, header(head('0WNK9vDA', 10))),
  ],
  [
    'the header of a secret that nobody has',
    'unknown-key',
    (token) => withPart(token, 0, header(head('AAAAAAAA', 10))),
  ],
  [
    'alg none',
    'malformed',
    (token) => withPart(token, 0, header('{"alg":"none","enc":"A256GCM","kid":"0WNK9vDA.20777"}')),
  ],
  [
    'a header with zip',
    'malformed',
    (token) =>
      withPart(
        token,
        0,
        header('{"alg":"dir","zip":"DEF","enc":"A256GCM","kid":"0WNK9vDA.20777"}'),
      ),
  ],
  ['a header that is no JSON', 'malformed', (token) => withPart(token, 0, 'AAAA')],
]

function head(id: string, day: number): string {
  return `{"alg":"dir","enc":"A256GCM","kid":"${id}.${day}"}`
}

describe.each([
  ['that never met a token', async (): Promise<Sealer> => sealerOf()],
  ['that knows the key', async (): Promise<Sealer> => warm(sealerOf())],
] as const)('a sealer %s refuses', (_, make) => {
  // Short tokens are decoded in one piece, long ones in three.
  it.each(
    ([json, long] as const).flatMap((text) =>
      table.map(([what, refused, change]) => [what, refused, text.length, change, text] as const),
    ),
  )('%s as %s, with a text of %i characters', async (_, refused, __, change, text) => {
    const ours = await make()
    const token = change(await sealerOf().seal(text))
    const opened = await ours.open(token)
    expect(opened).toEqual({ refused })
    expect(Object.isFrozen(opened)).toBe(true)
    // The same again: what was refused left nothing behind.
    expect(await ours.open(token)).toBe(opened)
    const counts = await countCrypto(() => ours.open(token))
    expect(counts).toEqual(refused === 'tampered' ? { decrypt: 1 } : {})
  })
})

async function warm(ours: Sealer): Promise<Sealer> {
  await ours.open(await ours.seal(json))
  return ours
}

it('a token of 100 kB costs no crypto, not even the derivation of a key', async () => {
  const token = withPart(await sealerOf().seal(json), 3, 'A'.repeat(100_000))
  const ours = sealerOf()
  const counts = await countCrypto(async () => {
    for (let i = 0; i < 10; i++) expect(await ours.open(token)).toEqual({ refused: 'too-long' })
  })
  expect(counts).toEqual({})
})

it('the limit is what was asked for', async () => {
  const token = await sealerOf().seal(json)
  expect(await sealerOf(first, { maxLength: token.length }).open(token)).toContain(json)
  expect(await sealerOf(first, { maxLength: token.length - 1 }).open(token)).toEqual({
    refused: 'too-long',
  })
})

// A header with a kid that exists is all an attacker can get right; it must cost one derivation a day at most.
it('forged tokens of every day and secret derive a key once and open nothing', async () => {
  const ours = sealerOf([first, second])
  const token = await ours.seal(json)
  const forged: string[] = []
  for (const id of ['0WNK9vDA', '4KAlHQSk', 'AAAAAAAA']) {
    for (let day = today - 5; day < today + 5; day++)
      forged.push(withPart(token, 0, header(head(id, day))))
  }
  const open = async (): Promise<void> => {
    for (const one of forged)
      if (one !== token) expect(await ours.open(one)).toHaveProperty('refused')
  }
  const counts = await countCrypto(open)
  // Window of 2 days back and 1 ahead, two secrets, less the key that sealed.
  expect(counts.deriveKey).toBe(7)
  expect((await countCrypto(open)).deriveKey).toBe(undefined)
  expect(await ours.open(token)).toContain(json)
})

describe('a token with one thing changed opens nothing', () => {
  const ours = sealerOf([first, second])

  async function refusesAll(tokens: Iterable<string>, original: string): Promise<number> {
    let count = 0
    for (const token of tokens) {
      if (token === original) continue
      const opened = await ours.open(token)
      if (typeof opened === 'string') throw new Error(`${token} opened, made from ${original}`)
      count++
    }
    return count
  }

  it.each([
    ['ours', '{"u":"a1"}'],
    ['ours, empty', ''],
  ])('any character changed into any other: %s', async (_, text) => {
    const token = await ours.seal(text)
    const others = [...letters, '.', '=', ' ', '+', '/', '~', '\n', '\u0000', 'é', 'Ł']
    function* changes(): Generator<string> {
      for (let at = 0; at < token.length; at++) {
        for (const other of others) yield token.slice(0, at) + other + token.slice(at + 1)
      }
    }
    expect(await refusesAll(changes(), token)).toBe(token.length * (others.length - 1))
  })

  it('any character left out, doubled, moved, or put in', async () => {
    const token = await ours.seal(json)
    function* changes(): Generator<string> {
      for (let at = 0; at <= token.length; at++) {
        const [before, after] = [token.slice(0, at), token.slice(at)]
        yield before
        yield after
        yield before + after.slice(1)
        yield before + after.slice(0, 1) + after
        yield before + after.slice(1, 2) + after.slice(0, 1) + after.slice(2)
        for (const other of ['A', '_', '.', '=', ' ', '\n', '%', '\u0000'])
          yield before + other + after
      }
    }
    expect(await refusesAll(changes(), token)).toBeGreaterThan(1300)
  })

  it('parts of two tokens put together', async () => {
    const [a, b] = await Promise.all([ours.seal('{"u":"a1"}'), ours.seal('{"u":"b2"}')])
    const other = await sealerOf(second).seal('{"u":"c3"}')
    function* mixes(): Generator<string> {
      for (const from of [b, other]) {
        for (const at of [0, 2, 3, 4]) yield withPart(a, at, from.split('.')[at] ?? '')
      }
    }
    // Header and header of the same day and secret are the same.
    expect(await refusesAll(mixes(), a)).toBe(7)
  })

  it('any text at all', async () => {
    await assert(
      asyncProperty(string({ unit: 'binary', maxLength: 300 }), async (text) => {
        expect(await ours.open(text)).toHaveProperty('refused')
      }),
      { numRuns: 300 },
    )
  })
})

it('what is sealed with a key that day but is not UTF-8 reads as tampered', async () => {
  // Only somebody with the key can make it; it must not throw all the same.
  const ours = sealerOf()
  const key = await keyRing(first, createIssues()).sealKey(0, [
    'session',
    '__Host-session',
    String(Math.floor(noon / dayMs)),
  ])
  const head64 = (await ours.seal(json)).split('.')[0] ?? ''
  const iv = new Uint8Array(12)
  const additionalData = new TextEncoder().encode(head64)
  const sealed = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv, additionalData },
    key,
    new Uint8Array([0xff, 0xfe, 0xfd]),
  )
  const text = toBase64url(new Uint8Array(sealed))
  const token = `${head64}..${toBase64url(iv)}.${text.slice(0, -22)}.${text.slice(-22)}`
  expect(await ours.open(token)).toEqual({ refused: 'tampered' })
})
