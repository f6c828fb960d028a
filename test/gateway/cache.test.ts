import { beforeEach, describe, expect, it } from 'vitest'
import { type CacheOptions, circuitBreaker, publicCache } from '../../src/gateway/index.ts'
import { monitor } from '../../src/monitor/index.ts'
import { type Bench, bench, order, signIn } from './support.ts'

const start = 1_790_000_000_000
let now = start
beforeEach(() => {
  now = start
})

/** A cache that is a Map, as the Cache API is one; bodies are read whole, as it does. */
function mapStore(): {
  match: (key: Request) => Promise<Response | undefined>
  put: (key: Request, response: Response) => Promise<void>
  kept: Map<string, { status: number; headers: Headers; body: ArrayBuffer }>
} {
  const kept = new Map<string, { status: number; headers: Headers; body: ArrayBuffer }>()
  return {
    kept,
    async match({ url }): Promise<Response | undefined> {
      const found = kept.get(url)
      return found && new Response(found.body, { status: found.status, headers: found.headers })
    },
    async put({ url }, response): Promise<void> {
      kept.set(url, {
        status: response.status,
        headers: response.headers,
        body: await response.arrayBuffer(),
      })
    },
  }
}

interface Caching extends Bench {
  readonly store: ReturnType<typeof mapStore>
  /** Asks, and waits until what is kept is kept. */
  get(path: string, headers?: Record<string, string>, method?: string): Promise<Response>
}

async function caching(options: CacheOptions = {}, more: object = {}): Promise<Caching> {
  const store = mapStore()
  const works: Array<Promise<unknown>> = []
  const at = await bench({
    clock: () => now,
    routes: [
      {
        path: '/*',
        to: 'app',
        access: 'public',
        retry: false,
        cache: publicCache({ store, ...options }),
      },
    ],
    ...more,
  })
  const context = { waitUntil: (work: Promise<unknown>): unknown => works.push(work) }
  return {
    ...at,
    get answer() {
      return at.answer
    },
    set answer(next) {
      at.answer = next
    },
    store,
    async get(path, headers = {}, method = 'GET'): Promise<Response> {
      const request = new Request(`https://app.example.com${path}`, { method, headers })
      const response = await at.gateway.fetch(request, undefined, context)
      const copy = response.clone()
      await copy.arrayBuffer()
      await Promise.all(works)
      return response
    },
  }
}

const page = (headers: Record<string, string> = {}, status = 200): Response =>
  new Response([204, 301, 304, 308].includes(status) ? null : 'kept', {
    status,
    headers: { 'content-type': 'text/plain', 'cache-control': 'max-age=60', ...headers },
  })
const told = (response: Response): string | null => response.headers.get('cache-status')

