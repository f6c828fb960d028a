import { BlockList } from 'node:net'
import fc from 'fast-check'
import { describe, expect } from 'vitest'
import { checkAddress, compileAccess } from '../../src/access/index.ts'
import { readTrace, writeTrace } from '../../src/monitor/trace.ts'
import { createIssues } from '../../src/options/index.ts'
import { holds, near } from './support.ts'

describe('traces', () => {
  const part = near(
    [
      '00',
      '-',
      '01',
      'ff',
      '0af7651916cd43dd8448eb211c80319c',
      'b7ad6b7169203331',
      '0'.repeat(32),
      '0'.repeat(16),
      'A',
    ],
    8,
  )
  const state = near(
    ['vendor=1', ',', ' ', '=', 'a@b=x', 'UPPER=1', '\t', 'x=', 'y'.repeat(300)],
    40,
  )
  const printable = (text: string): string => text.replace(/[^\x20-\x7e\t]/g, '').trim()

  holds(
    'go out well formed, whatever came in',
    500,
    fc.property(part, state, (traceparent, tracestate) => {
      const headers = new Headers({
        traceparent: printable(traceparent),
        tracestate: printable(tracestate),
        baggage: 'user=1',
      })
      const trace = readTrace(headers, {})
      const out = new Headers(headers)
      out.delete('baggage')
      writeTrace(out, trace)
      expect(out.get('traceparent')).toMatch(
        /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[01]$/,
      )
      expect(out.get('traceparent')).not.toBe(headers.get('traceparent'))
      expect(out.get('baggage')).toBe(null)
      const kept = out.get('tracestate')
      if (kept === null) return
      expect(kept.length).toBeLessThanOrEqual(512)
      expect(kept.split(',').length).toBeLessThanOrEqual(32)
      // Another trace has no use for the state of the one it does not carry on.
      expect(trace.parentId).toBeDefined()
    }),
  )
})

describe('rules on addresses', () => {
  holds(
    'let pass whom Node’s BlockList finds, and nobody else',
    500,
    fc.property(
      fc.array(fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 32 })), {
        minLength: 1,
        maxLength: 4,
      }),
      fc.oneof(
        fc.ipV4(),
        fc.ipV6(),
        fc.constantFrom('', 'unknown', '10.0.0.1, 10.0.0.2', '010.0.0.1'),
      ),
      (ranges, address) => {
        const judge = new BlockList()
        const texts = ranges.map(([base, bits]) => {
          const number = base.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0)
          const net = (number & ((0xffffffff << (32 - bits)) >>> 0)) >>> 0
          const first = [24, 16, 8, 0].map((shift) => (net >>> shift) & 255).join('.')
          judge.addSubnet(first, bits, 'ipv4')
          return `${first}/${bits}`
        })
        const faults = createIssues('x')
        const rule = compileAccess({ session: false, address: texts }, faults)
        faults.throwIfAny()
        for (const each of [address, ranges[0]?.[0] ?? '']) {
          const ipv4 = /^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})$/.test(each)
          expect([each, checkAddress(rule, each).ok]).toEqual([
            each,
            ipv4 && judge.check(each, 'ipv4'),
          ])
        }
      },
    ),
  )
})
