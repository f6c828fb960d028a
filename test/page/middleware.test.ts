import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { describe, expect, it } from 'vitest'
import { ConfigError, PortcullisError } from '../../src/errors.ts'
import { errorPage, type FailedRequest, notFoundPage } from '../../src/page/index.ts'

interface Seen {
  app: Hono<{ Variables: { requestId: string } }>
  reports: Array<[error: unknown, about: FailedRequest]>
}

function seen(): Seen {
  const reports: Seen['reports'] = []
  const app = new Hono<{ Variables: { requestId: string } }>()
  app.onError(errorPage({ report: (error, about) => void reports.push([error, about]) }))
  app.notFound(notFoundPage())
  return { app, reports }
}

function thrower(error: unknown): () => never {
  return () => {
    throw error
  }
}

describe('errorPage', () => {
  it.each([
    ['a fault', new TypeError('database on fire'), 500],
    ['wrong options', new ConfigError([{ option: 'secret', problem: 'is required' }]), 503],
    ['an unreadable session', new PortcullisError('ERR_SESSION_UNREADABLE', 'unknown key'), 503],
    ['a late upstream', new PortcullisError('ERR_UPSTREAM_TIMEOUT', 'api: 30 s'), 504],
    ['an absent upstream', new PortcullisError('ERR_UPSTREAM_UNREACHABLE', 'api: refused'), 502],
  ])('answers %s neutrally and reports it', async (_, error, status) => {
    const { app, reports } = seen()
    app.get('/x', thrower(error))
    const response = await app.request('/x?token=1')
    expect(response.status).toBe(status)
    expect(response.headers.get('Content-Type')).toBe('application/problem+json')
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    expect(await response.text()).not.toContain(error.message)
    expect(reports).toEqual([[error, { method: 'GET', path: '/x' }]])
  })

  it('shows a person a page', async () => {
    const { app } = seen()
    app.get('/', thrower(new Error('no')))
    const response = await app.request('/', { headers: { Accept: 'text/html' } })
    expect(response.headers.get('Content-Type')).toBe('text/html; charset=utf-8')
    expect(await response.text()).toContain('<h1>Something went wrong</h1>')
  })

  it('does not report what a client caused', async () => {
    const { app, reports } = seen()
    app.get('/', thrower(new HTTPException(403, { message: 'user 7 is not an admin' })))
    const response = await app.request('/')
    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({ title: 'Forbidden', status: 403 })
    expect(reports).toEqual([])
  })

  it.each([
    [new HTTPException(422, { message: 'inner words' }), 422, 0],
    [new HTTPException(500, { message: 'inner words' }), 500, 1],
    [
      Object.assign(new Error('inner words'), {
        status: 404,
        getResponse: () => new Response('inner words'),
      }),
      404,
      0,
    ],
    [Object.assign(new Error('inner words'), { status: 404 }), 500, 1],
    [Object.assign(new Error('inner words'), { status: 204, getResponse: () => null }), 500, 1],
  ])('keeps the status of %s, not its words', async (error, status, reported) => {
    const { app, reports } = seen()
    app.get('/', thrower(error))
    const response = await app.request('/')
    expect(response.status).toBe(status)
    expect(await response.text()).not.toContain('inner words')
    expect(reports).toHaveLength(reported)
  })

  it('keeps the answer that an exception was made with', async () => {
    const { app } = seen()
    const res = new Response('who?', {
      headers: { 'WWW-Authenticate': 'Basic realm="x"', 'Set-Cookie': 'a=1' },
    })
    app.use(async (c, next) => {
      c.header('Set-Cookie', 'b=2')
      await next()
    })
    app.get('/', thrower(new HTTPException(401, { res })))
    const response = await app.request('/')
    expect(response.status).toBe(401)
    expect(await response.text()).toBe('who?')
    expect(response.headers.get('WWW-Authenticate')).toBe('Basic realm="x"')
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
  })

  it('answers neutrally when that answer cannot be read again', async () => {
    const { app, reports } = seen()
    const res = new Response('once')
    await res.text()
    app.get('/', thrower(new HTTPException(401, { res })))
    expect((await app.request('/')).status).toBe(500)
    expect(reports).toHaveLength(1)
  })

  it.each(['with a middleware', 'alone'])(
    'keeps cookies and headers that a handler staged, %s',
    async (how) => {
      const { app } = seen()
      if (how === 'with a middleware') app.use(async (_, next) => next())
      app.get('/', (c) => {
        c.header('Set-Cookie', 'a=1', { append: true })
        c.header('Set-Cookie', 'b=2', { append: true })
        c.header('Access-Control-Allow-Origin', 'https://app.example')
        c.header('Cache-Control', 'public, max-age=60')
        c.header('Content-Length', '5')
        throw new Error('no')
      })
      const response = await app.request('/')
      expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
      expect(response.headers.get('Access-Control-Allow-Origin')).toBe('https://app.example')
      expect(response.headers.get('Cache-Control')).toBe('no-store')
      expect(response.headers.has('Content-Length')).toBe(false)
      expect(await response.json()).toMatchObject({ status: 500 })
    },
  )

  it('keeps its own policy, whatever the handler staged for its page', async () => {
    const { app } = seen()
    app.get('/', (c) => {
      c.header('Content-Security-Policy', "script-src 'unsafe-inline'")
      throw new Error('no')
    })
    const { headers } = await app.request('/', { headers: { 'Sec-Fetch-Dest': 'document' } })
    expect(headers.get('Content-Security-Policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-/,
    )
  })

  it('does not dress itself as the answer that came before the error', async () => {
    const { app } = seen()
    app.use(async (_, next) => {
      await next()
      throw new Error('after the answer')
    })
    app.get('/', (c) =>
      c.body('{"big":true}', 200, {
        'Content-Type': 'text/csv',
        'Content-Length': '12',
        'Content-Encoding': 'identity',
        'Cache-Control': 'public, max-age=31536000',
        ETag: '"1"',
        'X-Frame-Options': 'DENY',
        'Set-Cookie': 'a=1',
      }),
    )
    const response = await app.request('/')
    expect(response.status).toBe(500)
    expect(Object.fromEntries(response.headers)).toEqual({
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
      'set-cookie': 'a=1',
    })
    expect(await response.json()).toMatchObject({ status: 500 })
  })

  it('leaves headers that a middleware sets after it', async () => {
    const { app } = seen()
    app.use(async (c, next) => {
      await next()
      c.header('X-After', c.error ? 'failed' : 'fine')
    })
    app.get('/', thrower(new Error('no')))
    const response = await app.request('/')
    expect(response.headers.get('X-After')).toBe('failed')
    expect(response.headers.get('Cache-Control')).toBe('no-store')
  })

  it('says the id of the request, in the answer and in the report', async () => {
    const { app, reports } = seen()
    app.use(async (c, next) => {
      c.set('requestId', 'r-7')
      await next()
    })
    app.get('/', thrower(new Error('no')))
    expect(await (await app.request('/')).json()).toMatchObject({ requestId: 'r-7' })
    expect(reports[0]?.[1]).toEqual({ requestId: 'r-7', method: 'GET', path: '/' })
  })

  it('has no body for HEAD', async () => {
    const { app } = seen()
    app.get('/', thrower(new Error('no')))
    const response = await app.request('/', { method: 'HEAD' })
    expect(response.status).toBe(500)
    expect(await response.text()).toBe('')
  })

  it('refuses a report that is no function', () => {
    expect(() => errorPage({ report: 'console' as never })).toThrow(
      'errorPage.report must be a function',
    )
  })
})

describe('notFoundPage', () => {
  it('answers what no route answers, with what was staged', async () => {
    const { app, reports } = seen()
    app.use(async (c, next) => {
      c.set('requestId', 'r-8')
      c.header('Set-Cookie', 'a=1')
      c.header('Cache-Control', 'public, max-age=60')
      c.header('X-Frame-Options', 'DENY')
      await next()
    })
    const response = await app.request('/nothing')
    expect(response.status).toBe(404)
    expect(Object.fromEntries(response.headers)).toEqual({
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
      'set-cookie': 'a=1',
    })
    expect(await response.json()).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: 'There is nothing at this address.',
      requestId: 'r-8',
    })
    expect(reports).toEqual([])
  })

  it('stays uncacheable when something touched the response before', async () => {
    const { app } = seen()
    app.use(async (c, next) => {
      c.res.headers.set('Cache-Control', 'public')
      c.res.headers.append('Set-Cookie', 'a=1')
      await next()
    })
    const response = await app.request('/nothing')
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    expect(response.headers.getSetCookie()).toEqual(['a=1'])
  })

  it('answers c.notFound() of a handler', async () => {
    const { app } = seen()
    app.get('/', (c) => c.notFound())
    const response = await app.request('/', { headers: { Accept: 'text/html' } })
    expect(response.status).toBe(404)
    expect(await response.text()).toContain('<h1>Not found</h1>')
  })

  it('answers without any route or middleware', async () => {
    const response = await new Hono().notFound(notFoundPage()).request('/')
    expect(response.status).toBe(404)
    expect(response.headers.get('Content-Type')).toBe('application/problem+json')
  })
})
