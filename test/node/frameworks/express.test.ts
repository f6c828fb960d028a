import { randomBytes } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import type { MiddlewareHandler } from 'hono'
import { afterEach, describe, expect, test } from 'vitest'
import { expressMiddleware } from '../../../node/index.ts'
import { type StackOptions, storedSessions } from '../../../src/index.ts'
import { memoryStore } from '../../../src/store/index.ts'
import { type Client, createExpressApp, type Data, type sessions, start } from './support.ts'

const large = randomBytes(3_000_000)
const pieces = Array.from({ length: 60 }, (_, index) =>
  large.subarray(index * 50_000, (index + 1) * 50_000),
)
const json = { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' }
const own = { 'sec-fetch-site': 'same-origin' }

let client: Client | undefined
afterEach(async () => {
  await client?.close()
  client = undefined
})

async function serve(routes: (app: Express) => void, options: StackOptions = {}): Promise<Client> {
  const { app } = createExpressApp(options)
  routes(app)
  client = await start(app)
  return client
}

/** Echoes what it received. */
const echo: RequestHandler = async (incoming, response) => {
  const body = await buffer(incoming)
  response.type('application/octet-stream').send(body)
}

/** Passes on what an async handler throws, as docs/express.md says for Express 4; Express 5 does so itself. */
function catchErrors(handler: (...args: Parameters<RequestHandler>) => unknown): RequestHandler {
  return (incoming, response, next) => {
    Promise.resolve(handler(incoming, response, next)).catch(next)
  }
}

/** Lets time pass before the next handler, so that a small body is in memory by then. */
const wait: RequestHandler = (_incoming, _response, next) => void setTimeout(next, 30)

describe('the body of a request behind Express', () => {
  for (const [way, body] of [
    ['with its length', large],
    ['in chunks', pieces],
  ] as const) {
    test(`arrives byte for byte ${way}`, async () => {
      const { send } = await serve((app) => app.post('/', echo))
      const answer = await send('POST', '/', { headers: own, body })
      expect(answer.status).toBe(200)
      expect(answer.body.equals(large)).toBe(true)
    })

    test(`arrives byte for byte ${way} when handlers wait before they read it`, async () => {
      const { send } = await serve((app) => app.post('/', wait, echo))
      const answer = await send('POST', '/', { headers: own, body })
      expect(answer.body.equals(large)).toBe(true)
    })

    test(`arrives byte for byte ${way} where the stack comes late`, async () => {
      const app = express()
      app.use(wait, createExpressApp().guard, wait)
      app.post('/', echo)
      client = await start(app)
      const answer = await client.send('POST', '/', { headers: own, body })
      expect(answer.body.equals(large)).toBe(true)
    })
  }

  test('is parsed by express.json(), small or late or in single bytes', async () => {
    const { send } = await serve((app) =>
      app.post(
        '/',
        wait,
        express.json(),
        (incoming, response) => void response.json(incoming.body),
      ),
    )
    const text = '{"name":"Ada Lovelace"}'
    for (const body of [text, [...text].map((character) => Buffer.from(character))]) {
      const answer = await send('POST', '/', { headers: json, body })
      expect(JSON.parse(answer.text)).toEqual({ name: 'Ada Lovelace' })
    }
  })

  // A framework that sees another body than a check has seen is how request smuggling begins.
  test('is the same after a middleware has read all of it', async () => {
    const seen: number[] = []
    const reader: MiddlewareHandler = async (c, next) => {
      seen.push((await c.req.arrayBuffer()).byteLength)
      await next()
    }
    for (const before of [[], [wait]] as const) {
      const app = express()
      app.use(...before, expressMiddleware(reader))
      app.post('/', echo)
      const other = await start(app)
      for (const body of [large, pieces, 'x']) {
        const answer = await other.send('POST', '/', { headers: own, body })
        expect(answer.body.equals(Array.isArray(body) ? large : Buffer.from(body as string))).toBe(
          true,
        )
      }
      await other.close()
    }
    expect(seen).toEqual([3_000_000, 3_000_000, 1, 3_000_000, 3_000_000, 1])
  })

  test('is 413 above the limit, whether its length is known or not', async () => {
    let finished = 0
    const { send } = await serve(
      (app) =>
        app.post(
          '/',
          catchErrors(async (incoming, response) => {
            await buffer(incoming)
            finished++
            response.send('read')
          }),
        ),
      { body: { maxBytes: 1000 } },
    )
    const chunks = [Buffer.alloc(600), Buffer.alloc(600), Buffer.alloc(600)]
    expect((await send('POST', '/', { headers: own, body: Buffer.alloc(1001) })).status).toBe(413)
    expect((await send('POST', '/', { headers: own, body: chunks })).status).toBe(413)
    expect((await send('POST', '/', { headers: own, body: chunks.slice(0, 1) })).status).toBe(200)
    expect(finished).toBe(1)
  })

  test('is left alone where nobody reads it, and the connection serves on', async () => {
    const { port } = await serve((app) =>
      app.post('/', (_incoming, response) => void response.send('no')),
    )
    const socket = connect(port, '127.0.0.1')
    const head =
      'POST / HTTP/1.1\r\nHost: a\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 5\r\n\r\nhello'
    socket.write(head + head.replace('POST', 'POST'))
    let text = ''
    for await (const chunk of socket) {
      text += chunk
      if (text.split('HTTP/1.1 200').length === 3) break
    }
    expect(text.match(/HTTP\/1\.1 200/g)?.length).toBe(2)
  })

  test('ends with an error where the client leaves in the middle', async () => {
    const ended = new Promise<string>((resolve) => {
      void serve((app) =>
        app.post('/', async (incoming, response) => {
          await buffer(incoming).then(
            () => resolve('whole'),
            () => resolve('error'),
          )
          response.end()
        }),
      ).then(({ port }) => {
        const socket = connect(port, '127.0.0.1')
        const head =
          'POST / HTTP/1.1\r\nHost: a\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 50\r\n\r\nhello'
        socket.write(head, () => setTimeout(() => socket.destroy(), 50))
      })
    })
    expect(await ended).toBe('error')
  })

  test('cannot belong to a GET, and must not be read before the stack', async () => {
    const { send } = await serve((app) =>
      app.get('/', (_incoming, response) => void response.send('home')),
    )
    expect((await send('GET', '/', { body: 'x' })).status).toBe(400)

    const app = express()
    app.use(express.json(), createExpressApp().guard)
    const problems: string[] = []
    const onError: ErrorRequestHandler = (error, _incoming, response, _next) => {
      problems.push(error.message)
      response.status(500).end()
    }
    app.use(onError)
    await client?.close()
    client = await start(app)
    expect((await client.send('POST', '/', { headers: json, body: '{}' })).status).toBe(500)
    expect(problems).toEqual([
      'expressMiddleware runs after a handler that has read the body; register it before all others',
    ])
  })
})

describe('a response of Express', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-express-'))
  const file = join(folder, 'page.html')
  writeFileSync(file, '<h1>Page</h1>'.repeat(1000))

  async function serveAll(): Promise<Client> {
    return serve((app) => {
      app.get('/file', (_incoming, response) => response.sendFile(file))
      app.use('/static', express.static(folder))
      app.get('/fault', () => {
        throw new Error('a fault')
      })
      app.get(
        '/late',
        catchErrors(async () => {
          await new Promise((wake) => setTimeout(wake, 5))
          throw new Error('a late fault')
        }),
      )
      app.get('/none', (_incoming, response) => void response.status(204).end())
      app.get('/raw', (_incoming, response) => {
        response.writeHead(201, 'Made', [
          ['X-Raw', 'one'],
          ['Set-Cookie', 'a=1'],
          ['Set-Cookie', 'b=2'],
        ])
        response.write('first ')
        response.end('second')
      })
    })
  }

  test('has the headers of the stack, also for files, the 404 and errors', async () => {
    const { send } = await serveAll()
    const cases = [
      ['/file', 200],
      ['/static/page.html', 200],
      ['/static', 301],
      ['/nowhere', 404],
      ['/fault', 500],
      ['/late', 500],
      ['/none', 204],
      ['/raw', 201],
    ] as const
    for (const [path, status] of cases) {
      const answer = await send('GET', path)
      expect([path, answer.status]).toEqual([path, status])
      expect([path, answer.headers['x-content-type-options']]).toEqual([path, 'nosniff'])
      expect([path, answer.headers['x-powered-by']]).toEqual([path, undefined])
    }
  })

  test('keeps ranges, validators, lengths and the absent body of HEAD', async () => {
    const { send } = await serveAll()
    const whole = await send('GET', '/file')
    expect(whole.headers['content-length']).toBe('13000')
    expect(whole.text).toBe('<h1>Page</h1>'.repeat(1000))

    const part = await send('GET', '/file', { headers: { range: 'bytes=0-12' } })
    expect([part.status, part.text, part.headers['content-range']]).toEqual([
      206,
      '<h1>Page</h1>',
      'bytes 0-12/13000',
    ])
    const head = await send('HEAD', '/file')
    expect([head.status, head.headers['content-length'], head.text]).toEqual([200, '13000', ''])
    expect(head.headers['x-content-type-options']).toBe('nosniff')

    const etag = whole.headers.etag ?? ''
    const same = await send('GET', '/file', { headers: { 'if-none-match': etag } })
    expect([same.status, same.text, same.headers.etag]).toEqual([304, '', etag])
    expect(same.headers['x-content-type-options']).toBe('nosniff')
  })

  test('keeps its reason, its lines of Set-Cookie and its pieces', async () => {
    const { send } = await serveAll()
    const answer = await send('GET', '/raw')
    expect(answer.text).toBe('first second')
    expect(answer.headers['x-raw']).toBe('one')
    expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2'])
  })

  test('streams: the client has the first event before the second is written', async () => {
    let write = (_text: string): void => {}
    const { port } = await serve((app) =>
      app.get('/events', (_incoming, response) => {
        response.type('text/event-stream').flushHeaders()
        write = (text) => void (text === '' ? response.end() : response.write(text))
      }),
    )
    const incoming = await new Promise<Readable>((resolve) => {
      request({ port, path: '/events', agent: false }, resolve).end()
    })
    const events: string[] = []
    write('one')
    for await (const chunk of incoming) {
      events.push(`${chunk}`)
      write(events.length === 1 ? 'two' : '')
    }
    expect(events).toEqual(['one', 'two'])
  })

  test('waits for a slow client, and loses nothing of what is piped', async () => {
    const source = Array.from({ length: 100 }, () => large.subarray(0, 200_000))
    const { send } = await serve((app) =>
      app.get('/', (_incoming, response) => void Readable.from(source).pipe(response)),
    )
    expect((await send('GET', '/')).body.equals(Buffer.concat(source))).toBe(true)
  })

  test('passes interim responses, and what other packages do before a head', async () => {
    const hints: unknown[] = []
    const { port } = await serve((app) => {
      app.use((_incoming, response, next) => {
        const { writeHead } = response
        // As the package on-headers does, which compression and express-session use.
        response.writeHead = function (this: typeof response, ...values: unknown[]) {
          response.setHeader('X-Late', 'yes')
          return Reflect.apply(writeHead, this, values)
        } as typeof writeHead
        next()
      })
      app.get('/', (_incoming, response) => {
        response.writeEarlyHints({ link: '</a.css>; rel=preload' })
        response.send('home')
      })
    })
    const headers = await new Promise<Record<string, unknown>>((resolve) => {
      const outgoing = request({ port, path: '/', agent: false }, (incoming) => {
        incoming.resume()
        resolve(incoming.headers)
      })
      outgoing.on('information', ({ statusCode }) => hints.push(statusCode))
      outgoing.end()
    })
    expect(hints).toEqual([103])
    expect(headers['x-late']).toBe('yes')
    expect(headers['content-length']).toBe('4')
  })
})