describe('an answer that is the same for everybody', () => {
  it('comes from the cache until it is too old, with its age', async () => {
    const at = await caching()
    at.answer = () => page({ etag: '"1"', vary: 'Accept-Encoding', 'x-theirs': '1' })
    const first = await at.get('/x')
    expect([told(first), first.headers.get('age')]).toEqual([
      'portcullis; fwd=uri-miss; stored',
      null,
    ])
    now += 59_000
    const second = await at.get('/x')
    expect([second.status, await second.text()]).toEqual([200, 'kept'])
    expect([told(second), second.headers.get('age')]).toEqual(['portcullis; hit; ttl=1', '59'])
    expect(second.headers.get('cache-control')).toBe('max-age=60')
    expect(second.headers.get('vary')).toMatch(/accept-encoding/i)
    expect(second.headers.get('x-theirs')).toBe('1')
    expect(second.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'))
    expect([...second.headers.keys()].filter((name) => name.startsWith('portcullis'))).toEqual([])
    expect(second.headers.get('strict-transport-security')).toContain('max-age=')
    expect(at.seen.length).toBe(1)
    now += 1000
    expect(told(await at.get('/x'))).toBe('portcullis; fwd=stale; stored')
    expect(at.seen.length).toBe(2)
    expect(at.seen[1]?.headers.get('if-none-match')).toBe('"1"')
  })

  it('lies under an address that no client can ask for', async () => {
    const at = await caching({ query: ['q'], vary: ['accept-language'] })
    at.answer = () => page()
    await at.get('/a/b?q=1&x=2', { 'accept-language': 'de' })
    expect([...at.store.kept.keys()]).toEqual([
      'https://app.example.com/.portcullis/cache/app/a/b?q=%3Fq%3D1&accept-language=de',
    ])
  })

  it('answers HEAD and If-None-Match without asking', async () => {
    const at = await caching()
    at.answer = () => page({ etag: 'W/"1"' })
    await at.get('/x')
    const head = await at.get('/x', {}, 'HEAD')
    expect([head.status, await head.text(), told(head)]).toEqual([
      200,
      '',
      'portcullis; hit; ttl=60',
    ])
    const same = await at.get('/x', { 'if-none-match': '"0", "1"' })
    expect([same.status, same.headers.get('etag'), await same.text()]).toEqual([304, 'W/"1"', ''])
    expect((await at.get('/x', { 'if-none-match': '"2"' })).status).toBe(200)
    expect(at.seen.length).toBe(1)
  })

  it.each([
    ['max-age=60', {}, 60],
    ['max-age=60, s-maxage=600', {}, 600],
    ['public', { maxAge: 30 }, 30],
    ['max-age=5', { maxAge: 30 }, 5],
    ['max-age=0', { maxAge: 30 }, 0],
    ['max-age=soon', { maxAge: 30 }, 0],
    ['public', {}, 0],
  ])('with Cache-Control: %s and %j is kept for %i s', async (control, options, seconds) => {
    const at = await caching(options)
    at.answer = () => page({ 'cache-control': control })
    await at.get('/x')
    expect(at.store.kept.size).toBe(seconds === 0 ? 0 : 1)
    if (seconds > 0) expect(told(await at.get('/x'))).toBe(`portcullis; hit; ttl=${seconds}`)
  })

  it('counts the age it came with, and reads Expires where nothing else is said', async () => {
    const at = await caching()
    at.answer = () => page({ age: '50' })
    await at.get('/x')
    now += 5000
    const hit = await at.get('/x')
    expect([told(hit), hit.headers.get('age')]).toEqual(['portcullis; hit; ttl=5', '55'])
    at.answer = () => {
      const answer = page({
        date: new Date(now).toUTCString(),
        expires: new Date(now + 20_000).toUTCString(),
      })
      answer.headers.delete('cache-control')
      return answer
    }
    await at.get('/y')
    expect(told(await at.get('/y'))).toBe('portcullis; hit; ttl=20')
  })

  it.each([200, 301, 308, 404, 410])('may have the status %i', async (status) => {
    const at = await caching()
    at.answer = () => page(status === 301 || status === 308 ? { location: '/y' } : {}, status)
    await at.get('/x')
    const hit = await at.get('/x')
    expect([hit.status, told(hit)]).toEqual([status, 'portcullis; hit; ttl=60'])
  })
})

describe('what is never kept', () => {
  it.each([
    ['Set-Cookie', { 'set-cookie': 'a=1' }],
    ['one of our cookies', { 'set-cookie': '__Host-session=x; Secure; Path=/' }],
    ['private', { 'cache-control': 'private, max-age=60' }],
    ['no-store', { 'cache-control': 'max-age=60, NO-STORE' }],
    ['no-cache', { 'cache-control': 'no-cache' }],
    ['no-cache of one header', { 'cache-control': 'no-cache="set-cookie", max-age=60' }],
    ['Vary: *', { vary: '*' }],
    ['Vary: Cookie', { vary: 'Accept-Encoding, Cookie' }],
    ['Vary: Accept-Language where it is not keyed', { vary: 'accept-language' }],
    ['an encoding that was not requested', { 'content-encoding': 'gzip' }],
    [
      'a policy with a nonce',
      { 'content-security-policy': "script-src 'nonce-AAAAAAAAAAAAAAAAAAAAAA'" },
    ],
    ['no content type', { 'content-type': '' }],
    ['an age beyond its life', { age: '60' }],
  ])('an answer with %s', async (_what, headers) => {
    const at = await caching({ maxAge: 60 })
    at.answer = () => page(headers as Record<string, string>)
    for (let i = 0; i < 2; i++) expect(told(await at.get('/x'))).toBe('portcullis; fwd=uri-miss')
    expect(at.store.kept.size).toBe(0)
    expect(at.seen.length).toBe(2)
  })

  it.each([201, 203, 206, 302, 303, 307, 400, 401, 403, 500, 503])(
    'an answer with %i',
    async (status) => {
      const at = await caching({ maxAge: 60 })
      at.answer = () => page(status > 300 && status < 400 ? { location: '/y' } : {}, status)
      await at.get('/x')
      expect(at.store.kept.size).toBe(0)
    },
  )

  it.each([
    ['GET', { authorization: 'Bearer x' }, 'authorization'],
    ['GET', { range: 'bytes=0-1' }, 'range'],
    ['POST', {}, 'method'],
    ['DELETE', {}, 'method'],
    ['OPTIONS', {}, 'method'],
  ])('an answer to %s with %j: it goes past', async (method, headers, detail) => {
    const at = await caching()
    at.answer = () => page()
    const sent =
      method === 'POST' || method === 'DELETE'
        ? { ...headers, origin: 'https://app.example.com' }
        : headers
    const response = await at.get('/x?a=1', sent, method)
    expect(told(response)).toBe(`portcullis; fwd=bypass; detail=${detail}`)
    expect(at.seen.at(-1)?.url).toBe('http://upstream.test:8080/x?a=1')
    for (const [name, value] of Object.entries(headers))
      expect(at.seen.at(-1)?.headers.get(name)).toBe(value)
    expect(at.store.kept.size).toBe(0)
  })

  // Somebody signed in asks for a public page that says hello to them; everybody else would read their name.
  it('an answer to whoever has a session: they neither fill the cache nor read it', async () => {
    for (const cookies of ['bypass', 'ignore'] as const) {
      const routes = (store: CacheOptions['store']): object => ({
        routes: [
          { path: '/login', to: 'app', access: 'public', sessions: ['start'] },
          {
            path: '/*',
            to: 'app',
            access: 'public',
            cache: publicCache({ store: store as never, cookies }),
          },
        ],
      })
      const store = mapStore()
      const at = { ...(await caching({}, routes(store))), store }
      at.answer = () => page()
      const held = await bench({ clock: () => now, ...routes(store) })
      const cookie = await signIn(held, { user: 'u' })
      held.answer = (seen) =>
        new Response(`hello ${seen.headers.has('portcullis-assertion')}`, {
          headers: { 'content-type': 'text/plain', 'cache-control': 'max-age=60' },
        })
      const hello = await held.ask('/x', { headers: { cookie: `a=1; ${cookie}` } })
      expect(await hello.text()).toBe('hello true')
      expect(store.kept.size).toBe(0)
      expect(await (await held.ask('/x')).text()).toBe('hello false')
      expect(await (await held.ask('/x', { headers: { cookie } })).text()).toBe('hello true')
    }
  })

  it("an answer to somebody else's cookies, unless the route says that it knows none", async () => {
    const past = await caching()
    past.answer = () => page()
    expect(told(await past.get('/x', { cookie: '_ga=1' }))).toBe(
      'portcullis; fwd=bypass; detail=cookie',
    )
    const at = await caching({ cookies: 'ignore' })
    at.answer = () => page()
    expect(told(await at.get('/x', { cookie: '_ga=1' }))).toBe('portcullis; fwd=uri-miss; stored')
    expect(at.seen[0]?.headers.has('cookie')).toBe(false)
    expect(told(await at.get('/x', { cookie: '_ga=2' }))).toBe('portcullis; hit; ttl=60')
  })

  it('an answer that would change a session: it is told no nonce, and what it says is not done', async () => {
    const at = await caching()
    at.answer = (seen) => page({ 'portcullis-session': order(seen, { set: { visits: 1 } }) })
    const response = await at.get('/x')
    expect(at.seen[0]?.headers.has('portcullis-session-nonce')).toBe(false)
    expect(response.headers.getSetCookie()).toEqual([])
    expect(at.store.kept.size).toBe(0)
  })

  it('the nonce of a page: its upstream is told none', async () => {
    const at = await caching({}, { headers: { preset: 'recommended' } })
    at.answer = () => page({ 'content-type': 'text/html' })
    const accept = {
      accept: 'text/html',
      'sec-fetch-dest': 'document',
      'sec-fetch-mode': 'navigate',
    }
    const [first, second] = [await at.get('/x', accept), await at.get('/x', accept)]
    expect(at.seen[0]?.headers.has('content-security-policy')).toBe(false)
    const nonceOf = ({ headers }: Response): string | undefined =>
      /'nonce-([^']+)'/.exec(headers.get('content-security-policy') ?? '')?.[1]
    expect(told(second)).toContain('hit')
    expect(nonceOf(first)).toBeDefined()
    expect(nonceOf(second)).not.toBe(nonceOf(first))
  })

  it('the nonce of a page whose placeholder is filled in on the way out: each visitor gets another', async () => {
    const token = 'placeholder-3f9c1e7ab2d84c60'
    const at = await caching({}, { headers: { preset: 'recommended', noncePlaceholder: token } })
    at.answer = () =>
      new Response(`<script nonce="${token}"></script>`, {
        headers: { 'content-type': 'text/html', 'cache-control': 'max-age=60' },
      })
    const accept = {
      accept: 'text/html',
      'sec-fetch-dest': 'document',
      'sec-fetch-mode': 'navigate',
    }
    const nonces = new Set<string>()
    for (let i = 0; i < 2; i++) {
      const response = await at.get('/x', accept)
      const nonce = /nonce="([^"]+)"/.exec(await response.text())?.[1] ?? token
      expect(response.headers.get('content-security-policy')).toContain(`'nonce-${nonce}'`)
      nonces.add(nonce)
    }
    expect([at.seen.length, nonces.size, nonces.has(token)]).toEqual([1, 2, false])
  })

  it('a body that breaks off, or is longer than it may be', async () => {
    const at = await caching({ maxBytes: 10 })
    at.answer = () => {
      let pulled = 0
      const broken = new ReadableStream<Uint8Array>({
        pull(controller): void {
          if (++pulled === 1) controller.enqueue(new Uint8Array(3))
          else controller.error(new Error('reset'))
        },
      })
      return new Response(broken, {
        headers: { 'content-type': 'text/plain', 'cache-control': 'max-age=60' },
      })
    }
    await expect(at.get('/broken')).rejects.toThrow()
    await new Promise((done) => setTimeout(done, 0))
    at.answer = () =>
      new Response('more than ten', {
        headers: { 'content-type': 'text/plain', 'cache-control': 'max-age=60' },
      })
    expect(await (await at.get('/long')).text()).toBe('more than ten')
    expect(at.store.kept.size).toBe(0)
  })
})

