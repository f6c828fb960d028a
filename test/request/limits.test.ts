import { describe, expect, it } from 'vitest'
import { createIssues } from '../../src/options/index.ts'
import { compileRequestLimits } from '../../src/request/index.ts'

const check = (
  options: Parameters<typeof compileRequestLimits>[0],
  url: string,
  headers: Record<string, string> = {},
) => {
  const verdict = compileRequestLimits(
    options,
    createIssues(),
  )({ url, headers: new Headers(headers) })
  return verdict.ok ? 'passes' : verdict.reason
}
const at = 'https://app.example.com/'
const parameters = (count: number): string =>
  Array.from({ length: count }, (_, i) => `p${i}=1`).join('&')
const many = (count: number, size = 1): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`x-${String(i).padStart(4, '0')}`, 'v'.repeat(size)]),
  )

describe('limits on the head of a request', () => {
  it.each([
    ['nothing in it', at, {}, 'passes'],
    // curl "https://app.example.com/$(printf 'a%.0s' {1..9000})"
    ['a url of 8,192 bytes', at + 'a'.repeat(8192 - at.length), {}, 'passes'],
    ['a url of 8,193 bytes', at + 'a'.repeat(8193 - at.length), {}, 'url-too-long'],
    // POST /?a=1&b=1&... : a parser that hashes badly spends a second on it
    ['200 parameters', `${at}?${parameters(200)}`, {}, 'passes'],
    ['201 parameters', `${at}?${parameters(201)}`, {}, 'query-too-large'],
    ['200 empty parameters', `${at}?${'&'.repeat(199)}`, {}, 'passes'],
    ['201 empty parameters', `${at}?${'&'.repeat(200)}`, {}, 'query-too-large'],
    ['a parameter of 4,096 bytes', `${at}?q=${'a'.repeat(4094)}`, {}, 'passes'],
    ['a parameter of 4,097 bytes', `${at}?q=${'a'.repeat(4095)}`, {}, 'query-too-large'],
    [
      'a parameter of 4,097 bytes behind another',
      `${at}?a=1&q=${'a'.repeat(4095)}`,
      {},
      'query-too-large',
    ],
    [
      'a parameter of 4,097 bytes before another',
      `${at}?q=${'a'.repeat(4095)}&a=1`,
      {},
      'query-too-large',
    ],
    ['many & in the path, where they mean nothing', `${at}${'&'.repeat(300)}?a=1`, {}, 'passes'],
    ['100 headers', at, many(100), 'passes'],
    ['101 headers', at, many(101), 'headers-too-large'],
    ['a header of 16,384 bytes', at, { 'X-Large': 'v'.repeat(16_384 - 7) }, 'passes'],
    ['a header of 16,385 bytes', at, { 'X-Large': 'v'.repeat(16_385 - 7) }, 'headers-too-large'],
    ['32,768 bytes of headers', at, many(4, 8192 - 6), 'passes'],
    [
      'more than 32,768 bytes of headers',
      at,
      { ...many(4, 8192 - 6), A: '1' },
      'headers-too-large',
    ],
  ])('with %s it %s', (_, url, headers, expected) => {
    expect(check(undefined, url, headers)).toBe(expected)
  })

  it.each([
    [{ urlBytes: 30 }, `${at}aaaaaaaaa`, {}, 'url-too-long'],
    [{ queryParameters: 2 }, `${at}?a&b&c`, {}, 'query-too-large'],
    [{ parameterBytes: 3 }, `${at}?abcd`, {}, 'query-too-large'],
    [{ headers: 1 }, at, { A: '1', B: '2' }, 'headers-too-large'],
    [{ headerBytes: 3 }, at, { Abc: '1' }, 'headers-too-large'],
    [{ cookieBytes: 3 }, at, { Cookie: 'a=bc' }, 'headers-too-large'],
    [{ totalHeaderBytes: 3 }, at, { A: '1', B: '2' }, 'headers-too-large'],
    [{ headerBytes: 20_000 }, at, { 'X-Large': 'v'.repeat(17_000) }, 'passes'],
  ])('takes %j at its word', (options, url, headers, expected) => {
    expect(check(options, url, headers)).toBe(expected)
  })

  // A cookie jar that a sibling host stuffed: every page of the site answers 431 until it is emptied.
  it('looks at cookies by themselves', () => {
    const cookie = (size: number) =>
      check({ headerBytes: 32_768 }, at, { Cookie: 'c'.repeat(size) })
    expect([cookie(16_384), cookie(16_385)]).toEqual(['passes', 'headers-too-large'])
  })

  it('names every option that is wrong', () => {
    const list = createIssues('limits')
    compileRequestLimits(
      { urlBytes: 9000, headers: 0, cookieBytes: 1.5, hedaerBytes: 1 } as never,
      list,
    )
    expect(() => list.throwIfAny()).toThrow(
      /hedaerBytes is not an option; did you mean headerBytes\?.*urlBytes must be.*limits\.headers must be.*cookieBytes must be/s,
    )
  })
})
