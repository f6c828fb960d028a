import { assert, asyncProperty, constantFrom, jsonValue } from 'fast-check'
import * as Iron from 'iron-webcrypto'
import { describe, expect, it } from 'vitest'
import {
  type IronPasswords,
  type OpenedIron,
  openIron,
  type SealRejection,
} from '../../src/crypto/index.ts'
import vectors from '../vectors/crypto-iron.json' with { type: 'json' }
import { countCrypto, noon } from './support.ts'

const password = 'q8Tz3LmV7xWcR2bNp5KdJ9hYs4GfA6uE'
const other = 'V5kXw2Jb8ZrQn4TdM9pFyC3hLs7GaE6u'
const key = new Uint8Array(32).map((_, at) => at * 7)
const data = { userId: 'u1', n: 3 }
const json = JSON.stringify(data)

function open(
  token: string,
  passwords: IronPasswords = password,
  now = Date.now(),
): Promise<OpenedIron | SealRejection> {
  return openIron(token, passwords, { clock: () => now })
}

async function refusal(...given: Parameters<typeof open>): Promise<string | undefined> {
  const opened = await open(...given)
  return 'refused' in opened ? opened.refused : undefined
}

/** A seal whose parts are what they are told to be, with a MAC that holds. */
async function sealed(
  parts: Record<number, string> = {},
  text = json,
  by = password,
): Promise<string> {
  const { encrypted, key: made } = await Iron.encrypt(by, Iron.defaults.encryption, text)
  const base64url = (bytes: Uint8Array): string =>
    btoa(String.fromCharCode(...bytes)).replaceAll(/[+/=]/g, (c) => swap[c] ?? '')
  const swap: Record<string, string> = { '+': '-', '/': '_' }
  const list = ['Fe26.2', '', made.salt, base64url(made.iv), base64url(encrypted), '']
  for (const [at, part] of Object.entries(parts)) list[Number(at)] = part
  const covered = list.slice(0, 6).join('*')
  const integrity = {
    ...Iron.defaults.integrity,
    ...(parts[6] !== undefined && { salt: parts[6] }),
  }
  const mac = await Iron.hmacWithPassword(by, integrity, covered)
  return `${covered}*${parts[6] ?? mac.salt}*${mac.digest}`
}

describe('fixed seals', () => {
  it.each(vectors.seals.filter((v) => v.reader === 'iron').map((v) => [v.by, v] as const))(
    '%s opens',
    async (_, v) => {
      const { expiresAt } = v as { expiresAt?: number }
      const opened = await open(v.token, v.password as string, noon)
      expect(opened).toEqual({ json: v.json, expiresAt, mac: v.token.split('*')[7] })
    },
  )

  it.each(vectors.refused.map((v) => [v.why, v] as const))('with %s is refused', async (_, v) => {
    expect(await refusal(v.token, v.password)).toBe(v.refused)
  })
})

describe('what iron-webcrypto seals opens', () => {
  const options = { ...Iron.defaults, ttl: 3600_000 }

  it.each<[string, Parameters<typeof Iron.seal>[1], IronPasswords]>([
    ['with a password', password, password],
    ['with an id, by one password', { id: 'k1', secret: password }, password],
    ['with an id, by a map', { id: 'k1', secret: password }, { k0: other, k1: password }],
    ['without an id, by the default of a map', password, { default: password, k1: other }],
    ['without an id, by the empty id of a map', password, { '': password, default: other }],
    ['with a key', key, key],
    ['with an id and a key', { id: 'k1', secret: key }, key],
  ])('%s', async (_, by, passwords) => {
    const token = await Iron.seal(data, by, Iron.defaults)
    expect(await open(token, passwords)).toEqual({
      json,
      expiresAt: undefined,
      mac: token.split('*')[7],
    })
  })

  it('with an end', async () => {
    const before = Date.now()
    const opened = (await open(await Iron.seal(data, password, options))) as OpenedIron
    expect(opened.expiresAt).toBeGreaterThan(before + 3600_000 - 1)
    expect(opened.expiresAt).toBeLessThan(Date.now() + 3600_000 + 1)
  })

  it('whatever JSON it is', async () => {
    await assert(
      asyncProperty(jsonValue({ maxDepth: 3 }), async (value) => {
        const text = JSON.stringify(value)
        const opened = await open(
          await Iron.seal(value as object, password, { ...options, encode: () => text }),
        )
        if (/"__proto__":/.test(text)) expect(opened).toEqual({ refused: 'malformed' })
        else expect((opened as OpenedIron).json).toBe(text)
      }),
      { numRuns: 60 },
    )
  })
})

