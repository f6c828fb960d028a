import { describe, expect, it } from 'vitest'
import type { SecurityEvent } from '../../src/types.ts'
import { type Bench, bench } from './support.ts'

const path = '/.portcullis/reports'

function post(at: Bench, body: BodyInit, type = 'application/csp-report'): Promise<Response> {
  return at.ask(path, { method: 'POST', body, headers: { 'Content-Type': type } })
}

/** What Firefox and older browsers send to report-uri. */
function old(members: object): string {
  return JSON.stringify({
    'csp-report': { 'document-uri': 'https://app.example.com/account?token=s3cret', ...members },
  })
}

/** What the Reporting API sends, several at once. */
function modern(...bodies: object[]): string {
  const report = {
    type: 'csp-violation',
    age: 3,
    url: 'https://app.example.com/?q=s3cret',
    user_agent: 's3cret',
  }
  return JSON.stringify(bodies.map((body) => ({ ...report, body })))
}

async function told(...bodies: string[]): Promise<SecurityEvent[]> {
  const at = await bench()
  for (const body of bodies) expect((await post(at, body)).status).toBe(204)
  return at.events
}

describe('a report', () => {
  it.each<[body: string, reason: string, subject: string]>([
    [
      old({
        'violated-directive': "img-src 'self'",
        'blocked-uri': 'https://cdn.example/a.png?session=s3cret',
      }),
      'enforce',
      'img-src https://cdn.example',
    ],
    [
      old({
        'effective-directive': 'script-src-elem',
        'blocked-uri': 'inline',
        disposition: 'report',
      }),
      'report',
      'script-src-elem inline',
    ],
    [
      old({ 'effective-directive': 'script-src', 'blocked-uri': 'eval' }),
      'enforce',
      'script-src eval',
    ],
    [old({ 'effective-directive': 'style-src', 'blocked-uri': '' }), 'enforce', 'style-src inline'],
    [old({ 'effective-directive': 'img-src', 'blocked-uri': 'data' }), 'enforce', 'img-src data:'],
    [
      modern({
        effectiveDirective: 'connect-src',
        blockedURL: 'wss://ws.example:8443/s3cret',
        disposition: 'report',
      }),
      'report',
      'connect-src wss://ws.example:8443',
    ],
    [
      modern({
        effectiveDirective: 'script-src-elem',
        blockedURL: 'https://app.example.com/s3cret.js',
      }),
      'enforce',
      'script-src-elem self',
    ],
    [
      modern({ effectiveDirective: 'require-trusted-types-for', blockedURL: 'trusted-types-sink' }),
      'enforce',
      'require-trusted-types-for trusted-types-sink',
    ],
    [
      modern({ effectiveDirective: 'script-src', blockedURL: 'chrome-extension://abc/s3cret.js' }),
      'enforce',
      'script-src chrome-extension:',
    ],
    [
      modern({ effectiveDirective: 'img-src', blockedURL: 'blob:https://x.example/s3cret' }),
      'enforce',
      'img-src https://x.example',
    ],
  ])('%s is told as %s, %s', async (body, reason, subject) => {
    expect(await told(body)).toEqual([{ type: 'csp-report', reason, subject }])
  })

  it.each(['coep', 'coop', 'integrity-violation', 'permissions-policy-violation'])(
    'of type %s is told',
    async (type) => {
      const report = {
        type,
        url: 'https://app.example.com/?s3cret',
        body: { blockedURL: 'https://cdn.example/s3cret' },
      }
      expect(await told(JSON.stringify([report]))).toEqual([
        { type: 'browser-report', reason: type },
      ])
    },
  )

  it('of the same source is told once in ten minutes', async () => {
    let now = Date.UTC(2026, 10, 20)
    const at = await bench({ clock: () => now })
    const body = old({ 'effective-directive': 'img-src', 'blocked-uri': 'https://cdn.example/' })
    for (let i = 0; i < 5; i++) await post(at, body.replace('/account', `/${i}`))
    expect(at.events).toHaveLength(1)
    now += 599_000
    await post(at, body)
    expect(at.events).toHaveLength(1)
    now += 1000
    await post(at, body)
    expect(at.events).toHaveLength(2)
  })
})

