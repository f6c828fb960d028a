import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createIssues } from '../../src/options/index.ts'
import {
  addressPrefix,
  checkPlatform,
  clientAddress,
  inRanges,
  normaliseAddress,
  type Platform,
  parseRange,
} from '../../src/request/index.ts'
import vectors from '../vectors/address.json' with { type: 'json' }

describe('normaliseAddress', () => {
  it.each(vectors.addresses)('of $text is $is: $source', ({ text, is }) => {
    expect(normaliseAddress(text)).toBe(is ?? undefined)
  })

  it('of nothing is undefined', () => {
    expect(normaliseAddress(null)).toBe(undefined)
    expect(normaliseAddress(undefined)).toBe(undefined)
  })

  it('of its own result is that result', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const once = normaliseAddress(text)
        expect(once).not.toBe(undefined)
        expect(normaliseAddress(once)).toBe(once)
      }),
    )
  })

  // Dotted quads are in the table above: Bun's URL parser refuses some that RFC 4291 allows.
  it('agrees with the URL parser about every IPv6 address it leaves one', () => {
    fc.assert(
      fc.property(
        fc.ipV6().filter((text) => !text.includes('.')),
        (text) => {
          const is = normaliseAddress(text)
          if (is?.includes(':')) expect(new URL(`http://[${text}]/`).hostname).toBe(`[${is}]`)
        },
      ),
    )
  })

  it('accepts no IPv6 text that the URL parser refuses, and throws at none', () => {
    const crooked = fc.array(
      fc.constantFrom(':', '::', '.', '%', '0', '1', 'ffff', '12345', 'g', ' ', '[', ','),
    )
    fc.assert(
      fc.property(
        fc.oneof(
          crooked.map((parts) => parts.join('')),
          fc.string({ unit: 'binary' }),
        ),
        (text) => {
          if (normaliseAddress(text)?.includes(':'))
            expect(() => new URL(`http://[${text}]/`)).not.toThrow()
        },
      ),
      { numRuns: 1000 },
    )
  })
})

describe('clientAddress', () => {
  const headers = {
    'CF-Connecting-IP': '192.0.2.1',
    'X-Real-IP': '192.0.2.2',
    'X-Vercel-Forwarded-For': '192.0.2.3',
    'X-Forwarded-For': '192.0.2.4, 192.0.2.5, 192.0.2.6',
    Forwarded: 'for=192.0.2.7',
    'X-Client-IP': '192.0.2.8',
    'True-Client-IP': '192.0.2.9',
  }
  const policy: Array<[Platform, string | undefined]> = [
    ['cloudflare', '192.0.2.1'],
    ['vercel', '192.0.2.2'],
    ['none', undefined],
    [{ hops: 1 }, '192.0.2.6'],
    [{ hops: 2 }, '192.0.2.5'],
    [{ hops: 3 }, '192.0.2.4'],
    [{ hops: 4 }, undefined],
  ]

  it.each(policy)('on %j, of all the headers there are, believes one', (platform, address) => {
    expect(clientAddress(new Headers(headers), platform)).toBe(address)
  })

  // curl -H 'X-Forwarded-For: 6.6.6.6' -H 'CF-Connecting-IP: 6.6.6.6' -H 'X-Real-IP: 6.6.6.6' ...
  it.each<[Platform, string, string | undefined]>([
    ['cloudflare', 'CF-Connecting-IP', undefined],
    ['vercel', 'X-Real-IP', '192.0.2.3'],
    ['vercel', 'CF-Connecting-IP', '192.0.2.2'],
    [{ hops: 1 }, 'X-Forwarded-For', undefined],
    ['none', 'Forwarded', undefined],
  ])('on %j, without %s, falls back to nothing a client may send', (platform, absent, address) => {
    const left = new Headers(headers)
    left.delete(absent)
    expect(clientAddress(left, platform)).toBe(address)
  })

  it.each<[string, number, string | undefined]>([
    ['6.6.6.6, 192.0.2.1', 1, '192.0.2.1'],
    ['6.6.6.6,192.0.2.1', 1, '192.0.2.1'],
    ['6.6.6.6, 192.0.2.1, 10.0.0.1', 2, '192.0.2.1'],
    ['192.0.2.1', 1, '192.0.2.1'],
    ['192.0.2.1', 2, undefined],
    ['192.0.2.1, ', 1, undefined],
    ['192.0.2.1,', 2, '192.0.2.1'],
    [', 192.0.2.1', 2, undefined],
    [',,', 1, undefined],
    ['', 1, undefined],
    ['unknown', 1, undefined],
    ['192.0.2.1, "unknown"', 1, undefined],
    ['192.0.2.1:4711', 1, '192.0.2.1'],
    ['[2001:DB8::1]:4711', 1, '2001:db8::1'],
    ['[2001:DB8::1]', 1, '2001:db8::1'],
    ['2001:DB8::1', 1, '2001:db8::1'],
    ['2001:db8::1:4711', 1, '2001:db8::1:4711'],
    ['::ffff:192.0.2.1', 1, '192.0.2.1'],
    ['192.0.2.1:', 1, undefined],
    ['192.0.2.1:x', 1, undefined],
    ['[::1', 1, undefined],
    ['fe80::1%eth0', 1, undefined],
  ])('reads X-Forwarded-For %j behind %i proxies as %s', (list, hops, address) => {
    expect(clientAddress(new Headers({ 'X-Forwarded-For': list }), { hops })).toBe(address)
  })

  // CVE-2026-27700: the leftmost entry is the client's own word.
  it('is not moved by anything a client puts in front', () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => /^[ -~]*$/.test(text)),
        fc.ipV4(),
        (front, address) => {
          const list = new Headers({ 'X-Forwarded-For': `${front}, ${address}, 10.0.0.1` })
          expect(clientAddress(list, { hops: 2 })).toBe(address)
        },
      ),
    )
  })

  it.each<[Platform, string]>([
    ['cloudflare', 'CF-Connecting-IP'],
    ['vercel', 'X-Real-IP'],
  ])('on %j, knows none when %s came twice', (platform, name) => {
    const twice = new Headers([
      [name, '192.0.2.1'],
      [name, '6.6.6.6'],
    ])
    expect(clientAddress(twice, platform)).toBe(undefined)
  })
})

