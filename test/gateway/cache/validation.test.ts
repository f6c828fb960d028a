/** What RFC 9111 asks of a shared cache: validation, invalidation, conditions, parts, and stale answers. */
import { describe, expect, test } from 'vitest'
import { publicCache } from '../../../src/gateway/index.ts'
import { monitor } from '../../../src/monitor/index.ts'
import { bench } from '../support.ts'
import { countAnswers, createCachedGateway, createMapStore, statusOf } from './support.ts'

const modified = 'Wed, 01 Jan 2020 00:00:00 GMT'
const kept = { 'cache-control': 'max-age=60', 'content-type': 'text/plain' }

describe('P8: validation of what is no longer fresh', () => {
  test.each([
    ['a strong ETag', { etag: '"1"' }, { 'if-none-match': '"1"' }],
    ['a weak ETag', { etag: 'W/"1"' }, { 'if-none-match': 'W/"1"' }],
    ['a date', { 'last-modified': modified }, { 'if-modified-since': modified }],
    [
      'both',
      { etag: '"1"', 'last-modified': modified },
      { 'if-none-match': '"1"', 'if-modified-since': modified },
    ],
  ])('P8: by %s, and the answer is fresh again', async (_what, validators, asked) => {
    const at = await createCachedGateway()
    at.answer = ({ headers }) =>
      headers.has('if-none-match') || headers.has('if-modified-since')
        ? new Response(null, {
            status: 304,
            headers: { ...validators, 'cache-control': 'max-age=60', 'x-new': 'b' },
          })
        : new Response('body', { headers: { ...kept, ...validators, 'x-old': 'a' } })
    await at.send('/x')
    at.now += 60_000
    const answer = await at.send('/x')
    expect([answer.status, await answer.text(), statusOf(answer)]).toEqual([
      200,
      'body',
      'fwd=stale; fwd-status=304; stored',
    ])
    for (const [name, value] of Object.entries(asked))
      expect(at.last().headers.get(name)).toBe(value)
    const again = await at.send('/x')
    expect([await again.text(), statusOf(again)]).toEqual(['body', 'hit; ttl=60'])
    expect([again.headers.get('x-old'), again.headers.get('x-new')]).toEqual(['a', 'b'])
    expect(at.seen.length).toBe(2)
  })

  test('P8: a 304 changes every header but those of the body, and of what it does not speak', async () => {
    const at = await createCachedGateway()
    const first = {
      ...kept,
      etag: '"1"',
      'content-language': 'de',
      'x-kept': 'a',
      'x-changed': 'a',
    }
    const second = {
      etag: '"1"',
      'content-type': 'text/html',
      'content-length': '99',
      'cache-control': 'max-age=120',
      'x-changed': 'b',
      connection: 'x-hop',
      'x-hop': '1',
    }
    at.answer = ({ headers }) =>
      headers.has('if-none-match')
        ? new Response(null, { status: 304, headers: second })
        : new Response('body', { headers: first })
    await at.send('/x')
    at.now += 60_000
    await at.send('/x')
    const { headers } = await at.send('/x')
    const names = [
      'content-type',
      'cache-control',
      'content-language',
      'x-kept',
      'x-changed',
      'x-hop',
      'connection',
    ]
    expect(names.map((name) => headers.get(name))).toEqual([
      'text/plain',
      'max-age=120',
      'de',
      'a',
      'b',
      null,
      null,
    ])
    expect(headers.get('content-length')).not.toBe('99')
  })

  test.each([
    ['no-cache', { 'cache-control': 'no-cache' }],
    ['max-age=0, must-revalidate', { 'cache-control': 'max-age=0, must-revalidate' }],
  ])('P8: with %s each request is asked about', async (_what, control) => {
    const at = await createCachedGateway({ staleIfError: 600 })
    at.answer = ({ headers }) =>
      headers.get('if-none-match') === '"1"'
        ? new Response(null, { status: 304, headers: { etag: '"1"' } })
        : new Response('body', {
            headers: { 'content-type': 'text/plain', etag: '"1"', ...control },
          })
    for (let i = 0; i < 3; i++) expect(await (await at.send('/x')).text()).toBe('body')
    expect(at.seen.length).toBe(3)
    at.answer = (): never => {
      throw new TypeError('reset')
    }
    expect((await at.send('/x')).status).toBe(502)
  })

  test('P8: a 304 about something else does not make what is kept fresh', async () => {
    const at = await createCachedGateway()
    at.answer = ({ headers }) => {
      if (headers.has('if-none-match'))
        return new Response(null, { status: 304, headers: { etag: '"2"' } })
      return new Response(`body ${at.seen.length}`, { headers: { ...kept, etag: '"1"' } })
    }
    await at.send('/x')
    at.now += 60_000
    const answer = await at.send('/x')
    expect([answer.status, await answer.text(), at.seen.length]).toEqual([200, 'body 3', 3])
  })

  test('P8: a 304 that sets a cookie gives it to its client, and is kept for nobody', async () => {
    const at = await createCachedGateway()
    at.answer = ({ headers }) =>
      headers.has('if-none-match')
        ? new Response(null, { status: 304, headers: { etag: '"1"', 'set-cookie': 'a=1' } })
        : new Response('body', { headers: { ...kept, etag: '"1"' } })
    await at.send('/x')
    at.now += 60_000
    const answer = await at.send('/x')
    expect([await answer.text(), statusOf(answer)]).toEqual(['body', 'fwd=stale; fwd-status=304'])
    expect(answer.headers.getSetCookie().length).toBe(1)
    expect((await at.send('/x')).headers.getSetCookie().length).toBe(1)
    expect(at.seen.length).toBe(3)
  })

  test.each([
    { 'cache-control': 'private', etag: '"1"' },
    { 'cache-control': 'no-store', etag: '"1"' },
    { vary: 'cookie', etag: '"1"' },
  ])('P8: a 304 with %j ends what is kept', async (said) => {
    const at = await createCachedGateway()
    at.answer = ({ headers }) =>
      headers.has('if-none-match')
        ? new Response(null, { status: 304, headers: said as Record<string, string> })
        : new Response('body', { headers: { ...kept, etag: '"1"' } })
    await at.send('/x')
    at.now += 60_000
    for (let i = 0; i < 2; i++)
      expect(statusOf(await at.send('/x'))).toBe('fwd=stale; fwd-status=304')
  })

  test("P8: a client's condition never reaches the upstream of a shared answer, and is answered from what comes", async () => {
    const at = await createCachedGateway()
    at.answer = () => new Response('body', { headers: { ...kept, etag: '"1"' } })
    const answer = await at.send('/x', { 'if-none-match': '"1"' })
    expect([answer.status, statusOf(answer)]).toEqual([304, 'fwd=uri-miss; stored'])
    expect(at.last().headers.has('if-none-match')).toBe(false)
    expect(await (await at.send('/x')).text()).toBe('body')
    expect(at.seen.length).toBe(1)
  })
})

