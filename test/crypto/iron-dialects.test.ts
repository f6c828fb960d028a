import * as Iron from 'iron-webcrypto'
import { describe, expect, it } from 'vitest'
import { openHonoSession, openIronSession } from '../../src/crypto/index.ts'
import vectors from '../vectors/crypto-iron.json' with { type: 'json' }
import { countCrypto, noon } from './support.ts'

const password = 'q8Tz3LmV7xWcR2bNp5KdJ9hYs4GfA6uE'
const clock = (): number => noon

function vectorsOf(reader: string): (readonly [string, (typeof vectors.seals)[number]])[] {
  return vectors.seals.filter((v) => v.reader === reader).map((v) => [v.by, v] as const)
}

describe('iron-session', () => {
  it.each(vectorsOf('iron-session'))('%s opens', async (_, v) => {
    const opened = await openIronSession(v.token, v.password as string, { clock })
    const { expiresAt } = v as { expiresAt?: number }
    expect(opened).toEqual({ json: v.json, expiresAt, mac: v.token.slice(0, -2).split('*')[7] })
  })

  const [, { token = '' } = {}] = vectorsOf('iron-session')[0] ?? []
  // The mark stands outside the MAC: anybody can write another, so it is exactly this one or none.
  it.each([
    ['without its mark', token.slice(0, -2), undefined],
    ['with the mark of a version there was not', `${token.slice(0, -2)}~3`, 'malformed'],
    ['with a longer mark', `${token}2`, 'malformed'],
    ['with two marks', `${token}~2`, 'malformed'],
    ['with something in its mark', `${token.slice(0, -2)}~x~2`, 'malformed'],
    ['with an empty mark', token.slice(0, -1), 'malformed'],
    ['of a mark alone', '~2', 'malformed'],
  ])('%s: %s', async (_, cookie, refused) => {
    const opened = await openIronSession(cookie, password, { clock })
    expect('refused' in opened ? opened.refused : undefined).toBe(refused)
  })

  it('of 100 kB is refused unseen', async () => {
    const counts = await countCrypto(async () => {
      expect(
        await openIronSession(`${token.slice(0, -2)}${'A'.repeat(100_000)}~2`, password, { clock }),
      ).toEqual({
        refused: 'too-long',
      })
      expect(
        await openIronSession(token, password, { clock, maxLength: token.length - 1 }),
      ).toEqual({
        refused: 'too-long',
      })
    })
    expect(counts).toEqual({})
    expect(
      await openIronSession(token, password, { clock, maxLength: token.length }),
    ).toHaveProperty('json')
  })

  it('with a password has the id 1: a seal without an id is none of its', async () => {
    const plain = await Iron.seal({ a: 1 }, password, Iron.defaults)
    expect(await openIronSession(plain, password, { clock })).toEqual({ refused: 'unknown-key' })
  })
})

describe('hono-sessions', () => {
  it.each(vectorsOf('hono-sessions'))('%s opens', async (_, v) => {
    const opened = await openHonoSession(v.token, v.password as string, { clock })
    const { expiresAt } = v as { expiresAt?: number }
    expect(opened).toEqual({ json: v.json, expiresAt, mac: v.token.split('*')[7] })
  })

  function sealed(record: unknown, options = {}): Promise<string> {
    const text = typeof record === 'string' ? record : JSON.stringify(record)
    return Iron.seal(text, password, { ...Iron.defaults, ...options })
  }
  const values = { userId: { value: 'u1', flash: false } }
  const iso = (at: number): string => new Date(at).toISOString()

  it.each<[string, unknown, unknown]>([
    [
      'without an end',
      { _data: values, _expire: null, _delete: false },
      { json: '{"userId":"u1"}', expiresAt: undefined },
    ],
    [
      'with an end',
      { _data: values, _expire: iso(noon + 1000) },
      { json: '{"userId":"u1"}', expiresAt: noon + 1000 },
    ],
    ['with an end one millisecond ahead', { _data: {}, _expire: iso(noon + 1) }, { json: '{}' }],
    ['at its end', { _data: values, _expire: iso(noon) }, { refused: 'expired' }],
    [
      'after its end: there is no allowance here',
      { _data: values, _expire: iso(noon - 1) },
      { refused: 'expired' },
    ],
    ['with an end that is no date', { _data: values, _expire: 'soon' }, { refused: 'expired' }],
    ['that was deleted', { _data: values, _delete: true }, { refused: 'expired' }],
    ['that was emptied by a logout', '', { refused: 'malformed' }],
    ['that is no record', '{"userId":"u1"}', { refused: 'malformed' }],
    ['that is null', 'null', { refused: 'malformed' }],
    ['that is no JSON', '{', { refused: 'malformed' }],
    ['whose values are a list', { _data: [] }, { refused: 'malformed' }],
    [
      'with a member named __proto__',
      '{"_data":{"__proto__":{"value":1}}}',
      { refused: 'malformed' },
    ],
    [
      'with members that are no values',
      { _data: { a: 1, b: null, c: { value: 2 } } },
      { json: '{"c":2}' },
    ],
  ])('%s', async (_, record, outcome) => {
    const opened = await openHonoSession(await sealed(record), password, { clock })
    expect(opened).toMatchObject(outcome as object)
  })

  it('an object where the library has text is none of its', async () => {
    const token = await Iron.seal({ _data: values }, password, Iron.defaults)
    expect(await openHonoSession(token, password, { clock })).toEqual({ refused: 'malformed' })
  })

  it('the earlier of two ends counts', async () => {
    const token = await sealed(
      { _data: {}, _expire: iso(Date.now() + 7200_000) },
      { ttl: 3600_000 },
    )
    const opened = await openHonoSession(token, password, { clock: Date.now })
    expect(opened).toHaveProperty('expiresAt', Number(token.split('*')[5]))
  })

  it('with an id that is not default is none of its', async () => {
    const text = JSON.stringify({ _data: values })
    const options = { clock }
    const made = (id: string): Promise<string> =>
      Iron.seal(text, { id, secret: password }, Iron.defaults)
    expect(await openHonoSession(await made('default'), password, options)).toHaveProperty('json')
    expect(await openHonoSession(await made('k1'), password, options)).toEqual({
      refused: 'unknown-key',
    })
  })
})