describe('an end', () => {
  // The libraries let 60 seconds pass, and not one millisecond more.
  it.each([
    [-1, undefined],
    [0, undefined],
    [59_999, undefined],
    [60_000, 'expired'],
    [86_400_000, 'expired'],
  ])('%s ms ago: %s', async (ago, refused) => {
    const token = await sealed({ 5: String(noon) })
    expect(await refusal(token, password, noon + ago)).toBe(refused)
  })

  it('with another allowance', async () => {
    const token = await sealed({ 5: String(noon) })
    const at = (now: number, skew: number): Promise<OpenedIron | SealRejection> =>
      openIron(token, password, { clock: () => now, skew })
    expect(await at(noon - 1, 0)).toHaveProperty('json')
    expect(await at(noon, 0)).toEqual({ refused: 'expired' })
    expect(await at(noon + 299_999, 300)).toHaveProperty('json')
    expect(await at(noon + 300_000, 300)).toEqual({ refused: 'expired' })
  })

  it('changed or removed is noticed', async () => {
    const token = await sealed({ 5: String(noon) })
    for (const end of ['', String(noon + 1), '999999999999999']) {
      expect(await refusal(token.replace(`*${noon}*`, `*${end}*`), password, noon)).toBe('tampered')
    }
  })
})

describe('a seal is refused', () => {
  const hex = '0123456789abcdef'.repeat(4)

  it.each<[string, SealRejection['refused'], Record<number, string>]>([
    ['of another version', 'malformed', { 0: 'Fe26.1' }],
    ['of another version', 'malformed', { 0: 'Fe27.2' }],
    ['of no version', 'malformed', { 0: '' }],
    ['with an id that none may have', 'malformed', { 1: 'a-b' }],
    ['with an endless id', 'malformed', { 1: 'a'.repeat(65) }],
    ['with a short salt', 'malformed', { 2: hex.slice(1) }],
    ['with a long salt', 'malformed', { 2: `${hex}0` }],
    ['with a salt in capitals', 'malformed', { 2: hex.toUpperCase() }],
    ['without a salt', 'malformed', { 2: '' }],
    ['with a short iv', 'malformed', { 3: 'AAAAAAAAAAAAAAAA' }],
    ['with a long iv', 'malformed', { 3: 'A'.repeat(32) }],
    ['with an iv that has spare bits', 'malformed', { 3: `${'A'.repeat(21)}B` }],
    ['without an iv', 'malformed', { 3: '' }],
    ['with a text of no whole block', 'malformed', { 4: 'A'.repeat(24) }],
    ['with white space in its text', 'malformed', { 4: `${'A'.repeat(21)}A ` }],
    ['without a text', 'malformed', { 4: '' }],
    ['with an end that is no number', 'malformed', { 5: 'a' }],
    ['with an end of 0', 'malformed', { 5: '0' }],
    ['with an end that begins with 0', 'malformed', { 5: `0${noon}` }],
    ['with a negative end', 'malformed', { 5: '-1' }],
    ['with an end in parts of a millisecond', 'malformed', { 5: `${noon}.5` }],
    ['with an end beyond any date', 'malformed', { 5: '9'.repeat(16) }],
    ['with an end in other digits', 'malformed', { 5: '１７９５' }],
    ['with a short MAC salt', 'malformed', { 6: hex.slice(1) }],
    ['with a MAC salt that is no hexadecimal', 'malformed', { 6: `${hex.slice(1)}g` }],
  ])('%s, as %s', async (_, refused, parts) => {
    const token = await sealed(parts)
    const counts = await countCrypto(async () => expect(await refusal(token)).toBe(refused))
    expect(counts).toEqual({})
  })

  it.each([
    ['too few parts', (token: string) => token.slice(0, token.lastIndexOf('*'))],
    ['too many parts', (token: string) => `${token}*`],
    ['a part before', (token: string) => `*${token}`],
    ['white space before', (token: string) => ` ${token}`],
    ['a line behind', (token: string) => `${token}\n`],
    ['the mark of iron-session', (token: string) => `${token}~2`],
    [
      'a salt for one of its two keys',
      (token: string) => token.replace(/\*[0-9a-f]{64}\*(?=[^*]+$)/, '**'),
    ],
    ['a short MAC', (token: string) => token.slice(0, -1)],
    ['a MAC with spare bits', (token: string) => spare(token)],
    ['nothing', () => ''],
    ['eight thousand stars', () => '*'.repeat(8000)],
  ])('with %s', async (_, change) => {
    const token = change(await sealed())
    expect(await countCrypto(async () => expect(await refusal(token)).toBe('malformed'))).toEqual(
      {},
    )
  })

  /** The same MAC in another spelling: its last letter carries two bits that say nothing. */
  function spare(token: string): string {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    return token.slice(0, -1) + letters[letters.indexOf(token.slice(-1)) + 1]
  }

  it.each<[string, IronPasswords, string]>([
    ['another password', other, 'tampered'],
    ['a password one character longer', `${password}x`, 'tampered'],
    ['a password too short to have made it', password.slice(1), 'unknown-key'],
    ['no password', '', 'unknown-key'],
    ['an empty map', {}, 'unknown-key'],
    ['a map of other ids', { k1: password }, 'unknown-key'],
    ['a map whose default is another', { default: other }, 'tampered'],
    ['a map whose default is too short', { default: 'x' }, 'unknown-key'],
    ['a key', key, 'malformed'],
    ['a key of 31 bytes', key.slice(1), 'unknown-key'],
    ['a key of 33 bytes', new Uint8Array(33), 'unknown-key'],
  ])('by %s', async (_, passwords, refused) => {
    expect(await refusal(await sealed(), passwords)).toBe(refused)
  })

  it.each(['__proto__', 'constructor', 'toString', 'k2'])(
    'with the id %s, which no map has',
    async (id) => {
      expect(await refusal(await sealed({ 1: id }), { k1: password })).toBe('unknown-key')
    },
  )

  it('whose key is told to be a password, or the other way round', async () => {
    expect(await refusal(await Iron.seal(data, key, Iron.defaults), password)).toBe('malformed')
    expect(
      await refusal(
        await Iron.seal(data, key, Iron.defaults),
        key.map((byte) => byte + 1),
      ),
    ).toBe('tampered')
  })

  it.each([
    [
      'AES-128-CTR',
      { encryption: { ...Iron.defaults.encryption, algorithm: 'aes-128-ctr' as const } },
      'malformed',
    ],
    ['more rounds', { encryption: { ...Iron.defaults.encryption, iterations: 2 } }, 'tampered'],
    [
      'more rounds for the MAC',
      { integrity: { ...Iron.defaults.integrity, iterations: 2 } },
      'tampered',
    ],
    ['a shorter salt', { encryption: { ...Iron.defaults.encryption, saltBits: 128 } }, 'malformed'],
  ])('made with %s', async (_, options, refused) => {
    expect(await refusal(await Iron.seal(data, password, { ...Iron.defaults, ...options }))).toBe(
      refused,
    )
  })

  it.each(['{asdasd', '', '{"a":1}x', '\ufeff{}', 'undefined', "{'a':1}"])(
    'that holds %j, which is no JSON',
    async (text) => {
      expect(await refusal(await sealed({}, text))).toBe('malformed')
    },
  )

  // @hapi/iron refuses it: merged into an object, such a member changes the prototype.
  it.each(['{"__proto__":{"admin":true}}', '{"a":[{"__proto__":1}]}', '{"\\u005f_proto__":1}'])(
    'that holds %s',
    async (text) => {
      expect(await refusal(await sealed({}, text))).toBe('malformed')
      expect(await refusal(await sealed({}, '{"a":"__proto__"}'))).toBe(undefined)
    },
  )

  it('of more characters than allowed, unseen', async () => {
    const token = await sealed({}, JSON.stringify('x'.repeat(100_000)))
    expect(await countCrypto(async () => expect(await refusal(token)).toBe('too-long'))).toEqual({})
    const long = await sealed()
    const at = (maxLength: number): Promise<unknown> =>
      openIron(long, password, { clock: () => noon, maxLength })
    expect(await at(long.length)).toHaveProperty('json')
    expect(await at(long.length - 1)).toEqual({ refused: 'too-long' })
  })

  it('after its end or by an unknown id before any crypto', async () => {
    const past = await sealed({ 5: String(noon) })
    const counts = await countCrypto(async () => {
      expect(await refusal(past, password, noon + 60_000)).toBe('expired')
      expect(await refusal(past, { k1: password }, noon)).toBe('unknown-key')
    })
    expect(counts).toEqual({})
  })
})