describe('poisoning', () => {
  // GET /x?cb=1 with a header that the upstream reflects: the next visitor would get what the first one planted.
  it('has nothing to work with: what is not keyed does not reach the upstream', async () => {
    const at = await caching({ query: ['b', 'a'], vary: ['accept-language'] })
    at.answer = () => page({ vary: 'accept-language' })
    await at.get('/x?z=1&b=2&utm=3&a=1&a=0&%61=9', {
      'accept-language': 'de',
      'x-forwarded-host': 'evil.test',
      'x-original-url': '/admin',
      'x-http-method-override': 'DELETE',
      'x-anything': 'planted',
      'user-agent': 'planted',
      'accept-encoding': 'gzip',
      accept: 'planted/type',
    })
    const { url, headers } = at.seen[0] as NonNullable<(typeof at.seen)[0]>
    expect(url).toBe('http://upstream.test:8080/x?a=1&a=0&b=2')
    expect([...headers].filter(([, value]) => /planted|evil|admin|DELETE/.test(value))).toEqual([])
    expect(headers.get('accept-language')).toBe('de')
    expect(headers.get('accept-encoding')).toBe('identity')
    expect(headers.get('x-forwarded-host')).toBe('app.example.com')
    expect(told(await at.get('/x?b=2&a=1&a=0', { 'accept-language': 'de' }))).toContain('hit')
  })

  // curl -H 'Tracestate: a=<script>' -H 'Baggage: ...': a page that shows them, or the visitor's address, shows them to all.
  it('has neither the address nor the words of a trace to work with', async () => {
    const at = await caching({}, { monitor: monitor({ trace: { baggage: true } }) })
    at.answer = () => page({})
    const trace = '0af7651916cd43dd8448eb211c80319c'
    await at.get('/x', {
      'cf-connecting-ip': '203.0.113.7',
      traceparent: `00-${trace}-b7ad6b7169203331-01`,
      tracestate: 'a=<script>planted</script>',
      baggage: 'user=planted',
    })
    const { headers } = at.last()
    expect([...headers].filter(([, value]) => /planted|203\.0/.test(value))).toEqual([])
    expect(headers.get('forwarded')).toBe('for=unknown;host="app.example.com";proto=https')
    expect(headers.get('traceparent')).toContain(trace)
  })

  it.each([
    ['/x?a=1', '/x?a=2', {}, {}],
    ['/x?a=1&a=2', '/x?a=2&a=1', {}, {}],
    ['/x', '/x?a=1', {}, {}],
    ['/x', '/X', {}, {}],
    ['/x', '/x', { 'accept-language': 'de' }, { 'accept-language': 'en' }],
    ['/x', '/x', { 'accept-language': 'de' }, {}],
    ['/x?a=1', '/x', {}, { 'accept-language': '1' }],
    ['/x?a=1%26accept-language=de', '/x?a=1', {}, { 'accept-language': 'de' }],
  ])('%s and %s with %j and %j are two answers', async (one, other, first, second) => {
    const at = await caching({ query: ['a'], vary: ['accept-language'] })
    at.answer = () => page()
    await at.get(one, first as Record<string, string>)
    await at.get(other, second as Record<string, string>)
    expect(at.seen.length).toBe(2)
    expect(at.store.kept.size).toBe(2)
  })

  it('has no way from one host to another', async () => {
    const store = mapStore()
    const cache = publicCache({ store })
    const at = await caching(
      {},
      {
        hosts: ['de.example.com', 'en.example.com'],
        routes: [
          { path: '/*', to: 'app', access: 'public', host: 'de.example.com', cache },
          { path: '/*', to: 'app', access: 'public', host: 'en.example.com', cache },
          { path: '/*', to: 'app', access: 'public', cache },
        ],
      },
    )
    at.answer = (seen) =>
      new Response(seen.headers.get('x-forwarded-host'), {
        headers: { 'content-type': 'text/plain', 'cache-control': 'max-age=60' },
      })
    for (let i = 0; i < 2; i++) {
      for (const host of ['de.example.com', 'en.example.com', 'app.example.com']) {
        const response = await at.gateway.fetch(new Request(`https://${host}/x`))
        expect(await response.text()).toBe(host)
      }
      await new Promise((done) => setTimeout(done, 0))
    }
    expect([store.kept.size, at.seen.length]).toEqual([3, 3])
  })

  // A page elsewhere asks; the answer names it in Access-Control-Allow-Origin, for everybody from then on.
  it('goes past the cache where another origin asks', async () => {
    const at = await caching()
    at.answer = () => page()
    expect(told(await at.get('/x', { origin: 'https://other.test' }))).not.toContain('stored')
    expect(at.store.kept.size).toBe(0)
  })

  it('of the notes a cache keeps: an upstream cannot write them', async () => {
    const at = await caching()
    at.answer = () =>
      page({ 'portcullis-kept': '0 0 999999 999999', 'portcullis-kept-cache-control': 'planted' })
    await at.get('/x')
    const hit = await at.get('/x')
    expect([told(hit), hit.headers.get('cache-control')]).toEqual([
      'portcullis; hit; ttl=60',
      'max-age=60',
    ])
  })
})

