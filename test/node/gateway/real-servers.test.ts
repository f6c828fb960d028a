/** Servers that people run, behind the gateway and beside it: what they serve is the same, byte for byte and page for page. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSchema, createYoga } from 'graphql-yoga'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { createApp } from '../../../examples/express-origin/app.ts'
import { sockets } from '../../../examples/express-origin/live.ts'
import { launchBrowser, noBrowser } from '../../support/browser.ts'
import { type Nginx, noNginx, startNginx } from '../../support/nginx.ts'
import { type RawRequest, type RawResponse, rawFetch } from '../../support/raw.ts'
import { startWorkerd, type Workerd } from '../../support/workerd.ts'

if (noBrowser)
  console.warn('NO BROWSER: the pages in test/node/gateway/real-servers.test.ts are not looked at.')

const big = randomBytes(300_000)
const files = {
  'index.html': `<!doctype html><html lang=en><meta charset=utf-8><title>Files</title><link rel=stylesheet href=/a.css><link rel=icon href=data:,>
<h1>Files</h1><img src=/a.svg alt=square><p id=out>waiting</p><script src=/a.js></script>${'<p>Some text to compress.'.repeat(50)}`,
  'a.css': `h1 { color: rgb(1, 2, 3) }\n${'/* more */\n'.repeat(100)}`,
  'a.svg':
    '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><rect width="10" height="10"/></svg>',
  'a.js': `fetch('/part.json', { headers: { Range: 'bytes=0-9' } }).then(async (answer) => {
  document.querySelector('#out').textContent = answer.status + ' ' + (await answer.text())
})\n${'// more\n'.repeat(100)}`,
  'part.json': `0123456789${'x'.repeat(1000)}`,
  'big.bin': big,
  'caf\u00e9 1.txt': 'a name to escape',
}

let nginx: Nginx | undefined
let worker: Workerd
let browser: Browser | undefined
/** Where each server is without the gateway. */
const direct = new Map<string, string>()
const servers: Server[] = []

beforeAll(async () => {
  if (!noNginx) nginx = await startNginx(files)
  direct.set('nginx', nginx?.url ?? 'http://127.0.0.1:9')
  const express = createServer(createApp())
  sockets(express)
  direct.set('express', await listen(express))
  direct.set('yoga', await listen(yogaServer()))
  direct.set('ws', await listen(wsServer()))
  const url = (name: string): string => direct.get(name) ?? ''
  worker = await startWorkerd(
    { entry: 'test/node/gateway/real-servers.fixture.ts' },
    {
      bindings: {
        NGINX_URL: url('nginx'),
        EXPRESS_URL: url('express'),
        YOGA_URL: url('yoga'),
        WS_URL: url('ws'),
      },
    },
  )
  if (!noBrowser) browser = await launchBrowser()
}, 90_000)
afterAll(async () => {
  await browser?.close()
  await worker?.stop()
  await nginx?.stop()
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
}, 30_000)

/** Where it is with the gateway before it. */
const through = (name: string): string => `http://${name}.localhost:${worker.port}`

