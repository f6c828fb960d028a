import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { errorPage, portcullis, statelessSessions } from '../../src/index.ts'
import { type RequestLine, type RequestLogOptions, requestLog } from '../../src/monitor/index.ts'
import { requestId } from '../../src/stack/index.ts'

function app(options: RequestLogOptions = {}) {
  const lines: RequestLine[] = []
  const log = requestLog({ log: (line) => lines.push(line), ...options })
  const hono = new Hono()
    .onError(errorPage({ report: () => {} }))
    .use(requestId('cf-ray'), log)
    .get('/users/:id', (c) => c.text('user'))
    .get('/fetched', () => Response.redirect('https://app.example.com/', 302))
    .get('/noted', (c) => {
      c.var.requestLog.cache = 'hit'
      return c.text('noted')
    })
    .get('/boom', async () => {
      await statelessSessions({ secret: 'kX9vQ2mT7pL4wZ8rB3nJ6hD1sF5gY0cE' }).start({
        context: { request: new Request('https://app.example.com') },
        data: { big: 'x'.repeat(9000) },
      })
      throw new Error('never reached')
    })
  return {
    lines,
    ask: (path: string, init?: RequestInit) => hono.request(`https://app.example.com${path}`, init),
  }
}

describe('requestLog', () => {
  it('tells of a request by its pattern, cut address and id', async () => {
    const { lines, ask } = app({ platform: 'cloudflare' })
    await ask('/users/ada?token=t0ken', {
      headers: {
        'cf-connecting-ip': '2001:db8:1:2::3',
        'cf-ray': '8f3a1c2b4d5e6f70-FRA',
        cookie: 'a=t0ken',
      },
    })
    expect(lines).toEqual([
      expect.objectContaining({
        method: 'GET',
        route: '/users/:id',
        status: 200,
        decision: 'answered',
        client: '2001:db8:1::/48',
        requestId: '8f3a1c2b4d5e6f70-FRA',
      }),
    ])
    expect(JSON.stringify(lines)).not.toMatch(/ada|t0ken/)
  })

  it('believes no address by default', async () => {
    const { lines, ask } = app()
    await ask('/users/1', {
      headers: { 'cf-connecting-ip': '203.0.113.7', 'x-forwarded-for': '203.0.113.7' },
    })
    expect(lines[0]?.client).toBe(undefined)
  })

  it('tells of what a handler throws, with its code', async () => {
    const { lines, ask } = app()
    expect((await ask('/boom')).status).toBe(500)
    expect(lines[0]).toMatchObject({
      level: 'error',
      status: 500,
      code: expect.stringMatching(/^ERR_/),
    })
  })

  it('has what a handler noted', async () => {
    const { lines, ask } = app()
    await ask('/noted')
    expect(lines[0]).toMatchObject({ cache: 'hit', decision: 'passed' })
  })

  it('says where the time went, also on a response whose headers cannot be changed', async () => {
    let now = 0
    const { ask } = app({ serverTiming: true, clock: () => (now += 5) })
    for (const path of ['/users/1', '/fetched']) {
      expect((await ask(path)).headers.get('server-timing')).toBe('gw;dur=5')
    }
  })

  it('is a step of the stack that sees refusals and their reason, and what wraps them', async () => {
    const lines: RequestLine[] = []
    const log = requestLog({ log: (line) => lines.push(line) })
    const hono = new Hono()
      .use(
        portcullis({
          requestLog: log,
          publicOrigin: 'https://app.example.com',
          requestIdHeader: 'cf-ray',
        }),
      )
      .get('/', (c) => c.text('x'))
    const headers = { 'cf-ray': '8f3a1c2b4d5e6f70-FRA' }
    const response = await hono.request('https://other.example.com/', { headers })
    expect([response.status, response.headers.get('x-content-type-options')]).toEqual([
      421,
      'nosniff',
    ])
    expect(lines).toEqual([
      expect.objectContaining({
        status: 421,
        decision: 'refused',
        reason: 'host-unknown',
        requestId: headers['cf-ray'],
      }),
    ])
  })

  it.each([
    [{ clok: 1 }, 'monitor.clok is not an option'],
    [{ clock: 1 }, 'requestLog.clock must be a function'],
    [{ platform: 'aws' }, 'requestLog.platform must be'],
  ])('%o: %s', (options, fault) => {
    expect(() => requestLog(options as unknown as RequestLogOptions)).toThrow(fault)
  })

  it('takes no header name that is none', () => {
    expect(() => portcullis({ requestIdHeader: 'x y' })).toThrow(
      'portcullis.requestIdHeader must be the name of a header',
    )
  })
})