describe('a path that looks like a file', () => {
  // https://app.example.com/account/x.css: the upstream ignores what it does not know and shows the account.
  it.each([
    ['/account/x.css', 'text/html', false],
    ['/account/x.js', 'text/html; charset=utf-8', false],
    ['/account/x.png', 'application/json', false],
    ['/account/x.css', 'text/css', true],
    ['/x.html', 'text/html', true],
    ['/x.json', 'application/json', true],
    ['/api/v1.2', 'application/json', true],
    ['/account', 'text/html', true],
  ])('%s as %s is kept: %s', async (path, type, kept) => {
    const at = await caching()
    at.answer = () => page({ 'content-type': type })
    await at.get(path)
    expect(at.store.kept.size).toBe(kept ? 1 : 0)
  })

  it('is kept only with a type that the route lists', async () => {
    const at = await caching({ types: ['image/*', 'text/css'] })
    for (const [path, type] of [
      ['/a', 'image/png'],
      ['/b', 'text/css'],
      ['/c', 'text/html'],
    ] as const) {
      at.answer = () => page({ 'content-type': type })
      await at.get(path)
    }
    expect([...at.store.kept.keys()].map((url) => new URL(url).pathname)).toEqual([
      '/.portcullis/cache/app/a',
      '/.portcullis/cache/app/b',
    ])
  })
})