describe('P8: conditions of clients on what is kept', () => {
  test.each([
    [{ 'if-none-match': '"1"' }, 304],
    [{ 'if-none-match': 'W/"1"' }, 304],
    [{ 'if-none-match': '"0", "1", "2"' }, 304],
    [{ 'if-none-match': '*' }, 304],
    [{ 'if-none-match': '"2"' }, 200],
    [{ 'if-none-match': '"0,1"' }, 200],
    [{ 'if-modified-since': modified }, 304],
    [{ 'if-modified-since': 'Wednesday, 01-Jan-20 00:00:00 GMT' }, 304],
    [{ 'if-modified-since': 'Wed Jan  1 00:00:00 2020' }, 304],
    [{ 'if-modified-since': 'Tue, 31 Dec 2019 23:59:59 GMT' }, 200],
    [{ 'if-modified-since': 'yesterday' }, 200],
    [{ 'if-modified-since': '2030' }, 200],
    [{ 'if-none-match': '"2"', 'if-modified-since': modified }, 200],
    [{ 'if-none-match': '"1"', 'if-modified-since': 'Tue, 31 Dec 2019 23:59:59 GMT' }, 304],
  ])('P8: %j: %i', async (asked, status) => {
    const at = await createCachedGateway()
    at.answer = () =>
      new Response('body', { headers: { ...kept, etag: '"1"', 'last-modified': modified } })
    await at.send('/x')
    const answer = await at.send('/x', asked as Record<string, string>)
    expect([answer.status, await answer.text()]).toEqual([status, status === 304 ? '' : 'body'])
    expect(statusOf(answer)).toBe('hit; ttl=60')
    if (status === 304) expect(answer.headers.get('etag')).toBe('"1"')
  })

  test.each([{ 'if-match': '"1"' }, { 'if-unmodified-since': modified }])(
    'P8: %j goes past',
    async (asked) => {
      const at = await createCachedGateway()
      countAnswers(at, kept)
      await at.send('/x')
      const answer = await at.send('/x', asked as Record<string, string>)
      expect(statusOf(answer)).toContain('fwd=bypass')
      const [name = '', value = ''] = Object.entries(asked)[0] ?? []
      expect(at.last().headers.get(name)).toBe(value)
    },
  )

  test('P8: only-if-cached gets what is kept, or 504 without a question', async () => {
    const at = await createCachedGateway()
    countAnswers(at, kept)
    expect((await at.send('/x', { 'cache-control': 'only-if-cached' })).status).toBe(504)
    expect(at.seen.length).toBe(0)
    await at.send('/x')
    expect((await at.send('/x', { 'cache-control': 'max-age=0, ONLY-IF-CACHED' })).status).toBe(200)
    at.now += 60_000
    expect((await at.send('/x', { 'cache-control': 'only-if-cached' })).status).toBe(504)
    expect(at.seen.length).toBe(1)
  })
})

