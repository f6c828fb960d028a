import fc from 'fast-check'
import { parseDictionary, parseItem, parseList } from 'structured-headers'
import { describe, expect } from 'vitest'
import { permissionsPolicy } from '../../src/headers/values/permissions-policy.ts'
import { limitItem, policyItem } from '../../src/limit/fields.ts'
import { createIssues } from '../../src/options/index.ts'
import { holds, near } from './support.ts'

const features = [
  'camera',
  'geolocation',
  'usb',
  'fullscreen',
  'payment',
  'autoplay',
  'brandNew',
  'x-feature',
  'Camera',
  'came ra',
]
const values = fc.oneof(
  fc.constantFrom<unknown>(true, false, null, 'self', 'none', '*', 1, {}, []),
  fc.array(
    fc.oneof(
      fc.constantFrom('self', 'https://a.example', 'https://*.b.example:8443', 'http://c.example'),
      near(['https://', '"', ')', 'a.example', ',', ' ', ';'], 5),
    ),
    { maxLength: 3 },
  ),
)

describe('fields we write are fields that others read', () => {
  holds(
    'Permissions-Policy: a dictionary of lists of origins, or a fault',
    600,
    fc.property(fc.dictionary(fc.constantFrom(...features), values, { maxKeys: 4 }), (given) => {
      const faults = createIssues('x')
      const header = permissionsPolicy(faults, given)
      let refused = false
      try {
        faults.throwIfAny()
      } catch {
        refused = true
      }
      if (refused || header === undefined) return
      for (const [feature, [value]] of parseDictionary(header)) {
        expect(feature).toMatch(/^[a-z][a-z-]+$/)
        // `*` is a token, everything else an inner list.
        if (!Array.isArray(value)) expect(String(value)).toBe('*')
        else
          for (const [origin] of value)
            expect(String(origin)).toMatch(/^(?:self|https:\/\/[^"\s,;()]+)$/)
      }
    }),
  )

  holds(
    'RateLimit and RateLimit-Policy: a named item with whole numbers',
    400,
    fc.property(
      fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/),
      fc.record({
        limit: fc.integer({ min: 1, max: 1e9 }),
        window: fc.integer({ min: 1, max: 86_400 }),
      }),
      fc.record({
        allowed: fc.boolean(),
        limit: fc.integer({ min: 1, max: 1e9 }),
        remaining: fc.integer({ min: 0, max: 1e9 }),
        retryAfter: fc.oneof(
          fc.integer({ min: 0, max: 1e6 }),
          fc.constant(Number.POSITIVE_INFINITY),
        ),
        retryAt: fc.integer({ min: 0, max: 2 ** 41 }),
        resetAt: fc.integer({ min: 0, max: 2 ** 41 }),
        degraded: fc.constant(false),
      }),
      (name, { limit, window }, result) => {
        const policy = parseItem(policyItem({ name, limit, window }, limit))
        expect([policy[0], [...policy[1]]]).toEqual([
          name,
          [
            ['q', limit],
            ['w', window],
          ],
        ])
        const text = limitItem(name, result as never)
        const [item, ...more] = parseList(text ?? '')
        expect(more).toEqual([])
        expect(item?.[0]).toBe(name)
        for (const [key, value] of item?.[1] ?? []) {
          expect(['r', 't']).toContain(key)
          expect(Number.isSafeInteger(value) && (value as number) >= 0).toBe(true)
        }
      },
    ),
  )
})
