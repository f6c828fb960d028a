import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limitItem, policyItem, withFields } from '../../src/limit/fields.ts'
import type { TakeResult } from '../../src/limit/index.ts'
import { noon } from './support.ts'

const result = (more: Partial<TakeResult> = {}): TakeResult => ({
  ...{
    allowed: true,
    limit: 10,
    remaining: 4,
    retryAfter: 0,
    retryAt: noon,
    resetAt: noon + 1,
    degraded: false,
  },
  ...more,
})
/** A structured field list (RFC 9651 section 3.1) whose items are strings with integers as parameters. */
const list =
  /^"[ !#-[\]-~]*"(?:;[a-z*][\w.*-]*=-?\d{1,15})*(?:, "[ !#-[\]-~]*"(?:;[a-z*][\w.*-]*=-?\d{1,15})*)*$/

describe('the fields', () => {
  it.each<[result: TakeResult, item: string | undefined]>([
    [result(), '"api";r=4;t=1'],
    [result({ resetAt: noon }), '"api";r=4;t=0'],
    [result({ resetAt: noon + 60_001 }), '"api";r=4;t=61'],
    [
      result({
        allowed: false,
        remaining: 0,
        retryAfter: 7,
        retryAt: noon + 6_500,
        resetAt: noon + 60_000,
      }),
      '"api";r=0;t=7',
    ],
    [
      result({
        allowed: false,
        retryAfter: Number.POSITIVE_INFINITY,
        retryAt: Number.POSITIVE_INFINITY,
      }),
      '"api";r=4',
    ],
    [result({ remaining: undefined }), undefined],
    [result({ degraded: true }), undefined],
  ])('say %j as %s', (of, item) => {
    expect(limitItem('api', of)).toBe(item)
  })

  it('are structured field lists of strings with integers', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.nat(1_000_000),
        fc.nat(2 ** 40),
        (limit, left, wait) => {
          const field = [
            policyItem({ name: 'api', limit, window: 60 }, limit),
            limitItem('api', result({ remaining: left, resetAt: noon + wait })),
          ].join(', ')
          expect(field).toMatch(list)
        },
      ),
    )
  })

  it('go on a copy where headers cannot be changed, and not on an upgraded connection', async () => {
    const fixed = Response.redirect('https://app.example.test/', 303)
    const copy = withFields(fixed, [['RateLimit', '"api";r=1']])
    expect([copy.status, copy.headers.get('Location')]).toEqual([303, 'https://app.example.test/'])
    expect(copy.headers.get('RateLimit')).toBe('"api";r=1')
    const used = new Response('once')
    await used.text()
    expect(withFields(used, [['RateLimit', '"api";r=1']]).headers.get('RateLimit')).toBe(
      '"api";r=1',
    )
    const upgraded = { status: 101, headers: new Headers() } as Response
    expect(withFields(upgraded, [['RateLimit', '"api";r=1']])).toBe(upgraded)
    expect(upgraded.headers.get('RateLimit')).toBe(null)
  })
})
