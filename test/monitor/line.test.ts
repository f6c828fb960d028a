import { describe, expect, it } from 'vitest'
import { analyticsPoint } from '../../src/monitor/analytics.ts'
import {
  createRequestLine,
  type RequestMetrics,
  type RequestOutcome,
} from '../../src/monitor/line.ts'
import { formatServerTiming } from '../../src/monitor/server-timing.ts'
import { truncateAddress } from '../../src/request/address/truncate.ts'

const startedAt = Date.UTC(2026, 10, 20, 12)
const outcome = (more: Partial<RequestOutcome> = {}): RequestOutcome => ({
  request: { method: 'POST', headers: new Headers({ 'content-length': '12' }) },
  requestId: 'r-12345678',
  address: '203.0.113.77',
  status: 200,
  headers: new Headers({ 'content-length': '345' }),
  endedAt: startedAt + 40,
  version: 'v7',
  ...more,
})
const notes: RequestMetrics = {
  startedAt,
  trace: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true },
  route: '/orders/*',
  upstream: 'shop',
  upstreamStatus: 200,
  ttfbMs: 31,
  sessionMs: 4,
  session: 'digest',
  cache: 'miss',
  retries: 1,
}

describe('the line of a request', () => {
  it('has every member, flat', () => {
    expect(JSON.parse(JSON.stringify(createRequestLine(notes, outcome())))).toEqual({
      level: 'info',
      event: 'request',
      time: '2026-11-20T12:00:00.000Z',
      requestId: 'r-12345678',
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
      method: 'POST',
      route: '/orders/*',
      status: 200,
      decision: 'passed',
      upstream: 'shop',
      upstreamStatus: 200,
      ttfbMs: 31,
      totalMs: 40,
      sessionMs: 4,
      session: 'digest',
      client: '203.0.113.0/24',
      requestBytes: 12,
      responseBytes: 345,
      cache: 'miss',
      retries: 1,
      version: 'v7',
    })
  })

  it.each<
    [what: string, notes: Partial<RequestMetrics>, status: number, decision: string, level: string]
  >([
    ['an upstream’s answer', { upstreamStatus: 200 }, 200, 'passed', 'info'],
    ['an upstream’s failure', { upstreamStatus: 500 }, 500, 'passed', 'error'],
    ['an answer out of the cache', { cache: 'hit' }, 200, 'passed', 'info'],
    ['a page of our own', {}, 308, 'answered', 'info'],
    ['a refusal', { reason: 'role-missing' }, 403, 'refused', 'info'],
    ['maintenance', { reason: 'maintenance' }, 503, 'failed', 'error'],
    [
      'an upstream out of reach',
      { reason: 'upstream-unreachable', code: 'ERR_UPSTREAM_UNREACHABLE' },
      502,
      'failed',
      'error',
    ],
    ['a client that left', { upstreamStatus: 200 }, 499, 'left', 'info'],
  ])('says of %s what became of it', (_, more, status, decision, level) => {
    expect(createRequestLine({ startedAt, ...more }, outcome({ status }))).toMatchObject({
      status,
      decision,
      level,
    })
  })

  it('takes no method and no length that is none', () => {
    const request = { method: 'SECRET-TOKEN', headers: new Headers({ 'content-length': '12, 12' }) }
    const line = createRequestLine({ startedAt }, outcome({ request, headers: new Headers() }))
    expect([line.method, line.requestBytes, line.responseBytes]).toEqual([
      'OTHER',
      undefined,
      undefined,
    ])
  })

  it.each([
    ['203.0.113.77', '203.0.113.0/24'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
    [undefined, undefined],
  ])('has of the address %s no more than %s', (address, client) => {
    expect(truncateAddress(address)).toBe(client)
  })
})

describe('a point of Analytics Engine', () => {
  it('has its members where docs/monitoring.md says', () => {
    expect(analyticsPoint(createRequestLine(notes, outcome()))).toEqual({
      indexes: ['/orders/*'],
      blobs: ['/orders/*', 'POST', 'shop', 'passed', '', '', 'miss', 'v7'],
      doubles: [200, 40, 200, 31, 4, 1, 12, 345],
    })
  })

  it('tells what is not known from nothing', () => {
    const line = createRequestLine(
      { startedAt, reason: 'no-route' },
      outcome({ status: 404, headers: new Headers() }),
    )
    const { indexes, blobs, doubles } = analyticsPoint({ ...line, version: '' })
    expect([indexes, blobs, doubles]).toEqual([
      [''],
      ['', 'POST', '', 'refused', 'no-route', '', '', ''],
      [404, 40, -1, -1, -1, 0, 12, -1],
    ])
  })

  it.each(['/'.padEnd(300, 'a'), '/'.padEnd(300, 'é')])(
    'keeps its index within 96 bytes',
    (route) => {
      const { indexes } = analyticsPoint(createRequestLine({ startedAt, route }, outcome()))
      expect(new TextEncoder().encode(indexes[0]).length).toBeLessThanOrEqual(96)
    },
  )
})

describe('Server-Timing', () => {
  it.each([
    [notes, 'gw;dur=40, origin;dur=31, session;dur=4, cache;desc=miss'],
    [{ startedAt }, 'gw;dur=40'],
  ])('says where the time went', (some, value) => {
    expect(formatServerTiming(createRequestLine(some, outcome()))).toBe(value)
  })
})
