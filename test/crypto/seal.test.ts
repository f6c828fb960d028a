import { assert, asyncProperty, jsonValue } from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SealerOptions } from '../../src/crypto/index.ts'
import vectors from '../vectors/crypto-seal.json' with { type: 'json' }
import { countCrypto, dayMs, first, noon, sealerOf, second, today } from './support.ts'

const json = '{"u":"a1"}'

describe('a seal', () => {
  it.each(vectors.seals.map((v) => [v.token, v] as const))('%s still opens', async (token, v) => {
    const { secret, purpose, name, audience } = v as typeof v & { audience?: string }
    const bound = {
      purpose: purpose as SealerOptions['purpose'],
      name,
      ...(audience !== undefined && { audience }),
    }
    expect(await sealerOf(secret, { ...bound, clock: () => v.day * dayMs }).open(token)).toBe(
      v.text,
    )
  })

  it('is a compact JWE of our shape', async () => {
    const token = await sealerOf().seal(json)
    const header = 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoiMFdOSzl2REEuMjA3NzcifQ'
    expect(token.startsWith(`${header}..`)).toBe(true)
    expect(token.slice(header.length)).toMatch(/^\.\.[\w-]{16}\.[\w-]{16}\.[\w-]{22}$/)
  })

  it('gives back any JSON, through JSON.parse', async () => {
    const ours = sealerOf()
    await assert(
      asyncProperty(jsonValue({ maxDepth: 4 }), async (value) => {
        const text = JSON.stringify(value)
        const opened = await ours.open(await ours.seal(text))
        expect(JSON.parse(opened as string)).toEqual(JSON.parse(text))
        expect((opened as string).trimEnd()).toBe(text.trimEnd())
      }),
      { numRuns: 200 },
    )
  })

  it('of any length opens: the padding never shows in the JSON', async () => {
    const ours = sealerOf()
    for (let length = 0; length < 100; length++) {
      const text = JSON.stringify('é'.repeat(length))
      expect(JSON.parse((await ours.open(await ours.seal(text))) as string)).toBe(
        'é'.repeat(length),
      )
    }
  })

  it('of a text that begins with a byte order mark keeps it', async () => {
    const ours = sealerOf()
    expect(await ours.open(await ours.seal('\ufeff"a"'))).toBe('\ufeff"a"')
  })

  it('of the same text is never the same twice', async () => {
    const ours = sealerOf()
    const tokens = await Promise.all(Array.from({ length: 3000 }, () => ours.seal(json)))
    const nonces = tokens.map((token) => token.split('.')[2])
    expect(new Set(nonces).size).toBe(3000)
    expect(new Set(tokens.map((token) => token.split('.')[3])).size).toBe(3000)
    // Sealed at once, more of them than there is memory for nonces: each is still the one in its token.
    for (const token of tokens) expect(await ours.open(token)).toContain(json)
  })

  it('draws its nonce for itself: one call to the generator, one encryption', async () => {
    const ours = sealerOf()
    await ours.seal(json)
    expect(await countCrypto(() => ours.seal(json))).toEqual({ getRandomValues: 1, encrypt: 1 })
    const token = await ours.seal(json)
    expect(await countCrypto(() => ours.open(token))).toEqual({ decrypt: 1 })
  })
})

describe('a seal made for something else', () => {
  // The cookie of one name pasted under another; a device token used as a session; staging's cookie sent to production.
  it.each<[string, Partial<SealerOptions>, Partial<SealerOptions>]>([
    ['another cookie', { name: '__Host-session' }, { name: '__Host-other' }],
    ['the same cookie without its prefix', { name: '__Host-session' }, { name: 'session' }],
    ['another purpose', { purpose: 'device' }, { purpose: 'session' }],
    ['a record', { purpose: 'record' }, { purpose: 'session' }],
    ['a transaction', { purpose: 'transaction' }, { purpose: 'csrf' }],
    ['another stage', { audience: 'staging' }, { audience: 'production' }],
    ['a stage, opened by none', { audience: 'staging' }, {}],
    ['no stage, opened by one', {}, { audience: 'staging' }],
    ['an empty stage', { audience: '' }, {}],
    [
      'a name that ends as an audience begins',
      { name: 'ab', audience: 'c' },
      { name: 'a', audience: 'bc' },
    ],
    ['a name that holds the separator', { name: 'a|1:b' }, { name: 'a', audience: 'b' }],
  ])('%s does not open', async (_, made, read) => {
    const token = await sealerOf(first, made).seal(json)
    expect(await sealerOf(first, made).open(token)).toContain(json)
    expect(await sealerOf(first, read).open(token)).toEqual({ refused: 'tampered' })
  })
})