describe('addressBlock', () => {
  it.each(vectors.blocks)('of $address at $bits is $is: $source', ({ address, bits, is }) => {
    expect(addressPrefix(address, bits)).toBe(is)
  })

  it('cuts IPv6 at 64 bits where nothing else is said, and has one bucket for no address', () => {
    expect(addressPrefix('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64')
    expect(addressPrefix(undefined)).toBe('unknown')
  })

  it('is one for every address a customer can pick from a /64', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (low) => {
        const tail = low
          .toString(16)
          .padStart(16, '0')
          .replaceAll(/(....)(?=.)/g, '$1:')
        expect(addressPrefix(`2001:db8:a:b:${tail}`)).toBe('2001:db8:a:b::/64')
      }),
    )
  })
})

describe('parseRange and inRanges', () => {
  it.each(vectors.ranges)('$range: $source', ({ range, in: inside, out }) => {
    const ranges = [parseRange(range) ?? { groups: [], bits: -1 }]
    for (const address of inside)
      expect([address, inRanges(ranges, address)]).toEqual([address, true])
    for (const address of out)
      expect([address, inRanges(ranges, address)]).toEqual([address, false])
  })

  it.each(vectors.noRanges)('$range is none: $source', ({ range }) => {
    expect(parseRange(range)).toBe(undefined)
  })

  it('an unknown address is in no range, and nothing is in an empty list', () => {
    const everything = ['0.0.0.0/0', '::/0'].map(
      (text) => parseRange(text) ?? { groups: [], bits: -1 },
    )
    expect(inRanges(everything, undefined)).toBe(false)
    expect(inRanges(everything, '')).toBe(false)
    expect(inRanges([], '192.0.2.1')).toBe(false)
    expect(inRanges(everything, '192.0.2.1')).toBe(true)
    expect(inRanges(everything, '2001:db8::1')).toBe(true)
  })

  it('every address is in its own block', () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.integer({ min: 1, max: 128 }), (address, bits) => {
        const block = parseRange(addressPrefix(address, bits))
        expect(block !== undefined && inRanges([block], address)).toBe(true)
      }),
    )
  })
})

describe('checkPlatform', () => {
  it.each<[unknown]>([['cloudflare'], ['vercel'], ['none'], [{ hops: 1 }], [{ hops: 16 }]])(
    'takes %j',
    (given) => {
      const faults = createIssues()
      expect(checkPlatform(given, faults)).toEqual(given)
      expect(faults.any).toBe(false)
    },
  )

  it.each<[unknown, string]>([
    [undefined, "platform must be 'cloudflare', 'vercel', 'none' or { hops: 1 to 16 }"],
    ['Cloudflare', "platform must be 'cloudflare', 'vercel', 'none' or { hops: 1 to 16 }"],
    ['auto', "platform must be 'cloudflare', 'vercel', 'none' or { hops: 1 to 16 }"],
    [null, "platform must be 'cloudflare', 'vercel', 'none' or { hops: 1 to 16 }"],
    [2, "platform must be 'cloudflare', 'vercel', 'none' or { hops: 1 to 16 }"],
    [{}, "platform must be 'cloudflare', 'vercel', 'none' or { hops: 1 to 16 }"],
    [
      { hops: 1, trust: 'all' },
      "platform must be 'cloudflare', 'vercel', 'none' or { hops: 1 to 16 }",
    ],
    [{ hops: undefined }, 'platform.hops is required'],
    [{ hops: 0 }, 'platform.hops must be a whole number of proxies from 1 to 16'],
    [{ hops: 17 }, 'platform.hops must be a whole number of proxies from 1 to 16'],
    [{ hops: 1.5 }, 'platform.hops must be a whole number of proxies from 1 to 16'],
    [{ hops: '1' }, 'platform.hops must be a whole number of proxies from 1 to 16'],
  ])('refuses %j', (given, message) => {
    const faults = createIssues()
    checkPlatform(given, faults)
    expect(() => faults.throwIfAny()).toThrow(message)
  })

  it('has a default only where the caller has one', () => {
    const faults = createIssues()
    expect(checkPlatform(undefined, faults, 'none')).toBe('none')
    expect(faults.any).toBe(false)
  })
})
