import fc from 'fast-check'
import { describe, expect } from 'vitest'
import {
  hardenSetCookie,
  isExpiring,
  parseSetCookie,
  readCookies,
  removeCookies,
} from '../../src/cookie/index.ts'
import { holds, near } from './support.ts'

const ours: ReadonlySet<string> = new Set(['__Host-session'])
const pieces = [
  '__Host-session',
  '__host-session',
  'a',
  'b',
  '=',
  ';',
  '; ',
  ',',
  ', ',
  ' ',
  '\t',
  '"',
  '%3B',
  '=x',
  '__Host-session=seal',
]
const header = near(pieces)
const attributes = [
  ...[
    'Domain=',
    'origin.internal',
    '.internal',
    'Path=/',
    'Secure',
    'HttpOnly',
    'SameSite=None',
    'SameSite=lax',
    'Max-Age=0',
  ],
  ...[
    'Max-Age=60',
    'Expires=Thu, 01 Jan 1970 00:00:00 GMT',
    'Partitioned',
    '; ',
    ';',
    '=',
    'sid',
    '__Host-session',
    '\r\n',
    '\0',
  ],
]

describe('Cookie headers', () => {
  holds(
    'what we took our cookies out of holds none of them, and the others as they were',
    600,
    fc.property(header, (text) => {
      const left = removeCookies(text, ours)
      if (left === null) return
      expect(readCookies(left, '__Host-session')).toEqual([])
      expect(readCookies(left.replaceAll(',', ';'), '__Host-session')).toEqual([])
      for (const name of ['a', 'b']) {
        // Values that hold a comma may be two joined headers, and are nobody's.
        const plain = (from: string): string[] =>
          readCookies(from, name).filter((value) => !value.includes(','))
        if (!text.includes(',')) expect(plain(left)).toEqual(plain(text))
      }
    }),
  )

  holds(
    'a cookie of ours is read as it was written, whatever stands around it',
    300,
    fc.property(
      fc.string({ unit: fc.constantFrom(...'abcXYZ019-_.'), minLength: 1 }),
      near(['a=1', '; ', 'b', '=']),
      (value, other) => {
        const read = readCookies(
          `${other.replaceAll('__Host-session', '')}; __Host-session=${value}; c=2`,
          '__Host-session',
        )
        expect(read).toContain(value)
      },
    ),
  )
})

describe('Set-Cookie of an upstream', () => {
  holds(
    'comes out as one that names no foreign domain, is ours by no name, and breaks no header',
    600,
    fc.property(near([...attributes, 'sid=1; ', 'x=']), (text) => {
      const rules = { secure: true, upstreamHost: 'origin.internal', ownNames: ours }
      let hardened: string | undefined
      try {
        hardened = hardenSetCookie(new Headers([['x', text]]).get('x') ?? '', rules)
      } catch (error) {
        // What Headers refuses never reaches us.
        expect(error).toBeInstanceOf(TypeError)
        return
      }
      if (hardened === undefined) return
      const parsed = parseSetCookie(hardened)
      expect(parsed).toBeDefined()
      expect(ours.has(parsed?.name ?? '')).toBe(false)
      expect(hardened).not.toMatch(/[\r\n\0]/)
      const attributes = hardened.toLowerCase().split(';').slice(1)
      // With a value too it is that attribute. RFC 6265bis section 5.6.
      expect(attributes.map((each) => each.split('=', 1)[0]?.trim())).toContain('secure')
      for (const each of attributes) expect(each.trim()).not.toMatch(/^domain=\.?origin\.internal$/)
      // Hardened twice is hardened once.
      expect(hardenSetCookie(hardened, rules)).toBe(hardened)
      if (parsed !== undefined) expect(typeof isExpiring(parsed, 0)).toBe('boolean')
    }),
  )
})