describe('stale-if-error', () => {
  const failures = {
    refused: (): never => {
      throw new TypeError('connect ECONNREFUSED')
    },
    '500': () => page({}, 500),
    '503': () => page({}, 503),
  }
  it.each([
    ['refused', 'portcullis; fwd=stale; detail=stale-if-error'],
    ['500', 'portcullis; fwd=stale; fwd-status=500; detail=stale-if-error'],
    ['503', 'portcullis; fwd=stale; fwd-status=503; detail=stale-if-error'],
  ] as const)('gives what was kept where the upstream is %s', async (how, status) => {
    const at = await caching({ staleIfError: 300 })
    at.answer = () => page()
    await at.get('/x')
    now += 359_000
    at.answer = failures[how]
    const stale = await at.get('/x')
    expect([stale.status, await stale.text(), told(stale)]).toEqual([200, 'kept', status])
    expect(stale.headers.get('age')).toBe('359')
    now += 1000
    expect((await at.get('/x')).status).toBeGreaterThanOrEqual(500)
  })

  it('gives it while a breaker is open, without a question', async () => {
    const upstreams = {
      app: { url: 'http://upstream.test', breaker: circuitBreaker({ failures: 1, pause: 300 }) },
    }
    const at = await caching({ staleIfError: 300 }, { upstreams })
    at.answer = () => page()
    await at.get('/x')
    now += 60_000
    at.answer = failures.refused
    await at.get('/x')
    const { length } = at.seen
    expect((await at.get('/x')).status).toBe(200)
    expect((await at.get('/y')).status).toBe(503)
    expect(at.seen.length).toBe(length)
  })

  it.each([
    ['max-age=60, must-revalidate', 502],
    ['max-age=60, proxy-revalidate', 502],
    ['s-maxage=60', 502],
    ['s-maxage=60, stale-if-error=300', 200],
    ['max-age=60', 200],
  ])('after %s is %i', async (control, status) => {
    const at = await caching({ staleIfError: 300 })
    at.answer = () => page({ 'cache-control': control })
    await at.get('/x')
    now += 60_000
    at.answer = failures.refused
    expect((await at.get('/x')).status).toBe(status)
  })

  it('is not for a 404, and what comes after a failure is fresh again', async () => {
    const at = await caching({ staleIfError: 300 })
    at.answer = () => page()
    await at.get('/x')
    now += 60_000
    at.answer = () => page({ 'cache-control': 'no-store' }, 404)
    expect((await at.get('/x')).status).toBe(404)
    at.answer = () => page()
    expect(told(await at.get('/x'))).toBe('portcullis; fwd=stale; stored')
    expect(told(await at.get('/x'))).toContain('hit')
  })
})