describe('sessions and guards around Express', () => {
  async function serveSessions(options: StackOptions & { session?: typeof sessions } = {}) {
    const { app, guard } = createExpressApp(options)
    app.post('/login', async (incoming, response) => {
      response.cookie('theme', 'dark')
      await guard.var(incoming).session.start({ user: 'ada', visits: 0 })
      response.redirect(303, '/')
    })
    app.get('/', async (incoming, response) => {
      const data = await guard.var(incoming).session.get()
      if (data) guard.var(incoming).session.set('visits', (data.visits ?? 0) + 1)
      response.json(data ?? null)
    })
    app.post('/logout', async (incoming, response) => {
      await guard.var(incoming).session.end()
      response.send('bye')
    })
    client = await start(app)
    return client
  }

  const readCookie = (lines: readonly string[] | undefined): string =>
    lines?.find((line) => line.startsWith('__Host-session'))?.split(';')[0] ?? ''

  test('cookies pass in both directions, beside those of the app', async () => {
    const { send } = await serveSessions()
    const login = await send('POST', '/login', { headers: own })
    expect(login.status).toBe(303)
    expect(login.headers['set-cookie']?.some((line) => line.startsWith('theme=dark'))).toBe(true)

    let cookie = readCookie(login.headers['set-cookie'])
    for (const visits of [0, 1, 2]) {
      const page = await send('GET', '/', { headers: { cookie } })
      expect(JSON.parse(page.text)).toEqual({ user: 'ada', visits })
      cookie = readCookie(page.headers['set-cookie'])
    }
    const logout = await send('POST', '/logout', { headers: { ...own, cookie } })
    expect(readCookie(logout.headers['set-cookie'])).toBe('__Host-session=')
  })

  // <form action="https://app.example.com/login" method="post"> on another site
  test('a form of another site reaches no handler', async () => {
    let reached = 0
    const { send } = await serve((app) => app.post('/', () => void reached++))
    const answer = await send('POST', '/', {
      headers: { 'sec-fetch-site': 'cross-site' },
      body: 'a=1',
    })
    expect([answer.status, reached]).toEqual([403, 0])
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(answer.headers['x-content-type-options']).toBe('nosniff')
    expect(answer.headers['x-powered-by']).toBe(undefined)
  })

  // GET /admin/../public: a guard that resolves it sees /public, a router of Express matches app.use('/admin').
  test('a path that guard and router read differently reaches no handler', async () => {
    let reached = 0
    const routes = (app: Express) =>
      app.use('/admin', (_incoming, response) => void response.send(`${reached++}`))
    for (const options of [{}, { path: false }]) {
      const { port, close } = await serve(routes, options)
      for (const target of [
        '/admin/../public',
        '/admin/%2e%2e/public',
        '/admin\\..\\public',
        '/admin/#x',
        'http://other/admin',
      ]) {
        const socket = connect(port, '127.0.0.1')
        socket.write(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
        const text = `${await buffer(socket)}`
        expect([target, text.slice(9, 12)]).toEqual([target, expect.stringMatching(/400|308/)])
      }
      await close()
      client = undefined
    }
    expect(reached).toBe(0)
  })

  test('an app under a part of the path is seen with its whole path', async () => {
    const seen: string[] = []
    const app = express()
    const spy: MiddlewareHandler = async (c, next) => {
      seen.push(c.req.path)
      await next()
    }
    app.use(
      '/shop',
      expressMiddleware(spy),
      (incoming, response) => void response.send(incoming.url),
    )
    client = await start(app)
    expect((await client.send('GET', '/shop/cart?a=1')).text).toBe('/cart?a=1')
    expect(seen).toEqual(['/shop/cart'])
  })

  test('a session that cannot be stored is 503, and the page of the handler is dropped', async () => {
    const store = memoryStore()
    const failing = { ...store, create: () => Promise.reject(new Error('away')) }
    const stored = storedSessions<Data>({
      secret: 'hV6qK2xTn9Zw4Lc8Rb1Ym5Pd7Gs0JfAe',
      store: failing,
    })
    const { app, guard } = createExpressApp({ session: stored } as never)
    app.post('/', (incoming, response) => {
      guard.var(incoming).session.flash('notice', 'stored')
      response.send('stored')
    })
    client = await start(app)
    const answer = await client.send('POST', '/', { headers: own })
    expect([answer.status, answer.text.includes('stored')]).toEqual([503, false])
  })

  test('what a middleware throws goes to the error handlers of Express', async () => {
    const app = express()
    const failing: MiddlewareHandler = () => {
      throw new Error('thrown by a middleware')
    }
    app.use(expressMiddleware(failing))
    const onError: ErrorRequestHandler = (error, _incoming, response, _next) =>
      void response.status(418).send(error.message)
    app.use(onError)
    client = await start(app)
    const answer = await client.send('GET', '/')
    expect([answer.status, answer.text]).toEqual([418, 'thrown by a middleware'])
  })

  test('what a middleware throws after the handler is 500, and the page of the handler is dropped', async () => {
    const faults: unknown[] = []
    const app = express()
    const failing: MiddlewareHandler = async (_c, next) => {
      await next()
      throw new Error('too late')
    }
    app.use(expressMiddleware(failing, { onFault: (error) => faults.push(error) }))
    app.get('/', (_incoming, response) => void response.send('page'))
    client = await start(app)
    const answer = await client.send('GET', '/')
    expect([answer.status, answer.text.includes('page')]).toEqual([500, false])
    expect(faults).toMatchObject([{ message: 'too late' }])
  })

  test('the client is who is connected, or whom the trusted proxies name', async () => {
    for (const [trustedProxies, address] of [
      [0, '127.0.0.1'],
      [1, '198.51.100.7'],
    ] as const) {
      const addresses: unknown[] = []
      const spy: MiddlewareHandler = async (c, next) => {
        addresses.push(c.req.header('x-forwarded-for'))
        await next()
      }
      const app = express()
      app.use(expressMiddleware(spy, { trustedProxies }))
      const other = await start(app)
      await other.send('GET', '/', { headers: { 'x-forwarded-for': '203.0.113.9, 198.51.100.7' } })
      expect(addresses).toEqual([address])
      await other.close()
    }
  })

  test('options and variables are checked', async () => {
    const guard = expressMiddleware((_c, next) => next())
    expect(() => guard.var({ raw: {} } as never)).toThrow(
      'expressMiddleware did not run for this request',
    )
    expect(() => expressMiddleware(undefined as never, { trust: 1 } as never)).toThrow(
      'expressMiddleware',
    )
    expect(() => expressMiddleware((_c, next) => next(), { trustedProxies: 99 })).toThrow(
      'trustedProxies',
    )
  })
})
