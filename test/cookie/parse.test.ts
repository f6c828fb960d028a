import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCookies, removeCookies } from '../../src/cookie/index.ts'
import vectors from '../vectors/cookie.json' with { type: 'json' }

const ours = new Set(['__Host-session', 'legacy'])

/** Text that is near what parsers trip over. */
const crooked = fc
  .array(
    fc.constantFrom(
      ...[
        '__Host-session',
        'legacy',
        'a',
        'b',
        '=',
        '=',
        '=',
        ';',
        '; ',
        ';',
        ',',
        ', ',
        ' ',
        '\t',
        '"',
        '1',
        'x',
      ],
      ...['\u00a0', '\u2000', '__Host-session=', '; legacy=', ', legacy='],
    ),
    { maxLength: 16 },
  )
  .map((parts) => parts.join(''))

/** What a comma joins on: something like `name=`. */
const isPair = (text: string): boolean =>
  /^[ \t]*[^=,\s]+[ \t]*=/.test(text.replaceAll(/[\u00a0\u2000]/g, 'u'))

describe('readCookies', () => {
  it.each(vectors.read)('reads $values from $header: $source', ({ header, values }) => {
    expect(readCookies(header, '__Host-session')).toEqual(values)
  })

  it('reads nothing from no header, and nothing by no name', () => {
    expect(readCookies(null, '__Host-session')).toEqual([])
    expect(readCookies(undefined, '__Host-session')).toEqual([])
    expect(readCookies('=x', '')).toEqual([])
  })

  // A sibling host sets 300 small cookies on the domain, to push ours out of sight.
  it('finds a cookie behind many others', () => {
    const others = Array.from({ length: 300 }, (_, i) => `c${i}=${i}`).join('; ')
    expect(readCookies(`${others}; __Host-session=abc`, '__Host-session')).toEqual(['abc'])
  })

  it('S12: reads as many characters as a gateway can let through, and no pair that ends later', () => {
    const room = 131_072 - '; __Host-session=abc'.length
    const filled = (length: number): string => `a=${'x'.repeat(length - 2)}; __Host-session=abc`
    expect(filled(room).length).toBe(131_072)
    expect(readCookies(filled(room), '__Host-session')).toEqual(['abc'])
    expect(readCookies(filled(room + 1), '__Host-session')).toEqual([])
    expect(readCookies(`${filled(room)}; b=1`, '__Host-session')).toEqual(['abc'])
  })

  it('reads what a split at every ; would give, joined headers aside', () => {
    fc.assert(
      fc.property(crooked, (header) => {
        const trimmed = header.split(';').map((pair) => pair.replace(/^[ \t]+|[ \t]+$/g, ''))
        const values = trimmed
          .filter((pair) => pair.startsWith('__Host-session='))
          .map((pair) => pair.slice('__Host-session='.length).replace(/^[ \t]+/, ''))
          .filter((value) => !value.split(',').slice(1).some(isPair))
        expect(readCookies(header, '__Host-session')).toEqual(values.slice(0, 4))
      }),
      { numRuns: 1000 },
    )
  })

  it('throws at nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (header, name) => {
        expect(Array.isArray(readCookies(header, name))).toBe(true)
      }),
    )
  })
})

describe('removeCookies', () => {
  it.each(vectors.remove)('leaves $left of $header: $source', ({ header, left }) => {
    expect(removeCookies(header, ours)).toBe(left)
  })

  it('leaves nothing of nothing', () => {
    expect(removeCookies(null, ours)).toBe(null)
    expect(removeCookies('', ours)).toBe(null)
    expect(removeCookies('a=1', new Set())).toBe('a=1')
  })

  // curl -H 'Cookie: a=1' -H 'Cookie: __Host-session=x': one header by the time it is read
  it('leaves no cookie of ours, however headers were joined', () => {
    fc.assert(
      fc.property(crooked, (header) => {
        const left = removeCookies(header, ours)
        if (left === null) return
        expect(left).not.toBe('')
        for (const pair of left.split(/[;,]/)) {
          const [name = ''] = pair.split('=', 1)
          if (pair.includes('=')) expect(ours.has(name.replace(/^[ \t]+|[ \t]+$/g, ''))).toBe(false)
        }
        expect(removeCookies(left, ours)).toBe(left)
      }),
      { numRuns: 1000 },
    )
  })

  it('leaves every other cookie byte for byte, in its order', () => {
    const other = fc.tuple(
      fc.constantFrom('a', 'b', 'c_1', '__Host-other'),
      fc.constantFrom('', '1', '"x, y"', ' %20', 'a=b', '1,2'),
    )
    const own = fc.constantFrom('__Host-session=secret', 'legacy=', '__Host-session=a=b')
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            other.map(([name, value]) => `${name}=${value}`),
            own,
          ),
        ),
        (pairs) => {
          const kept = pairs.filter((pair) => !/^(?:__Host-session|legacy)=/.test(pair))
          expect(removeCookies(pairs.join('; '), ours)).toBe(
            kept.length === 0 ? null : kept.join('; '),
          )
        },
      ),
    )
  })

  it('is not slowed by thousands of tiny pairs', () => {
    // Quadratic work on 16 KB would take minutes here, and the runner's patience is seconds.
    const tiny = `${';'.repeat(60_000)}${' ,'.repeat(60_000)}${';a'.repeat(60_000)}; __Host-session=x`
    expect(removeCookies(tiny, ours)?.includes('__Host-session')).toBe(false)
    expect(readCookies(`__Host-session${' ,a'.repeat(5_000)}`, '__Host-session')).toEqual([])
  })
})
