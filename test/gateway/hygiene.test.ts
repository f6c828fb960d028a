import { describe, expect, it } from 'vitest'
import type { Route } from '../../src/gateway/index.ts'
import { type Bench, bench, type Overrides } from './support.ts'

const own = { Origin: 'https://app.example.com' }
const page = { Accept: 'text/html', 'Sec-Fetch-Mode': 'navigate' }
type Heads = Record<string, string>

const gatewayWith = (route: Partial<Route<'app'>>, more: Overrides = {}): Promise<Bench> =>
  bench({ routes: [{ path: '/*', to: 'app', access: 'public', ...route }], ...more })

/** An upstream that reads what it is sent, and says how far it got. */
function reading(at: Bench) {
  const state = { bytes: 0, complete: false, failed: false, aborted: false }
  at.answer = async ({ init }) => {
    init.signal?.addEventListener('abort', () => {
      state.aborted = true
    })
    try {
      const reader = (init.body as ReadableStream<Uint8Array> | undefined)?.getReader()
      for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
        state.bytes += part.value.byteLength
      }
      state.complete = true
      return new Response('read')
    } catch (error) {
      state.failed = true
      // As fetch does: what it rejects with is its own.
      throw new TypeError('fetch failed', { cause: error })
    }
  }
  return state
}

function endless(size = 50): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      pull(controller): void {
        controller.enqueue(new Uint8Array(size))
      },
    },
    { highWaterMark: 0 },
  )
}
const sending = (body: BodyInit, headers: Heads = {}): RequestInit =>
  ({ method: 'POST', headers: { ...own, ...headers }, body, duplex: 'half' }) as RequestInit

describe('a gateway asked for another host', () => {
  const ask = async (
    url: string,
    more: Overrides = {},
  ): Promise<[number, number, string | undefined]> => {
    const at = await bench(more)
    const { status } = await at.gateway.fetch(new Request(url))
    return [status, at.seen.length, at.events.at(-1)?.reason]
  }
  it.each([
    ['https://evil.example/', [421, 0, 'host-unknown']],
    ['https://app.example.com:8443/', [421, 0, 'host-unknown']],
    ['https://10.0.0.7/', [421, 0, 'host-unknown']],
    ['https://app.example.com/', [200, 1, undefined]],
    ['https://10.0.0.7/.portcullis/health', [200, 0, undefined]],
    ['http://10.0.0.7/.portcullis/health', [200, 0, undefined]],
    ['https://10.0.0.7/.portcullis/jwks.json', [421, 0, 'host-unknown']],
  ])('answers %s with %j', async (url, expected) => {
    expect(await ask(url)).toEqual(expected)
  })
  it('refuses before it looks at a session', async () => {
    const at = await bench()
    const headers = { cookie: '__Host-session=x' }
    const response = await at.gateway.fetch(
      new Request('https://evil.example/admin/x', { headers }),
    )
    expect([response.status, response.headers.getSetCookie()]).toEqual([421, []])
    expect(at.events.map(({ type }) => type)).toEqual(['request-refused'])
  })
  it('answers what hosts lists', async () => {
    expect(await ask('https://www.example.com/', { hosts: ['www.example.com'] })).toEqual([
      200,
      1,
      undefined,
    ])
    expect(await ask('https://127.0.0.1:9999/', { hosts: ['127.0.0.1:*'] })).toEqual([
      200,
      1,
      undefined,
    ])
  })
  it('answers what the environment lists, and 503 to everybody where that is wrong', async () => {
    const at = await bench({
      hosts: ({ env }) => (env as unknown as { HOSTS: string }).HOSTS.split(' '),
    })
    const ask = async (HOSTS: string): Promise<number> =>
      (await at.gateway.fetch(new Request('https://www.example.com/'), { HOSTS } as never)).status
    expect(await ask('www.example.com b.example')).toBe(200)
    expect(await ask('b.example')).toBe(421)
    expect(await ask('*.example.com')).toBe(503)
    expect(at.faults.map(String)).toEqual([expect.stringContaining('hosts.0 must be a host')])
  })
})

describe('a gateway asked over plain http', () => {
  const ask = async (
    url: string,
    init: RequestInit = {},
    more: Overrides = {},
  ): Promise<[number, string | null]> => {
    const at = await bench(more)
    const response = await at.gateway.fetch(new Request(url, init))
    return [response.status, response.headers.get('Location')]
  }
  const http = 'http://app.example.com/'
  it.each([
    ['a page', { headers: page }, {}, [308, 'https://app.example.com/']],
    ['a form', { method: 'POST', headers: { ...page, ...own } }, {}, [403, null]],
    ['a program', {}, {}, [403, null]],
    [
      'what Cloudflare took over https',
      { headers: { 'CF-Visitor': '{"scheme":"https"}' } },
      {},
      [200, null],
    ],
    [
      'a lie that is not read on Cloudflare',
      { headers: { 'X-Forwarded-Proto': 'https' } },
      {},
      [403, null],
    ],
    [
      'what Vercel took over https',
      { headers: { 'X-Forwarded-Proto': 'https' } },
      { platform: 'vercel' },
      [200, null],
    ],
    [
      'what came over https',
      { headers: { 'X-Forwarded-Proto': 'https' } },
      { platform: 'none' },
      [200, null],
    ],
    ['what is meant to be so', {}, { publicOrigin: 'http://app.example.com' }, [200, null]],
  ] as Array<[string, RequestInit, Overrides, [number, string | null]]>)(
    'for %s',
    async (_, init, more, expected) => {
      expect(await ask(http, init, more)).toEqual(expected)
    },
  )
  it('on this machine answers', async () => {
    expect(await ask('http://localhost:8787/', {}, { hosts: ['localhost:8787'] })).toEqual([
      200,
      null,
    ])
  })
})