describe.skipIf(noNginx)('files of nginx', () => {
  const get = (path: string, ...headers: Array<[string, string]>): RawRequest => ({ path, headers })
  /** Everything of an answer that says what it is. */
  const told = [
    'content-type',
    'content-length',
    'content-range',
    'content-encoding',
    'accept-ranges',
    'last-modified',
  ]

  async function both(request: RawRequest): Promise<[without: RawResponse, behind: RawResponse]> {
    const port = Number(new URL(direct.get('nginx') ?? '').port)
    const host = `nginx.localhost:${worker.port}`
    return [await rawFetch(port, request), await rawFetch(worker.port, { ...request, host })]
  }
  /** nginx counts its boundaries up: that of each answer is its own. */
  function comparable(answer: RawResponse): unknown {
    const [, boundary = '-'] = /boundary=(\w+)/.exec(answer.header('content-type') ?? '') ?? []
    const same = (text: string | undefined): string | undefined =>
      text?.replaceAll(boundary, 'BOUNDARY')
    return {
      status: answer.status,
      headers: [...told, 'etag'].map((name) => [name, same(answer.header(name))]),
      // Each server speaks of its own host.
      location: answer.header('location')?.replace(/^http:\/\/(?:nginx\.)?localhost:\d+/, 'HERE'),
      body: same(Buffer.from(answer.body).toString('latin1')),
    }
  }

  it.each<[what: string, request: RawRequest, status: number]>([
    ['a page', get('/'), 200],
    ['a page, compressed', get('/', ['Accept-Encoding', 'gzip']), 200],
    [
      'a page, in whatever the browser takes',
      get('/', ['Accept-Encoding', 'gzip, deflate, br, zstd']),
      200,
    ],
    ['a style sheet, compressed', get('/a.css', ['Accept-Encoding', 'gzip']), 200],
    ['300 KB', get('/big.bin'), 200],
    ['the head of 300 KB', { ...get('/big.bin'), method: 'HEAD' }, 200],
    [
      'the head of what would be compressed',
      { ...get('/', ['Accept-Encoding', 'gzip']), method: 'HEAD' },
      200,
    ],
    ['the first bytes', get('/big.bin', ['Range', 'bytes=0-99']), 206],
    ['the last bytes', get('/big.bin', ['Range', 'bytes=-100']), 206],
    ['all from a byte on', get('/big.bin', ['Range', 'bytes=299000-']), 206],
    ['two parts', get('/big.bin', ['Range', 'bytes=0-9,100-199']), 206],
    [
      'a part of what is compressed, which nginx does not cut',
      get('/part.json', ['Range', 'bytes=0-9'], ['Accept-Encoding', 'gzip']),
      200,
    ],
    ['a part that is not there', get('/big.bin', ['Range', 'bytes=999999-']), 416],
    ['a part in a unit that nobody knows', get('/big.bin', ['Range', 'lines=1-2']), 200],
    [
      'a part, if it is still another file',
      get('/big.bin', ['Range', 'bytes=0-9'], ['If-Range', '"other"']),
      200,
    ],
    ['a name to escape', get('/caf%C3%A9%201.txt'), 200],
    ['a redirect', get('/old'), 302],
    ['what is not there', get('/none'), 404],
  ])('%s: the same bytes and the same words on them', async (_, request, status) => {
    const [without, behind] = await both(request)
    expect(behind.status).toBe(status)
    expect(comparable(behind)).toEqual(comparable(without))
    expect(behind.header('server')).toBe(undefined)
  })

  it('what has not changed is not sent again, by tag or by date, and a part of it only while it is the same', async () => {
    const { headers } = (await both(get('/big.bin')))[1]
    const value = (name: string): string =>
      headers.find(([key]) => key.toLowerCase() === name)?.[1] ?? ''
    for (const [request, status] of [
      [get('/big.bin', ['If-None-Match', value('etag')]), 304],
      [get('/big.bin', ['If-Modified-Since', value('last-modified')]), 304],
      [get('/big.bin', ['If-Match', '"other"']), 412],
      [get('/big.bin', ['Range', 'bytes=0-9'], ['If-Range', value('etag')]), 206],
      [get('/big.bin', ['Range', 'bytes=0-9'], ['If-Range', value('last-modified')]), 206],
    ] as const) {
      const [without, behind] = await both(request)
      expect(behind.status).toBe(status)
      expect(comparable(behind)).toEqual(comparable(without))
    }
  })

  it('coded answers say by what they vary', async () => {
    const [, behind] = await both(get('/a.css', ['Accept-Encoding', 'gzip']))
    expect(behind.header('content-encoding')).toBe('gzip')
    expect(behind.all('vary').join()).toMatch(/accept-encoding/i)
  })
})

