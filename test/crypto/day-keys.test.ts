import { describe, expect, it } from 'vitest'
import { createDayKeys, type DayKey, type DayKeys } from '../../src/crypto/day-keys.ts'
import { encodeBase64url, keyRing } from '../../src/crypto/index.ts'
import { createIssues } from '../../src/options/index.ts'
import vectors from '../vectors/crypto-seal.json' with { type: 'json' }
import { countCrypto, first, second, today } from './support.ts'

const window = 3
const ids = vectors.ids.slice(0, 2).map((v) => v.id)

function keysOf(secrets: string[] = [first, second]): DayKeys {
  return createDayKeys(keyRing(secrets, createIssues()), ['session', 'a'], window)
}

function head(text: string): string {
  return encodeBase64url(new TextEncoder().encode(text))
}

function ours(id: string | undefined, day: number | string): string {
  return head(`{"alg":"dir","enc":"A256GCM","kid":"${id}.${day}"}`)
}

describe('keys by day', () => {
  it.each([
    [today - window - 1, 'expired'],
    [today - window, undefined],
    [today, undefined],
    [today + 1, undefined],
    [today + 2, 'from-the-future'],
    [0, 'expired'],
    [9_999_999, 'from-the-future'],
  ])('a key of day %s on day 20777: %s', async (day, refused) => {
    for (const id of ids) {
      const found = await keysOf().find(ours(id, day), today)
      expect('refused' in found ? found.refused : undefined).toBe(refused)
    }
  })

  // The kid is compared with those we write, so a number has one spelling: `2.0e4` must not reach a key of its own.
  it.each([
    ['020777', 'malformed'],
    ['+20777', 'malformed'],
    ['-1', 'malformed'],
    ['2.0777e4', 'malformed'],
    ['0x5129', 'malformed'],
    [' 20777', 'malformed'],
    ['20777 ', 'malformed'],
    ['20777.0', 'malformed'],
    ['２０７７７', 'malformed'],
    ['', 'malformed'],
    ['NaN', 'malformed'],
    ['Infinity', 'malformed'],
    ['99999999', 'malformed'],
  ])('the day %j is %s', async (day, refused) => {
    const counts = await countCrypto(async () => {
      expect(await keysOf([first]).find(ours(ids[0], day), today)).toEqual({ refused })
    })
    expect(counts).toEqual({})
  })

  it.each([
    ['{"enc":"A256GCM","alg":"dir","kid":"0WNK9vDA.20777"}', 'another order'],
    ['{"alg":"dir","enc":"A256GCM","kid":"0WNK9vDA.20777","zip":"DEF"}', 'compression'],
    ['{"alg":"dir","enc":"A256GCM","kid":"0WNK9vDA.20777","crit":["x"]}', 'extensions'],
    ['{"alg":"dir","enc":"A256GCM","kid":"0WNK9vDA.20777","alg":"none"}', 'a second alg'],
    ['{"alg":"none","enc":"A256GCM","kid":"0WNK9vDA.20777"}', 'another alg'],
    ['{"alg":"dir","enc":"A128GCM","kid":"0WNK9vDA.20777"}', 'another enc'],
    ['{"alg":"dir","enc":"A256GCM"}', 'no kid'],
    ['{"alg":"dir","enc":"A256GCM","kid":"0WNK9vDA"}', 'no day'],
    ['{"alg":"dir","enc":"A256GCM","kid":"0WNK9vDA.20777" }', 'a space'],
    ['{"alg":"dir","enc":"A256GCM","kid":"0WNK9vD.20777"}', 'a shorter id'],
    ['{"alg":"dir","enc":"A256GCM","kid":"0WNK9vD\\u0041.20777"}', 'an escape'],
    ['{"alg":"dir","enc":"A256GCM","kid":"0WNK9vD/.20777"}', 'an id that is not base64url'],
    ['', 'nothing'],
  ])('%s is no header of ours: %s', async (text) => {
    expect(await keysOf().find(head(text), today)).toEqual({ refused: 'malformed' })
  })

  it('a header of ours with an id that nobody has is unknown, whatever its day', async () => {
    for (const day of [0, today, 99_999]) {
      expect(await keysOf().find(ours('AAAAAAAA', day), today)).toEqual({ refused: 'unknown-key' })
    }
  })

  it('the bytes behind the id must be text', async () => {
    const bytes = new TextEncoder().encode('{"alg":"dir","enc":"A256GCM","kid":"0WNK9vDA.2077?"}')
    bytes[50] = 0xff
    expect(await keysOf().find(encodeBase64url(bytes), today)).toEqual({ refused: 'malformed' })
  })

  // A client that knows a kid asks for every day there is, to push the key of everybody else out of the cache.
  it('nothing that a client asks for evicts a live key or grows the cache', async () => {
    const keys = keysOf()
    for (let day = today - 50; day < today + 50; day++) {
      for (const id of [...ids, 'AAAAAAAA']) await keys.find(ours(id, day), today)
    }
    expect(keys.size).toBe(ids.length * (window + 2))
    for (let day = today - window; day <= today + 1; day++) {
      for (const id of ids) expect(keys.getCached(ours(id, day))).toMatchObject({ day })
    }
  })

  it('the cache stays within its bound as days go by, forward and back, and holds what is live', async () => {
    const keys = keysOf()
    const days = Array.from({ length: 60 }, (_, i) => today + (i < 40 ? i : 40 - i))
    for (const now of days) {
      await keys.getSealingKey(now)
      for (const day of [now - window, now - 1, now + 1]) await keys.find(ours(ids[1], day), now)
      expect(keys.size).toBeLessThan(ids.length * (window + 2) + 1)
      expect(keys.getCached(ours(ids[0], now))).toMatchObject({ day: now })
      expect(keys.getCached(ours(ids[1], now - window))).toMatchObject({ day: now - window })
    }
  })

  it('a key that was met is not derived again; requests that meet it at once share the cache entry', async () => {
    const keys = keysOf()
    await Promise.all(Array.from({ length: 20 }, () => keys.find(ours(ids[0], today), today)))
    expect(keys.size).toBe(1)
    const counts = await countCrypto(async () => {
      const found = (await keys.find(ours(ids[0], today), today)) as DayKey
      expect(await keys.getSealingKey(today)).toBe(found)
    })
    expect(counts).toEqual({})
  })
})