describe('a gateway sent too much', () => {
  it.each([
    [`/?${'&'.repeat(200)}`, {}, 400, 'query-too-large'],
    ['/', { Cookie: `a=${'b'.repeat(16_400)}` }, 431, 'headers-too-large'],
    ['/', { 'X-Large': 'b'.repeat(16_400) }, 431, 'headers-too-large'],
  ] as Array<[string, Heads, number, string]>)(
    'in the head refuses (%#)',
    async (path, headers, status, reason) => {
      const at = await bench()
      expect((await at.ask(path, { headers })).status).toBe(status)
      expect([at.seen.length, at.events.at(-1)?.reason]).toEqual([0, reason])
    },
  )
  it('as its own limits say, or without any', async () => {
    const strict = await bench({ limits: { headers: 2 } })
    expect((await strict.ask('/', { headers: { a: '1', b: '2', c: '3' } })).status).toBe(431)
    const lax = await bench({ limits: false })
    expect((await lax.ask(`/?${'&'.repeat(300)}`)).status).toBe(200)
  })

  it('by its own word refuses, and asks no upstream', async () => {
    const at = await gatewayWith({ maxBodyBytes: 100 })
    expect((await at.ask('/', sending('a'.repeat(101), { 'Content-Length': '101' }))).status).toBe(
      413,
    )
    expect([at.seen.length, at.events.at(-1)?.reason]).toEqual([0, 'body-too-large'])
  })
  // curl -T - https://app.example.com/ < /dev/zero
  it('without a word counts, aborts the upstream, and answers 413', async () => {
    const at = await gatewayWith({ maxBodyBytes: 1000 })
    const state = reading(at)
    const response = await at.ask('/', sending(endless()))
    expect(response.status).toBe(413)
    expect(state).toEqual({ bytes: 1000, complete: false, failed: true, aborted: true })
    expect([at.faults, at.events.at(-1)?.reason]).toEqual([[], 'body-too-large'])
  })
  it.each([['abc'], ['-1'], ['+5'], ['5, 5']])('of the length %j refuses', async (length) => {
    const at = await gatewayWith({})
    expect((await at.ask('/', sending('hello', { 'Content-Length': length }))).status).toBe(400)
    expect([at.seen.length, at.events.at(-1)?.reason]).toEqual([0, 'body-malformed'])
  })
  it('under a length that lies breaks off where the lie begins', async () => {
    const at = await gatewayWith({ maxBodyBytes: 1000 })
    const state = reading(at)
    expect((await at.ask('/', sending(endless(10), { 'Content-Length': '25' }))).status).toBe(400)
    expect([state.complete, state.bytes <= 25]).toEqual([false, true])
  })
  it('takes 10 MB where nothing is said, and no more', async () => {
    const at = await gatewayWith({})
    const state = reading(at)
    expect((await at.ask('/', sending(endless(65_536)))).status).toBe(413)
    expect(state.bytes).toBe(10_485_760)
    expect((await at.ask('/', sending('a', { 'Content-Length': '10485761' }))).status).toBe(413)
  })
  it('refuses who may not come in before it reads a byte', async () => {
    const at = await bench()
    let read = false
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller): void {
          read = true
          controller.close()
        },
      },
      { highWaterMark: 0 },
    )
    expect((await at.ask('/admin/x', sending(body))).status).toBe(401)
    expect(read).toBe(false)
  })
})

describe('a route that names its content types', () => {
  it.each([
    ['application/json', '{}', 200],
    ['text/plain', '{}', 415],
    ['application/json, text/plain', '{}', 415],
  ])('takes or refuses %s', async (type, body, status) => {
    const at = await gatewayWith({ contentTypes: ['application/json'] })
    expect((await at.ask('/', sending(body, { 'Content-Type': type }))).status).toBe(status)
    expect(at.seen.length).toBe(status === 200 ? 1 : 0)
  })
  it('takes a GET and a POST without a body', async () => {
    const at = await gatewayWith({ contentTypes: ['application/json'] })
    expect((await at.ask('/')).status).toBe(200)
    expect((await at.ask('/', { method: 'POST', headers: own })).status).toBe(200)
  })
})

it('names every option that is wrong', async () => {
  const wrong = gatewayWith(
    { maxBodyBytes: -1, contentTypes: ['json'] },
    { hosts: ['https://app.example.com'], limits: { haeders: 5 } as never },
  )
  await expect(wrong).rejects.toThrow(
    /routes\.0\.maxBodyBytes must be.*routes\.0\.contentTypes\.0 must be.*hosts\.0 must be a host.*limits\.haeders is not an option; did you mean headers\?/s,
  )
})