describe('anybody can send reports, and', () => {
  it.each<[what: string, body: string]>([
    ['nothing', ''],
    ['no JSON', '{"csp-report":'],
    ['null', 'null'],
    ['a number', '7'],
    ['a list of nothing', '[null, 1, "x", []]'],
    ['another report', '[{"type":"deprecation","body":{"id":"x"}}]'],
    ['no directive', old({ 'blocked-uri': 'https://cdn.example' })],
    [
      'a directive that is none',
      old({ 'effective-directive': 'Img_Src\n', 'blocked-uri': 'inline' }),
    ],
    ['a directive that is an object', old({ 'effective-directive': {}, 'blocked-uri': 'inline' })],
    ['no source', old({ 'effective-directive': 'img-src' })],
    [
      'a source that is none',
      old({ 'effective-directive': 'img-src', 'blocked-uri': 'a b\n{"event":"login"}' }),
    ],
    [
      'a long source',
      old({
        'effective-directive': 'img-src',
        'blocked-uri': `https://${'a'.repeat(2050)}.example`,
      }),
    ],
    ['a polluted prototype', '{"__proto__":{"type":"csp-violation"},"constructor":{}}'],
    [
      'more than 16 KB',
      old({
        'effective-directive': 'img-src',
        'blocked-uri': 'inline',
        sample: 'x'.repeat(16_400),
      }),
    ],
  ])('%s is answered with 204 and forgotten', async (_, body) => {
    expect(await told(body)).toEqual([])
  })

  // while true; do curl -d '{"csp-report":{"effective-directive":"img-src","blocked-uri":"https://1.example"}}' ...
  it('a flood of them is at most 60 events a minute', async () => {
    let now = Date.UTC(2026, 10, 20)
    const at = await bench({ clock: () => now })
    const some = (from: number): string =>
      modern(
        ...Array.from({ length: 20 }, (_, i) => ({
          effectiveDirective: 'img-src',
          blockedURL: `https://${from + i}.example`,
        })),
      )
    for (let i = 0; i < 200; i++) await post(at, some(i * 20), 'application/reports+json')
    expect(at.events).toHaveLength(60)
    now += 60_000
    await post(at, some(9000))
    expect(at.events).toHaveLength(80)
  })

  it('of one body twenty are read', async () => {
    const bodies = Array.from({ length: 40 }, (_, i) => ({
      effectiveDirective: 'img-src',
      blockedURL: `https://${i}.example`,
    }))
    expect(await told(modern(...bodies))).toHaveLength(20)
  })

  it('a body without an end is not read to its end', async () => {
    let sent = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller): void {
        sent += 1024
        controller.enqueue(new Uint8Array(1024))
      },
    })
    const at = await bench()
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit
    expect(
      (await at.gateway.fetch(new Request(`https://app.example.com${path}`, init))).status,
    ).toBe(204)
    expect(sent).toBeLessThan(100_000)
  })

  it('a body that breaks off is answered all the same', async () => {
    const body = new ReadableStream<Uint8Array>({
      pull(controller): void {
        controller.error(new Error('gone'))
      },
    })
    const at = await bench()
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit
    expect(
      (await at.gateway.fetch(new Request(`https://app.example.com${path}`, init))).status,
    ).toBe(204)
    expect(at.faults).toEqual([])
  })
})

describe('/.portcullis/reports', () => {
  it('takes reports of browsers, which send no cookie and say that they come from here', async () => {
    const at = await bench()
    const headers = {
      'Sec-Fetch-Site': 'same-origin',
      'Sec-Fetch-Dest': 'report',
      'Content-Type': 'application/csp-report',
    }
    const response = await at.ask(path, { method: 'POST', body: '{}', headers })
    expect([response.status, response.headers.get('Cache-Control'), at.seen.length]).toEqual([
      204,
      'no-store',
      0,
    ])
  })

  it.each(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])('answers %s with 405', async (method) => {
    const response = await (await bench()).ask(path, {
      method,
      headers: { Origin: 'https://app.example.com' },
    })
    expect([response.status, response.headers.get('Allow')]).toEqual([405, 'POST'])
  })
})