describe.skipIf(noBrowser)('pages in a real browser', () => {
  it.each([
    ['nginx', '/', '#out', /^206 0123456789$/],
    ['express', '/login', 'h1', /./],
    ['express', '/live', '#socket', /^hello .*, ping$/],
    ['yoga', '/', '#events', /^3 2 1 0$/],
    ['ws', '/', '#out', /^text: hello, binary: 1,2,3, closed 4001 over$/],
  ])(
    'of %s%s are as they are without the gateway',
    async (name, path, selector, text) => {
      if (name === 'nginx' && noNginx) return expect(noNginx).toBe(true)
      const without = await look(`${direct.get(name)}${path}`, selector, text)
      const behind = await look(`${through(name)}${path}`, selector, text)
      expect(without.complaints).toEqual([])
      expect(behind).toEqual(without)
      expect(behind.resources.length).toBeGreaterThan(1)
    },
    60_000,
  )

  /** What a person sees, what was loaded for it, and what the browser complains of. */
  async function look(url: string, selector: string, text: RegExp) {
    const context = await (browser as Browser).newContext()
    const page = await context.newPage()
    const complaints: string[] = []
    const resources: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on('requestfailed', (request) => {
      const why = request.failure()?.errorText
      // The page itself has closed its stream of events.
      if (why !== 'net::ERR_ABORTED') complaints.push(`${new URL(request.url()).pathname}: ${why}`)
    })
    page.on('websocket', (socket) => resources.push(`socket ${new URL(socket.url()).pathname}`))
    page.on('response', (answer) => {
      const { pathname } = new URL(answer.url())
      // Where the gateway hears what its policy would break; nothing is broken by that.
      if (pathname !== '/.portcullis/reports') resources.push(`${answer.status()} ${pathname}`)
    })
    try {
      await page.goto(url)
      await page.locator(selector, { hasText: text }).waitFor()
      const seen = (await page.textContent('body'))?.replace(/tick \d+ of 10/, 'tick')
      const colour = await page.evaluate(`getComputedStyle(document.querySelector('h1')).color`)
      return { seen, colour, resources: resources.sort(), complaints }
    } finally {
      await context.close()
    }
  }
})

async function listen(server: Server): Promise<string> {
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** GraphQL with a query, a mutation and a subscription over server-sent events, and a page that uses all three. */
function yogaServer(): Server {
  const counts: number[] = []
  const yoga = createYoga({
    graphiql: false,
    logging: false,
    schema: createSchema({
      typeDefs: `
        type Query { hello(name: String!): String! counts: [Int!]! }
        type Mutation { add(by: Int!): Int! }
        type Subscription { countdown(from: Int!): Int! }
      `,
      resolvers: {
        Query: {
          hello: (_: unknown, { name }: { name: string }) => `Hello, ${name}`,
          counts: () => counts,
        },
        Mutation: { add: (_: unknown, { by }: { by: number }) => by + 1 },
        Subscription: {
          countdown: {
            async *subscribe(_: unknown, { from }: { from: number }) {
              for (let left = from; left >= 0; left--) yield { countdown: left }
            },
          },
        },
      },
    }),
  })
  const page = `<!doctype html><html lang=en><meta charset=utf-8><title>GraphQL</title><link rel=icon href=data:,>
<h1>GraphQL</h1><p id=query></p><p id=mutation></p><p id=wrong></p><p id=events></p><script>
const ask = async (query, variables) => (await fetch('/graphql', {
  method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ query, variables }),
})).json()
const show = (id, text) => { document.getElementById(id).textContent = text }
;(async () => {
  show('query', (await ask('query ($name: String!) { hello(name: $name) }', { name: 'Zo\u00eb' })).data.hello)
  show('mutation', (await ask('mutation { add(by: 41) }')).data.add)
  show('wrong', (await ask('{ nothing }')).errors[0].message)
  const events = new EventSource('/graphql?query=' + encodeURIComponent('subscription { countdown(from: 3) }'))
  const seen = []
  events.addEventListener('next', (event) => seen.push(JSON.parse(event.data).data.countdown))
  events.addEventListener('complete', () => { events.close(); show('events', seen.join(' ')) })
})()
</script>`
  return createServer((request, response) => {
    if (request.url === '/')
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page)
    else yoga(request, response)
  })
}

/** A WebSocket that echoes text and bytes, and a page that says what came back. */
function wsServer(): Server {
  const page = `<!doctype html><html lang=en><meta charset=utf-8><title>Socket</title><link rel=icon href=data:,>
<h1>Socket</h1><p id=out></p><script>
const socket = new WebSocket('ws://' + location.host + '/socket', ['echo'])
socket.binaryType = 'arraybuffer'
const seen = []
socket.onopen = () => { socket.send('hello'); socket.send(new Uint8Array([1, 2, 3])) }
socket.onmessage = ({ data }) => {
  seen.push(typeof data === 'string' ? 'text: ' + data : 'binary: ' + new Uint8Array(data))
  if (seen.length === 2) socket.send('close')
}
socket.onclose = ({ code, reason }) => {
  document.getElementById('out').textContent = [...seen, 'closed ' + code + ' ' + reason].join(', ')
}
</script>`
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page)
  })
  const open = new WebSocketServer({ server, path: '/socket' })
  open.on('connection', (socket) =>
    socket.on('message', (data, binary) => {
      if (`${data}` === 'close') socket.close(4001, 'over')
      else socket.send(data, { binary })
    }),
  )
  return server
}