describe('P8: what changes an address makes what is kept of it invalid', () => {
  test.each(['POST', 'PUT', 'PATCH', 'DELETE'])('P8: %s', async (method) => {
    const at = await createCachedGateway({ query: ['q'] })
    countAnswers(at, kept)
    for (const path of ['/x', '/x?q=1', '/y']) await at.send(path)
    await at.send('/x', {}, method)
    expect(at.last().method).toBe(method)
    expect(await (await at.send('/x')).text()).toBe('answer 5')
    expect(await (await at.send('/x')).text()).toBe('answer 5')
    expect(await (await at.send('/x?q=1')).text()).toBe('answer 2')
    expect(await (await at.send('/y')).text()).toBe('answer 3')
    await at.send('/x?q=1', {}, method)
    expect(await (await at.send('/x?q=1')).text()).toBe('answer 7')
  })

  test.each([400, 403, 404, 500, 503])('P8: not where the answer is %i', async (status) => {
    const at = await createCachedGateway()
    countAnswers(at, kept)
    await at.send('/x')
    at.answer = () => new Response('no', { status })
    await at.send('/x', {}, 'POST')
    expect(await (await at.send('/x')).text()).toBe('answer 1')
  })

  test.each(['GET', 'HEAD', 'OPTIONS'])('P8: not by %s', async (method) => {
    const at = await createCachedGateway()
    countAnswers(at, kept)
    await at.send('/x')
    await at.send('/x', {}, method)
    expect(await (await at.send('/x')).text()).toBe('answer 1')
  })

  test('P8: in every form, where the answer varies', async () => {
    const at = await createCachedGateway({ vary: ['accept-language'] })
    countAnswers(at, { ...kept, vary: 'accept-language' })
    for (const language of ['de', 'en']) await at.send('/x', { 'accept-language': language })
    await at.send('/x', {}, 'POST')
    for (const language of ['de', 'en']) {
      const answer = await at.send('/x', { 'accept-language': language })
      expect(statusOf(answer)).toContain('stored')
      expect(statusOf(await at.send('/x', { 'accept-language': language }))).toContain('hit')
    }
  })

  test.each(['location', 'content-location'])(
    'P8: also of what its %s names, on this origin',
    async (name) => {
      const at = await createCachedGateway()
      countAnswers(at, kept)
      for (const path of ['/a', '/b', '/c']) await at.send(path)
      for (const address of ['/a', 'https://app.example.com/b', 'https://other.test/c']) {
        at.answer = () => new Response(null, { status: 201, headers: { [name]: address } })
        await at.send('/form', {}, 'POST')
      }
      countAnswers(at, kept)
      for (const [path, state] of [
        ['/a', 'stored'],
        ['/b', 'stored'],
        ['/c', 'hit'],
      ] as const) {
        expect(statusOf(await at.send(path))).toContain(state)
      }
    },
  )

  test('P8: whatever route took the request', async () => {
    const store = createMapStore()
    const at = await bench({
      routes: [
        { path: '/posts', methods: ['POST'], to: 'app', access: 'public', csrf: false },
        {
          path: '/posts',
          methods: ['GET'],
          to: 'app',
          access: 'public',
          cache: publicCache({ store }),
        },
        { path: '/login', to: 'app', access: 'public' },
      ],
    })
    let count = 0
    at.answer = () => new Response(`answer ${++count}`, { headers: kept })
    const works: Array<Promise<unknown>> = []
    const ask = async (method: string): Promise<string> => {
      const request = new Request('https://app.example.com/posts', { method })
      const waitUntil = (work: Promise<unknown>): void => void works.push(work)
      const text = await (await at.gateway.fetch(request, undefined, { waitUntil })).text()
      await Promise.all(works)
      return text
    }
    expect([await ask('GET'), await ask('GET'), await ask('POST'), await ask('GET')]).toEqual([
      'answer 1',
      'answer 1',
      'answer 2',
      'answer 3',
    ])
  })

  test('P8: what was under way while it changed is not kept', async () => {
    for (const vary of [[], ['accept-language']]) {
      const at = await createCachedGateway({ vary })
      let release = (): void => {}
      const held = new Promise<void>((done) => {
        release = done
      })
      at.answer = async ({ method }) => {
        if (method === 'GET') await held
        return new Response('of before', { headers: kept })
      }
      const slow = at.send('/x')
      while (at.seen.length === 0) await new Promise((done) => setTimeout(done, 1))
      await at.send('/x', {}, 'POST')
      release()
      expect(await (await slow).text()).toBe('of before')
      countAnswers(at, kept)
      expect(await (await at.send('/x')).text()).toBe('answer 1')
    }
  })
})

