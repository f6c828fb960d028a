import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseSessionHeader } from '../../src/session-protocol/parse.ts'
import { base64url } from './support.ts'

const nonce = 'AbCdEfGhIjKlMnOpQrStUv'
const parse = (json: unknown): unknown => {
  const parsed = parseSessionHeader(`${nonce}.${base64url(JSON.stringify(json))}`, nonce)
  return parsed.ok ? parsed.order : parsed.reason
}
const change = { verb: 'set', set: new Map(), unset: [], incr: new Map(), flash: new Map() }

describe('Portcullis-Session', () => {
  it.each([
    [{ start: { data: { user: 'a' } } }, { verb: 'start', data: { user: 'a' }, keep: [] }],
    [{ start: { data: {}, keep: ['cart'] } }, { verb: 'start', data: {}, keep: ['cart'] }],
    [{ end: true }, { verb: 'end' }],
    [{ end: { id: 'x' } }, { verb: 'end', id: 'x' }],
    [{ endAll: true }, { verb: 'endAll', exceptCurrent: false }],
    [{ endAll: { exceptCurrent: true } }, { verb: 'endAll', exceptCurrent: true }],
    [{ endAll: { user: 'a' } }, { verb: 'endAny', user: 'a' }],
    [{ set: { a: 1 } }, { ...change, set: new Map([['a', 1]]) }],
    [{ unset: ['a'] }, { ...change, unset: ['a'] }],
    [{ incr: { a: -2 } }, { ...change, incr: new Map([['a', -2]]) }],
    [{ flash: { notice: 'Saved' } }, { ...change, flash: new Map([['notice', 'Saved']]) }],
    [{ set: { constructor: 1 } }, { ...change, set: new Map([['constructor', 1]]) }],
    [
      { set: { a: 1 }, ifVersion: '7' },
      { ...change, set: new Map([['a', 1]]), ifVersion: '7' },
    ],
  ])('%j is understood', (json, expected) => {
    expect(parse(json)).toEqual(expected)
  })

  it.each([
    [null],
    [[]],
    ['end'],
    [{}],
    [{ nothing: true }],
    [{ end: true, more: 1 }],
    [{ end: 1 }],
    [{ end: false }],
    [{ end: true, start: { data: {} } }],
    [{ start: {} }],
    [{ start: { data: [] } }],
    [{ start: { data: null } }],
    [{ start: { data: {}, keep: 'cart' } }],
    [{ start: { data: {}, keep: [1] } }],
    [{ start: { data: {}, id: 'x' } }],
    [{ endAll: false }],
    [{ endAll: {} }],
    [{ endAll: { user: '' } }],
    [{ endAll: { user: 1 } }],
    [{ endAll: { exceptCurrent: false } }],
    [{ endAll: { user: 'a', exceptCurrent: true } }],
    [{ end: { id: '' } }],
    [{ end: { id: 1 } }],
    [{ end: { id: 'x', user: 'a' } }],
    [{ end: {} }],
    [{ set: [] }],
    [{ set: {} }],
    [{ set: { '': 1 } }],
    [{ incr: { a: '1' } }],
    [{ incr: { a: 0.5 } }],
    [{ incr: { a: 1e300 } }],
    [{ unset: 'a' }],
    [{ set: { a: 1 }, incr: { a: 1 } }],
    [{ set: { a: 1 }, unset: ['a'] }],
    [{ unset: ['a', 'a'] }],
    [{ set: { a: 1 }, ifVersion: 7 }],
    [{ ifVersion: '7' }],
  ])('%j is malformed', (json) => {
    expect(parse(json)).toBe('malformed')
  })

  // {"set":{"__proto__":{"admin":true}}} would reach every object's prototype where it is assigned.
  it.each([
    '{"set":{"theme":{"__proto__":{"a":1}}}}',
    '{"set":{"theme":[{"\\u005f_proto__":1}]}}',
    '{"start":{"data":{"a":{"constructor":{"prototype":{}}}}}}',
    '{"set":{"__proto__":{"a":1}}}',
    '{"start":{"data":{"__proto__":{}}}}',
    '{"unset":["__proto__"]}',
  ])('%s is malformed', (json) => {
    expect(parseSessionHeader(`${nonce}.${base64url(json)}`, nonce)).toEqual({
      ok: false,
      reason: 'malformed',
    })
  })

  const end = base64url('{"end":true}')
  it.each([
    ['no payload', `${nonce}.`, 'malformed'],
    ['no dot', `${nonce}${end}`, 'malformed'],
    ['a nonce too short', `${nonce.slice(1)}.${end}`, 'malformed'],
    ['a nonce too long', `x${nonce}.${end}`, 'malformed'],
    ['a second dot', `${nonce}.${end}.x`, 'malformed'],
    ['padding', `${nonce}.${end}=`, 'malformed'],
    ['a payload of 2,049 characters', `${nonce}.${'A'.repeat(2049)}`, 'malformed'],
    ['bytes that are no UTF-8', `${nonce}._w`, 'malformed'],
    ['text that is no JSON', `${nonce}.${base64url('{')}`, 'malformed'],
    ['two headers, joined', `${nonce}.${end}, ${nonce}.${end}`, 'two-headers'],
    ['another nonce', `${'A'.repeat(22)}.${end}`, 'wrong-nonce'],
    ['the nonce in another case', `${nonce.toLowerCase()}.${end}`, 'wrong-nonce'],
  ])('%s is refused', (_what, value, reason) => {
    expect(parseSessionHeader(value, nonce)).toEqual({ ok: false, reason })
  })

  it('takes a payload of 2,048 characters', () => {
    const json = JSON.stringify({ set: { a: 'x'.repeat(1536 - 16) } })
    expect(base64url(json).length).toBe(2048)
    expect(parse(JSON.parse(json))).toMatchObject({ verb: 'set' })
  })

  it('never throws and never finds an order in noise', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        expect(parseSessionHeader(text, nonce).ok).toBe(false)
        expect(parseSessionHeader(`${nonce}.${text}`, nonce).ok).toBe(false)
      }),
    )
  })
})
