import { describe, expect, it } from 'vitest'
import {
  type AuditRecord,
  type AuditSink,
  analyticsSink,
  auditTrail,
  readDevice,
  webhookSink,
} from '../../../src/monitor/index.ts'
import type { SecurityEvent } from '../../../src/types.ts'

const chrome =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'
const now = Date.UTC(2026, 10, 30, 12)

function record(event: SecurityEvent, sink: AuditSink, headers: Record<string, string> = {}) {
  const kept: Promise<unknown>[] = []
  auditTrail(sink, { country: 'cloudflare' }).record(event, {
    env: { name: 'env' },
    headers: new Headers({ 'user-agent': chrome, 'cf-ipcountry': 'DE', ...headers }),
    requestId: 'r-12345678',
    address: '203.0.113.77',
    now,
    waitUntil: (work) => kept.push(work),
  })
  return kept
}

function recordOne(event: SecurityEvent, headers: Record<string, string> = {}) {
  const records: AuditRecord[] = []
  record(event, (each) => records.push(each), headers)
  expect(records.length).toBeLessThan(2)
  return records[0] && JSON.parse(JSON.stringify(records[0]))
}

describe('an audit record', () => {
  it('says who did what to which session, from where, and how it ended', () => {
    const event = {
      type: 'session-ended',
      session: 'digest',
      user: 'tag',
      reason: 'ended',
    } as const
    expect(recordOne(event)).toEqual({
      event: 'audit',
      time: '2026-11-30T12:00:00.000Z',
      action: 'session-end',
      outcome: 'success',
      type: 'session-ended',
      reason: 'ended',
      user: 'tag',
      session: 'digest',
      requestId: 'r-12345678',
      client: '203.0.113.0/24',
      browser: 'Chrome 140',
      system: 'Windows',
      deviceKind: 'desktop',
      country: 'DE',
    })
  })

  it('says that a session was bound to a device, and that a key or a proof was not taken', () => {
    const types = ['session-bound', 'session-bind-refused', 'session-refresh-refused'] as const
    const made = types.map((type) => recordOne({ type, session: 'digest', reason: 'x' }))
    expect(made.map(({ action, outcome, session }) => [action, outcome, session])).toEqual([
      ['device-bind', 'success', 'digest'],
      ['device-bind', 'denied', 'digest'],
      ['device-proof', 'denied', 'digest'],
    ])
  })

  it('is not made of events about the gateway’s own health', () => {
    expect(recordOne({ type: 'breaker-opened', subject: 'app' })).toBe(undefined)
    expect(recordOne({ type: 'session-renewed' })).toBe(undefined)
  })

  it('carries nothing that a client can write freely', () => {
    const made = recordOne(
      { type: 'access-refused', reason: 'role-missing' },
      { 'user-agent': 'ann@example.com <script>', 'cf-ipcountry': 'ann@example.com' },
    )
    expect(JSON.stringify(made)).not.toMatch(/ann@|script/)
  })
})

describe('a device', () => {
  it.each([
    {
      userAgent: chrome,
      device: { browser: 'Chrome 140', system: 'Windows', deviceKind: 'desktop' },
    },
    {
      userAgent:
        'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
      device: { browser: 'Safari 18', system: 'iOS 18', deviceKind: 'mobile' },
    },
    {
      userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      device: { browser: 'Firefox 140', system: 'Linux', deviceKind: 'desktop' },
    },
    { userAgent: 'curl/8.5.0', device: {} },
    { userAgent: 'x'.repeat(100_000), device: {} },
    { userAgent: null, device: {} },
  ])('is read from $userAgent', ({ userAgent, device }) => {
    expect(readDevice(userAgent)).toEqual(device)
    expect(readDevice(userAgent)).toEqual(device)
  })
})

describe('sinks', () => {
  it('all receive a record, and none is in the way of another or of the answer', async () => {
    const errors: unknown[] = []
    const seen: string[] = []
    const failing: AuditSink = () => {
      throw new Error('full')
    }
    const rejecting: AuditSink = () => Promise.reject(new Error('away'))
    const working: AuditSink = ({ type }, { env }) => {
      seen.push(`${type} ${(env as { name: string }).name}`)
    }
    const kept: Promise<unknown>[] = []
    const trail = auditTrail([failing, rejecting, working], { onError: (e) => errors.push(e) })
    trail.record(
      { type: 'logout' },
      {
        env: { name: 'env' },
        headers: new Headers(),
        requestId: 'r',
        address: undefined,
        now,
        waitUntil: (work) => kept.push(work),
      },
    )
    await Promise.all(kept)
    expect(kept).toHaveLength(1)
    expect(seen).toEqual(['logout env'])
    expect(errors.map(String)).toEqual(['Error: full', 'Error: away'])
  })

  it('writes a point for Analytics Engine, by a fixed order of columns', () => {
    const points: { indexes: readonly string[]; blobs: readonly string[] }[] = []
    record(
      { type: 'session-created', reason: 'started', user: 'tag', session: 'digest' },
      analyticsSink(() => ({ writeDataPoint: (point) => points.push(point) })),
    )
    expect(points).toMatchObject([
      {
        indexes: ['tag'],
        blobs: [
          'session-start',
          'success',
          'session-created',
          'started',
          'tag',
          '',
          'digest',
          'r-12345678',
          '203.0.113.0/24',
          'Chrome 140',
          'Windows',
          'DE',
          '',
        ],
      },
    ])
  })

  it('posts a signed record to a webhook, and not those that a scanner causes', async () => {
    const posts: { url: string; body: string; signature: string | null }[] = []
    const sink = webhookSink({
      url: 'https://audit.example.com/hook',
      key: `${'k'.repeat(16)}0123456789abcdef`,
      fetch: (async (url: string, init: RequestInit) => {
        const signature = new Headers(init.headers).get('portcullis-signature')
        posts.push({ url, body: String(init.body), signature })
        return new Response()
      }) as never,
    })
    await Promise.all(record({ type: 'session-ended', session: 'digest' }, sink))
    await Promise.all(record({ type: 'request-refused', reason: 'no-route' }, sink))
    expect(posts).toHaveLength(1)
    const [post] = posts
    const [, time = '', hex = ''] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(post?.signature ?? '') ?? []
    const key = await crypto.subtle.importKey(
      'raw',
      new TextEncoder().encode(`${'k'.repeat(16)}0123456789abcdef`),
      { name: 'HMAC', hash: 'SHA-256' },
      false,
      ['verify'],
    )
    const signature = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
    const signed = new TextEncoder().encode(`${time}.${post?.body}`)
    expect(await crypto.subtle.verify('HMAC', key, signature, signed)).toBe(true)
    expect(JSON.parse(post?.body ?? '')).toMatchObject({ action: 'session-end', session: 'digest' })
  })

  it('must be functions, and options must be known', () => {
    expect(() => auditTrail([])).toThrow(expect.objectContaining({ code: 'ERR_CONFIG' }))
    expect(() => auditTrail('log' as never)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG' }),
    )
    expect(() => auditTrail(() => {}, { country: 'aws' as never })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG' }),
    )
    expect(() => webhookSink({ url: 'http://x', key: 'short' })).toThrow(/https[\s\S]*32/)
    expect(() => webhookSink(undefined as never)).toThrow(/webhookSink\.url[\s\S]*webhookSink\.key/)
    const wrong = { url: 'https://x.test', key: 'k'.repeat(32), timeoutMs: 0 }
    expect(() => webhookSink(wrong)).toThrow('webhookSink.timeoutMs')
  })
})