describe('P8: parts, on request of the route', () => {
  test.each([
    ['bytes=0-1', 206, '01', 'bytes 0-1/10'],
    ['bytes=8-', 206, '89', 'bytes 8-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=5-99', 206, '56789', 'bytes 5-9/10'],
    ['bytes=-99', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=10-', 416, '', 'bytes */10'],
    ['bytes=-0', 416, '', 'bytes */10'],
    ['bytes=5-4', 200, '0123456789', null],
    ['bytes=0-0,2-3', 200, '0123456789', null],
    ['items=0-1', 200, '0123456789', null],
    ['bytes=a-b', 200, '0123456789', null],
  ])('P8: %s: %i %s', async (range, status, text, contentRange) => {
    const at = await createCachedGateway({ ranges: true })
    at.answer = () => new Response('0123456789', { headers: { ...kept, etag: '"1"' } })
    await at.send('/x')
    const part = await at.send('/x', { range })
    expect([part.status, await part.text(), part.headers.get('content-range')]).toEqual([
      status,
      text,
      contentRange,
    ])
    expect([statusOf(part), at.seen.length]).toEqual(['hit; ttl=60', 1])
  })

  test.each([
    ['"1"', 206],
    ['"2"', 200],
    ['W/"1"', 200],
    [modified, 206],
    ['Tue, 31 Dec 2019 23:59:59 GMT', 200],
  ])('P8: If-Range: %s: %i', async (condition, status) => {
    const at = await createCachedGateway({ ranges: true })
    at.answer = () =>
      new Response('0123456789', { headers: { ...kept, etag: '"1"', 'last-modified': modified } })
    await at.send('/x')
    expect((await at.send('/x', { range: 'bytes=0-1', 'if-range': condition })).status).toBe(status)
  })

  test('P8: of what is not kept the upstream gives the part, which is never kept', async () => {
    const at = await createCachedGateway({ ranges: true })
    at.answer = ({ headers }) =>
      new Response('01', {
        status: 206,
        headers: { ...kept, 'content-range': `bytes 0-1/10 ${headers.get('range')}` },
      })
    const part = await at.send('/x', { range: 'bytes=0-1' })
    expect([part.status, part.headers.get('content-range'), statusOf(part)]).toEqual([
      206,
      'bytes 0-1/10 bytes=0-1',
      'fwd=bypass; detail=range',
    ])
    expect(at.store.kept.size).toBe(0)
  })
})

describe('P8: stale answers, on request of the route', () => {
  test('P8: while another one is fetched, once', async () => {
    const at = await createCachedGateway({ staleWhileRevalidate: 30 })
    countAnswers(at, kept)
    await at.send('/x')
    at.now += 80_000
    const stale = await at.send('/x')
    expect([await stale.text(), stale.headers.get('age'), statusOf(stale)]).toEqual([
      'answer 1',
      '80',
      'hit; ttl=-20; detail=stale-while-revalidate',
    ])
    expect([await (await at.send('/x')).text(), at.seen.length]).toEqual(['answer 2', 2])
    at.now += 90_000
    expect(await (await at.send('/x')).text()).toBe('answer 3')
  })

  test.each([
    ['max-age=60, stale-while-revalidate=20', 'upstream', 79, true],
    ['max-age=60, stale-while-revalidate=20', 'upstream', 80, false],
    ['max-age=60, stale-while-revalidate=20', 600, 80, false],
    ['max-age=60, stale-while-revalidate=600', 20, 80, false],
    ['max-age=60', 'upstream', 61, false],
    ['max-age=60', 20, 61, true],
    ['max-age=60, must-revalidate', 20, 61, false],
    ['max-age=60, proxy-revalidate', 20, 61, false],
    ['s-maxage=60', 20, 61, false],
    ['s-maxage=60, stale-while-revalidate=20', 20, 61, true],
    ['max-age=60, stale-while-revalidate=soon', 20, 61, false],
  ] as const)(
    'P8: %s with %s, after %i s: %s',
    async (control, staleWhileRevalidate, later, stale) => {
      const at = await createCachedGateway({ staleWhileRevalidate })
      countAnswers(at, { 'cache-control': control })
      await at.send('/x')
      at.now += later * 1000
      expect((await (await at.send('/x')).text()) === 'answer 1').toBe(stale)
    },
  )

  test('P8: not where nothing can run after an answer', async () => {
    const store = createMapStore()
    let now = 1_790_000_000_000
    const cache = publicCache({ store, staleWhileRevalidate: 60 })
    const at = await bench({
      clock: () => now,
      routes: [{ path: '/*', to: 'app', access: 'public', cache }],
    })
    let count = 0
    at.answer = () => new Response(`answer ${++count}`, { headers: kept })
    await at.ask('/x')
    while (store.kept.size === 0) await new Promise((done) => setTimeout(done, 1))
    now += 61_000
    expect(await (await at.ask('/x')).text()).toBe('answer 2')
  })

  test('P8: a fetch in the background that fails changes nothing, and is tried again', async () => {
    const at = await createCachedGateway({ staleWhileRevalidate: 60 })
    countAnswers(at, kept)
    await at.send('/x')
    at.now += 70_000
    at.answer = (): never => {
      throw new TypeError('reset')
    }
    for (let i = 0; i < 2; i++) expect((await at.send('/x')).status).toBe(200)
    expect([at.seen.length, at.faults.length]).toEqual([3, 0])
  })

  test.each([
    ['max-age=60, stale-if-error=20', 'upstream', 79, 200],
    ['max-age=60, stale-if-error=20', 'upstream', 80, 502],
    ['max-age=60, stale-if-error=20', 600, 80, 502],
    ['max-age=60', 'upstream', 61, 502],
  ] as const)(
    'P8: where the upstream fails: %s with %s, after %i s: %i',
    async (control, staleIfError, later, status) => {
      const at = await createCachedGateway({ staleIfError })
      countAnswers(at, { 'cache-control': control })
      await at.send('/x')
      at.now += later * 1000
      at.answer = (): never => {
        throw new TypeError('reset')
      }
      expect((await at.send('/x')).status).toBe(status)
    },
  )

  test('P8: are noted as stale in the line of the request', async () => {
    const lines: Array<string | undefined> = []
    const store = createMapStore()
    let now = 1_790_000_000_000
    const at = await bench({
      clock: () => now,
      monitor: monitor({ log: (line) => void lines.push(line.cache) }),
      routes: [
        {
          path: '/*',
          to: 'app',
          access: 'public',
          cache: publicCache({ store, staleWhileRevalidate: 60 }),
        },
      ],
    })
    at.answer = () => new Response('x', { headers: kept })
    const works: Array<Promise<unknown>> = []
    const context = { waitUntil: (work: Promise<unknown>): void => void works.push(work) }
    for (let i = 0; i < 2; i++) {
      await (
        await at.gateway.fetch(new Request('https://app.example.com/x'), undefined, context)
      ).text()
      await Promise.all(works)
      now += 70_000
    }
    expect(lines).toEqual(['miss', 'stale'])
  })
})

describe('P8: headers that make a difference, on request of the route', () => {
  test('P8: any header that the route lists', async () => {
    const at = await createCachedGateway({ vary: ['x-theme', 'sec-ch-prefers-color-scheme'] })
    countAnswers(at, { ...kept, vary: 'X-Theme' })
    for (const theme of ['dark', 'light', 'dark']) await at.send('/x', { 'x-theme': theme })
    expect(at.seen.map(({ headers }) => headers.get('x-theme'))).toEqual(['dark', 'light'])
  })

  test.each([
    ...[
      'cookie',
      'authorization',
      'origin',
      'range',
      'if-none-match',
      'accept-encoding',
      'host',
      'x-real-ip',
    ],
    ...[
      'x-forwarded-for',
      'cf-connecting-ip',
      'connection',
      'Accept',
      'a b',
      '*',
      '',
      'portcullis-assertion',
    ],
  ])('P8: %s is none of them', (name) => {
    expect(() => publicCache({ vary: [name] })).toThrow('publicCache.vary must be a list of')
  })
})

describe('P8: the options', () => {
  test.each([
    [
      { staleWhileRevalidate: -1 },
      'publicCache.staleWhileRevalidate must be a whole number of seconds from 0 to 31536000',
    ],
    [
      { staleWhileRevalidate: 'always' },
      'publicCache.staleWhileRevalidate must be a whole number of seconds',
    ],
    [{ ranges: 1 }, 'publicCache.ranges must be one of true, false'],
    [{ vary: 'accept' }, 'publicCache.vary must be a list of'],
  ])('P8: %j are refused', (options, message) => {
    expect(() => publicCache(options as never)).toThrow(message)
  })
})
