import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readTrace, writeTrace } from '../../src/monitor/trace.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const parentId = '00f067aa0ba902b7'
const good = `00-${traceId}-${parentId}-01`

const told = (said: Record<string, string>, options = {}): Headers => {
  const headers = new Headers(said)
  const trace = readTrace(headers, options)
  headers.delete('baggage') // what a gateway does with every request
  writeTrace(headers, trace)
  return headers
}

describe('a trace', () => {
  it('goes on under the client’s id with a parent of our own', () => {
    const [version, id, span, flags] =
      told({ traceparent: good }).get('traceparent')?.split('-') ?? []
    expect([version, id, flags]).toEqual(['00', traceId, '01'])
    expect(span).toMatch(/^[0-9a-f]{16}$/)
    expect(span).not.toBe(parentId)
  })

  it.each([
    ['of another version, that is short', `01-${traceId}-${parentId}-0`],
    ['of the version that is none', `ff-${traceId}-${parentId}-01`],
    ['with more behind it', `${good}-x`],
    ['in capitals', good.toUpperCase()],
    ['with an id of zeros', `00-${'0'.repeat(32)}-${parentId}-01`],
    ['with a parent of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['that is short', good.slice(0, -1)],
    ['that is two', `${good}, ${good}`],
    ['that is nothing', ''],
  ])('begins anew after one %s, and what came with it is dropped', (_, traceparent) => {
    const headers = told({ traceparent, tracestate: 'vendor=secret' })
    expect(headers.get('traceparent')).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
    expect(headers.get('traceparent')).not.toContain(traceId)
    expect(headers.get('tracestate')).toBe(null)
  })

  it('begins anew for every client where the configuration says so', () => {
    expect(told({ traceparent: good }, { continue: false }).get('traceparent')).not.toContain(
      traceId,
    )
  })

  it.each([
    ['00', '00'],
    ['01', '01'],
    ['03', '01'],
    ['ff', '01'],
    ['fe', '00'],
  ])('keeps of the flags %s what is known: %s', (flags, kept) => {
    const traceparent = `00-${traceId}-${parentId}-${flags}`
    expect(told({ traceparent }).get('traceparent')?.slice(-2)).toBe(kept)
  })

  it.each([
    [1, '01'],
    [0, '00'],
  ])('asks for a share of %d of its own to be recorded', (sample, flags) => {
    expect(told({}, { sample }).get('traceparent')?.slice(-2)).toBe(flags)
  })

  // A client that sends 8 KB of state has it stored by every server the trace reaches.
  it('carries whole members of the state, 512 characters at most', () => {
    const long = Array.from({ length: 32 }, (_, i) => `vendor${i}=${'v'.repeat(20)}`).join(',')
    const state = told({ traceparent: good, tracestate: long }).get('tracestate') ?? ''
    expect(state.length).toBeLessThanOrEqual(512)
    expect(long.startsWith(`${state},`)).toBe(true)
  })

  // W3C Trace Context sections 3.3.1 and 4.3: a state of which a part cannot be read is not passed on.
  it.each([
    ...[
      'B=2',
      '=3',
      'c',
      'd=4=5',
      'f=\u00e9',
      'foo@=1',
      '@foo=1',
      'foo@@bar=1',
      'foo@bar@baz=1',
      'foo =1',
      'a=1',
    ],
    ...[
      `${'k'.repeat(257)}=1`,
      `b=${'v'.repeat(257)}`,
      `t@${'s'.repeat(15)}=1`,
      `${'t'.repeat(242)}@s=1`,
      'b=',
      '\u0001=1',
    ],
    Array.from({ length: 32 }, (_, i) => `v${i}=1`).join(','),
  ])('P11: discards the whole state for one member %j', (member) => {
    for (const state of [`a=1,${member},z=2`, `${member},a=1`, `a=1,${member}`]) {
      const headers = told({ traceparent: good, tracestate: state })
      expect(headers.get('tracestate')).toBe(null)
      expect(headers.get('traceparent')).toContain(traceId)
    }
  })

  it.each([
    ['a=1, , b=2,,', 'a=1,b=2'],
    ['\ta=1 ,\tg@vendor=7', 'a=1,g@vendor=7'],
    ['a_-*/1=x y', 'a_-*/1=x y'],
    ['0a=1', '0a=1'],
    [`0${'t'.repeat(240)}@${'s'.repeat(14)}=1`, `0${'t'.repeat(240)}@${'s'.repeat(14)}=1`],
    [
      Array.from({ length: 32 }, (_, i) => `v${i}=1`).join(','),
      Array.from({ length: 32 }, (_, i) => `v${i}=1`).join(','),
    ],
  ])('P11: carries %j', (state, carried) => {
    expect(told({ traceparent: good, tracestate: state }).get('tracestate')).toBe(carried)
  })

  it.each(['', '-what-the-future-will-be-like', '-'])(
    'P11: reads a later version, with %j behind it',
    (rest) => {
      const headers = told({
        traceparent: `cc-${traceId}-${parentId}-01${rest}`,
        tracestate: 'a=1',
      })
      expect(headers.get('traceparent')).toMatch(
        new RegExp(`^00-${traceId}-(?!${parentId})[0-9a-f]{16}-01$`),
      )
      expect(headers.get('tracestate')).toBe('a=1')
    },
  )

  it.each([
    `cc-${traceId}-${parentId}-01.what`,
    `cc-${traceId}-${parentId}-012`,
    `cc-${traceId}-${parentId}`,
    `ff-${traceId}-${parentId}-01`,
    `ff-${traceId}-${parentId}-01-x`,
    `00-${traceId}-${parentId}-01-`,
    `00-${traceId}-${parentId}-01-x`,
    `CC-${traceId}-${parentId}-01`,
    `cc-${'0'.repeat(32)}-${parentId}-01`,
    `cc-${traceId}-${'0'.repeat(16)}-01`,
    `cc-${traceId}-${parentId}-01-${'x'.repeat(600)}`,
  ])('P11: begins anew after %s', (traceparent) => {
    expect(told({ traceparent }).get('traceparent')).not.toContain(traceId)
  })

  it('passes baggage only where it is wanted, and little of it', () => {
    expect(told({ baggage: 'user=1' }).get('baggage')).toBe(null)
    expect(told({ baggage: 'user=1' }, { baggage: true }).get('baggage')).toBe('user=1')
    expect(told({ baggage: 'x'.repeat(1025) }, { baggage: true }).get('baggage')).toBe(null)
  })

  it('is well-formed whatever a client sends', () => {
    const text = fc.string({ unit: fc.constantFrom(...'0123456789abcdef-, =;xZ'), maxLength: 80 })
    fc.assert(
      fc.property(text, text, (traceparent, tracestate) => {
        const headers = told({ traceparent, tracestate })
        expect(headers.get('traceparent')).toMatch(
          /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[01]$/,
        )
        expect(headers.get('tracestate') ?? 'a=1').toMatch(/^[a-z0-9]/)
      }),
    )
  })
})