describe('a cache that fails', () => {
  it.each(['match', 'put'] as const)('at %s changes no answer', async (verb) => {
    const store = { ...mapStore(), [verb]: () => Promise.reject(new Error('cache down')) }
    const at = await caching({ store })
    at.answer = () => page()
    for (let i = 0; i < 2; i++) expect(await (await at.get('/x')).text()).toBe('kept')
    expect(at.faults).toEqual([])
    expect(at.seen.length).toBe(2)
  })

  it('or that a runtime has not, is passed by', async () => {
    const none = (globalThis as { caches?: { default?: unknown } }).caches?.default === undefined
    const at = await bench({
      routes: [{ path: '/*', to: 'app', access: 'public', cache: publicCache() }],
    })
    at.answer = () => page()
    const response = await at.ask('/x?a=1')
    expect(await response.text()).toBe('kept')
    if (none) expect(told(response)).toBe('portcullis; fwd=bypass; detail=no-cache-here')
  })
})

describe('the options', () => {
  it.each([
    [{ maxAge: 0 }, 'publicCache.maxAge must be a whole number of seconds from 1 to 31536000'],
    [
      { staleIfError: -1 },
      'publicCache.staleIfError must be a whole number of seconds from 0 to 31536000',
    ],
    [
      { query: ['a b'] },
      'publicCache.query must be a list of parameter names, spelled as in a query',
    ],
    [{ vary: ['cookie'] }, "publicCache.vary must be a list of 'accept' and 'accept-language'"],
    [{ cookies: 'keep' }, "publicCache.cookies must be 'bypass' or 'ignore'"],
    [{ types: [] }, 'publicCache.types must be a non-empty list of content types, such as'],
    [
      { maxBytes: 16_777_217 },
      'publicCache.maxBytes must be a whole number of bytes from 1 to 16777216',
    ],
    [{ store: {} }, 'publicCache.store must be an object with the methods match and put'],
    [{ maxage: 1 }, 'publicCache.maxage is not an option; did you mean maxAge?'],
  ])('%j are refused', (options, message) => {
    expect(() => publicCache(options as never)).toThrow(message)
  })

  it.each([
    [{ access: 'session', cache: publicCache() }, "routes.0.cache needs access: 'public'"],
    [
      { access: 'public', methods: ['POST'], cache: publicCache() },
      'routes.0.cache needs a route that accepts GET',
    ],
    [{ access: 'public', cache: {} }, 'routes.0.cache must be publicCache({ ... }), or absent'],
    [{ access: 'public', cache: true }, 'routes.0.cache must be publicCache({ ... }), or absent'],
  ])('a route %j is refused', async (route, message) => {
    await expect(bench({ routes: [{ path: '/x', to: 'app', ...route }] as never })).rejects.toThrow(
      message,
    )
  })
})