describe('secrets in turn', () => {
  it.each<[string, string | string[], string | string[], string | undefined]>([
    ['appended', first, [first, second], undefined],
    ['moved first', [second, first], [first, second], undefined],
    ['old one kept', first, [second, first], undefined],
    ['old one dropped', first, second, 'unknown-key'],
    ['a deployment ahead', [second, first], first, 'unknown-key'],
  ])('%s', async (_, made, read, refused) => {
    const opened = await sealerOf(read).open(await sealerOf(made).seal(json))
    expect(typeof opened === 'string' ? undefined : opened.refused).toBe(refused)
  })

  it('the first one seals', async () => {
    expect(await sealerOf([second]).open(await sealerOf([second, first]).seal(json))).toContain(
      json,
    )
    expect(await sealerOf([first]).open(await sealerOf([second, first]).seal(json))).toEqual({
      refused: 'unknown-key',
    })
  })
})

describe('days', () => {
  const hour = 3600
  it.each([
    ['an hour', hour, 2, 1],
    ['eight hours', 8 * hour, 2, 1],
    ['a day', 24 * hour, 2, 1],
    ['a day and a second', 24 * hour + 1, 3, 1],
    ['thirty days', 30 * 24 * hour, 31, 1],
  ])(
    'with a lifetime of %s opens from %s: %s days back, %s ahead',
    async (_, lifetime, back, ahead) => {
      for (const [days, opens] of [
        [back, true],
        [back + 1, false],
        [-ahead, true],
        [-ahead - 1, false],
      ] as const) {
        const token = await sealerOf(first, { lifetime, clock: () => noon - days * dayMs }).seal(
          json,
        )
        const opened = await sealerOf(first, { lifetime }).open(token)
        const refused = days < 0 ? 'from-the-future' : 'expired'
        expect(opened).toEqual(opens ? expect.stringContaining(json) : { refused })
      }
    },
  )

  it('a token outlives midnight, its lifetime and clocks that differ', async () => {
    let now = (today + 1) * dayMs - 1
    const ours = sealerOf(first, { clock: () => now })
    const before = await ours.seal(json)
    now += 2
    const after = await ours.seal(json)
    expect(before.split('.')[0]).not.toBe(after.split('.')[0])
    expect(await ours.open(before)).toContain(json)
    // An isolate whose clock is a minute behind still has yesterday.
    now -= 60_000
    expect(await ours.open(after)).toContain(json)
    expect((await ours.seal(json)).split('.')[0]).toBe(before.split('.')[0])
    now += 3600_000 + 60_000
    expect(await ours.open(before)).toContain(json)
  })

  it('a key that was met is refused once its day is past', async () => {
    let now = noon
    const ours = sealerOf(first, { clock: () => now })
    const token = await ours.seal(json)
    expect(await ours.open(token)).toContain(json)
    expect(await ours.open(token)).toContain(json)
    now += 3 * dayMs
    expect(await ours.open(token)).toEqual({ refused: 'expired' })
    expect(await ours.open(token)).toEqual({ refused: 'expired' })
    now -= 3 * dayMs
    expect(await ours.open(token)).toContain(json)
    now -= 2 * dayMs
    expect(await ours.open(token)).toEqual({ refused: 'from-the-future' })
  })

  it('many at once, of every length, open to what each of them holds', async () => {
    const ours = sealerOf(first, { maxLength: 20_000 })
    const texts = Array.from({ length: 60 }, (_, i) =>
      JSON.stringify({ i, pad: `${i}`.repeat(i * i) }),
    )
    const tokens = await Promise.all(texts.map((text) => ours.seal(text)))
    expect(tokens.some(({ length }) => length > 8192)).toBe(true)
    for (let round = 0; round < 2; round++) {
      const opened = await Promise.all(tokens.map((token) => ours.open(token)))
      expect(opened.map((text) => `${text}`.trimEnd())).toEqual(texts)
    }
  })

  it('many at once at the first moment of a day all open', async () => {
    const ours = sealerOf([first, second])
    const tokens = await Promise.all(Array.from({ length: 50 }, (_, i) => ours.seal(`{"i":${i}}`)))
    const reader = sealerOf([second, first])
    const opened = await Promise.all(tokens.map((token) => reader.open(token)))
    expect(opened.map((text) => JSON.parse(text as string).i)).toEqual(
      Array.from({ length: 50 }, (_, i) => i),
    )
  })
})
