import { type Context, Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { type CsrfOptions, csrf } from '../../src/csrf/index.ts'
import { secureHeaders } from '../../src/headers/index.ts'
import { errorPage } from '../../src/page/index.ts'
import type { SecurityEvent } from '../../src/types.ts'

type Heads = Record<string, string>
const evil = {
  'Sec-Fetch-Site': 'cross-site',
  Origin: 'https://evil.example',
  Cookie: '__Host-session=x',
}

function app(options: CsrfOptions<Context> = {}) {
  const events: SecurityEvent[] = []
  const ran: string[] = []
  const routes = new Hono()
    .use(secureHeaders())
    .use(csrf({ onEvent: (event) => events.push(event), ...options }))
    .onError(errorPage({ report: () => {} }))
    .all('*', (c) => {
      ran.push(`${c.req.method} ${c.req.path}`)
      return c.text('in')
    })
  const send = (
    method: string,
    path: string,
    headers: Heads,
    env: object = {},
  ): Promise<Response> =>
    Promise.resolve(
      routes.fetch(new Request(`https://app.example.com${path}`, { method, headers }), env),
    )
  return { events, ran, send }
}

describe('csrf()', () => {
  it('refuses with 403, says nothing of why, and the handler never runs', async () => {
    const { send, ran } = app()
    const response = await send('POST', '/transfer', evil)
    expect(response.status).toBe(403)
    expect(response.headers.get('Content-Type')).toBe('application/problem+json')
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    expect(response.headers.get('Vary')).toBe('Sec-Fetch-Site, Origin')
    expect(await response.text()).not.toContain('cross-site')
    expect(ran).toEqual([])
  })

  it('shows a person a page', async () => {
    const navigation = { ...evil, 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' }
    const response = await app().send('POST', '/transfer', navigation)
    expect([response.status, response.headers.get('Content-Type')]).toEqual([
      403,
      'text/html; charset=utf-8',
    ])
  })

  it('leaves security headers on what it refuses', async () => {
    const response = await app().send('POST', '/transfer', evil)
    expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff')
  })

  it.each([
    ['GET', {}],
    ['GET', evil],
    ['OPTIONS', evil],
    ['POST', { 'Sec-Fetch-Site': 'same-origin', Cookie: 'a=b' }],
    ['POST', {}],
  ] as Array<[string, Heads]>)('lets %s with %j pass and is silent', async (method, headers) => {
    const { send, ran, events } = app()
    expect((await send(method, '/x', headers)).status).toBe(200)
    expect([ran, events]).toEqual([[`${method} /x`], []])
  })

  it('tells what it refused: path and reason, no query, no cookie', async () => {
    const { send, events } = app()
    await send('POST', '/transfer?token=s3cret#x', evil)
    expect(events).toEqual([{ type: 'csrf-refused', reason: 'cross-site', subject: '/transfer' }])
  })

  it('cuts a long path', async () => {
    const { send, events } = app()
    await send('POST', `/${'x'.repeat(4000)}`, evil)
    expect(events[0]?.subject?.length).toBe(256)
  })

  it('names the request where it has a name', async () => {
    const events: SecurityEvent[] = []
    const routes = new Hono<{ Variables: { requestId: string } }>()
      .use(async (c, next) => {
        c.set('requestId', 'r-1')
        await next()
      })
      .use(csrf({ onEvent: (event) => events.push(event) }))
    const response = await routes.request('/x', { method: 'POST', headers: evil })
    expect(await response.json()).toMatchObject({ requestId: 'r-1' })
    expect(events).toEqual([
      { type: 'csrf-refused', reason: 'cross-site', subject: '/x', request: 'r-1' },
    ])
  })

  it('that observes refuses nothing and tells the same', async () => {
    const { send, ran, events } = app({ mode: 'observe', isolation: true })
    expect((await send('POST', '/transfer', evil)).status).toBe(200)
    expect((await send('GET', '/image', evil)).status).toBe(200)
    expect(ran).toEqual(['POST /transfer', 'GET /image'])
    expect(events).toEqual([
      { type: 'csrf-observed', reason: 'cross-site', subject: '/transfer' },
      { type: 'csrf-observed', reason: 'resource-isolation', subject: '/image' },
    ])
  })

  it('lets the application answer', async () => {
    const { send, events } = app({ refuse: ({ reason }, c) => c.text(`no: ${reason}`, 418) })
    const response = await send('POST', '/transfer', evil)
    expect([response.status, await response.text()]).toEqual([418, 'no: cross-site'])
    expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect(events.length).toBe(1)
  })

  it('waits for an answer that takes its time', async () => {
    const { send, ran } = app({ refuse: async (_, c) => c.text('no', 409) })
    expect((await send('POST', '/transfer', evil)).status).toBe(409)
    expect(ran).toEqual([])
  })

  it('says what refusals of reads depend on', async () => {
    const response = await app({ isolation: true }).send('GET', '/image', evil)
    expect([response.status, response.headers.get('Vary')]).toEqual([
      403,
      'Sec-Fetch-Dest, Sec-Fetch-Mode, Sec-Fetch-Site',
    ])
  })

  it('tells of an exempt route what it would have refused', async () => {
    const { send, events } = app({ exempt: [{ path: '/hook' }] })
    expect((await send('POST', '/hook?a', evil)).status).toBe(200)
    expect((await send('POST', '/hook', {})).status).toBe(200)
    expect(events).toEqual([{ type: 'csrf-exempted', reason: 'cross-site', subject: '/hook' }])
  })

  it('says nothing of trusted origins', async () => {
    const { send, events } = app({ trust: [{ path: '/back', origins: ['https://evil.example'] }] })
    expect((await send('POST', '/back', evil)).status).toBe(200)
    expect((await send('POST', '/backs', evil)).status).toBe(403)
    expect(events.length).toBe(1)
  })

  // The router reads /%68ook as /hook and so would an exemption on its path; what the upstream reads nobody knows.
  it.each(['/%68ook', '/hook/', '/hook%2f', '//hook', '/HOOK', '/hook;a', '/hook%20', '/hook/..'])(
    'does not take %s for the exempt /hook',
    async (path) => {
      expect((await app({ exempt: [{ path: '/hook' }] }).send('POST', path, evil)).status).toBe(403)
    },
  )

  it('takes the public origin from the environment', async () => {
    const { send } = app({ publicOrigins: (c) => (c.env as { ORIGIN?: string }).ORIGIN })
    const headers = { Origin: 'https://www.example.com', Cookie: 'a=b' }
    expect((await send('POST', '/', headers, { ORIGIN: 'https://www.example.com' })).status).toBe(
      200,
    )
    expect((await send('POST', '/', headers, { ORIGIN: 'https://b.example.com' })).status).toBe(403)
  })

  it('answers 503 where the environment holds none', async () => {
    const { send, ran } = app({ publicOrigins: (c) => (c.env as { ORIGIN?: string }).ORIGIN })
    expect((await send('POST', '/', { 'Sec-Fetch-Site': 'same-origin' })).status).toBe(503)
    expect(ran).toEqual([])
  })

  it('fails where the application cannot say what credentials are', async () => {
    const credentials = (): boolean => {
      throw new Error('no')
    }
    const { send, ran } = app({ credentials })
    expect((await send('POST', '/', {})).status).toBe(500)
    expect(ran).toEqual([])
  })
})