describe('a seal with one thing changed opens nothing', () => {
  const others = constantFrom(...'ABab09-_*.~= \n', 'é')

  it('any character', async () => {
    const token = await sealed({ 1: 'k1', 5: String(noon + 3600_000) })
    for (let at = 0; at < token.length; at++) {
      for (const other of ['A', 'B', '0', 'f', '_', '*', ' ']) {
        const changed = token.slice(0, at) + other + token.slice(at + 1)
        if (changed !== token) expect(await refusal(changed, password, noon)).not.toBe(undefined)
      }
      expect(await refusal(token.slice(0, at) + token.slice(at + 1), password, noon)).not.toBe(
        undefined,
      )
      expect(await refusal(token.slice(0, at), password, noon)).not.toBe(undefined)
    }
    await assert(
      asyncProperty(others, async (other) => {
        expect(await refusal(token + other, password, noon)).not.toBe(undefined)
        expect(await refusal(other + token, password, noon)).not.toBe(undefined)
      }),
    )
    expect(await refusal(token, password, noon)).toBe(undefined)
  })

  it('parts of two seals', async () => {
    const [a, b] = [(await sealed()).split('*'), (await sealed({}, '{"userId":"u2"}')).split('*')]
    for (const at of [2, 3, 4, 6, 7]) {
      const mixed = a.map((part, i) => (i === at ? b[i] : part)).join('*')
      expect(await refusal(mixed)).toBe('tampered')
    }
  })
})
