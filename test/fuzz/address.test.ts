import { BlockList, isIP, isIPv6 } from 'node:net'
import fc from 'fast-check'
import { describe, expect } from 'vitest'
import {
  addressPrefix,
  clientAddress,
  inRanges,
  normaliseAddress,
  parseRange,
} from '../../src/request/index.ts'
import { holds, near } from './support.ts'

const crooked = near([
  '1',
  '10',
  '255',
  '256',
  '0',
  '.',
  ':',
  '::',
  'ffff',
  'fe80',
  '2001',
  'db8',
  '%eth0',
  '[',
  ']',
  '/64',
  ' ',
  '0x1',
  '64:ff9b::',
])
const real = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.ipV4().map((v4) => `::ffff:${v4}`),
)

describe('addresses', () => {
  holds(
    'are read where Node reads them, and nowhere else',
    800,
    fc.property(fc.oneof(crooked, real), (text) => {
      const found = normaliseAddress(text)
      // Zones belong to one machine; no header can mean one.
      const node = isIP(text) !== 0 && !text.includes('%')
      expect([text, found !== undefined]).toEqual([text, node])
      if (found === undefined) return
      expect(isIP(found)).not.toBe(0)
      expect(normaliseAddress(found)).toBe(found)
      if (isIPv6(text) && isIPv6(found))
        expect(new URL(`http://[${text}]`).hostname).toBe(`[${found}]`)
    }),
  )

  holds(
    'fall into the ranges that Node’s BlockList finds them in',
    500,
    fc.property(fc.ipV4(), fc.ipV4(), fc.nat(32), (address, base, bits) => {
      const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0
      const number = base.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0)
      const net = (number & mask) >>> 0
      const first = [24, 16, 8, 0].map((shift) => (net >>> shift) & 255).join('.')
      const range = parseRange(`${first}/${bits}`)
      if (range === undefined) throw new Error(`${first}/${bits} is no range`)
      const judge = new BlockList()
      judge.addSubnet(first, bits, 'ipv4')
      for (const each of [address, base, first])
        expect(inRanges([range], each)).toBe(judge.check(each))
    }),
  )

  holds(
    'of one /64 are one customer, of two are two',
    300,
    fc.property(fc.ipV6(), fc.ipV6(), (one, other) => {
      const groups = (text: string): string => new URL(`http://[${text}]`).hostname
      const same = addressPrefix(normaliseAddress(one)) === addressPrefix(normaliseAddress(other))
      const judge = new BlockList()
      judge.addSubnet(groups(one).slice(1, -1), 64, 'ipv6')
      const mapped = [one, other].some((each) => !isIPv6(normaliseAddress(each) ?? ''))
      if (!mapped) expect(same).toBe(judge.check(groups(other).slice(1, -1), 'ipv6'))
    }),
  )

  holds(
    'come from the one header that the platform vouches for, whatever the client sends',
    300,
    fc.property(
      fc.ipV4(),
      fc.array(fc.oneof(fc.ipV4(), near(['1.2.3.4', ',', ' ', 'x'])), { maxLength: 6 }),
      (proxy, sent) => {
        const list = sent.join(', ').replace(/[^\x20-\x7e]/g, '')
        const headers = new Headers({
          'X-Forwarded-For': list === '' ? proxy : `${list}, ${proxy}`,
          'X-Real-IP': '6.6.6.6',
        })
        expect(clientAddress(headers, { hops: 1 })).toBe(proxy)
        expect(clientAddress(headers, 'cloudflare')).toBe(undefined)
        expect(clientAddress(headers, 'none')).toBe(undefined)
      },
    ),
  )
})
