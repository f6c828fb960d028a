/** The runtime's own cache (`caches.default`) in bare workerd. */
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type CacheService, startCacheService } from '../../support/cache-service.ts'
import { type Origin, startOrigin } from '../../support/origin.ts'
import { type RawResponse, rawFetch } from '../../support/raw.ts'
import { startWorkerd, type Workerd } from '../../support/workerd.ts'

let cache: CacheService
let origin: Origin
let worker: Workerd
beforeAll(async () => {
  cache = await startCacheService()
  origin = await startOrigin()
  worker = await startWorkerd(
    { entry: 'test/node/gateway/cache.fixture.ts' },
    { bindings: { UPSTREAM_URL: origin.url }, cachePort: cache.port },
  )
})
afterAll(async () => {
  await worker.stop()
  await origin.stop()
  await cache.stop()
})
beforeEach(() => origin.reset())

const get = (path: string, headers: Array<[string, string]> = []): Promise<RawResponse> =>
  rawFetch(worker.port, { path, headers })

describe('caches.default of workerd', () => {
  it('keeps an answer and gives it back as it was, in whatever the visitor sent besides', async () => {
    origin.answer({
      headers: {
        'content-type': 'text/css',
        'cache-control': 'public, max-age=60',
        etag: '"1"',
        'x-theirs': 'a',
      },
      body: 'body{}',
    })
    const first = await get('/kept/a.css?q=1&utm=2', [['User-Agent', 'one']])
    expect([first.status, first.header('cache-status')]).toEqual([
      200,
      'portcullis; fwd=uri-miss; stored',
    ])
    await expect.poll(() => cache.kept.size).toBe(1)
    const second = await get('/kept/a.css?other=1&q=1', [['User-Agent', 'two']])
    expect([second.status, second.text]).toEqual([200, 'body{}'])
    expect(second.header('cache-status')).toMatch(/^portcullis; hit; ttl=\d+$/)
    expect(second.header('cache-control')).toBe('public, max-age=60')
    expect([second.header('etag'), second.header('x-theirs')]).toEqual(['"1"', 'a'])
    expect(second.headers.filter(([name]) => /^portcullis|^cf-cache/i.test(name))).toEqual([])
    expect(origin.received.map(({ url }) => url)).toEqual(['/kept/a.css?q=1'])
    expect(origin.last().header('user-agent')).toBe(undefined)
    expect([...cache.kept.keys()][0]).toContain('/.portcullis/cache/app/kept/a.css?q=')
  })

  it('does not keep what came compressed, and passes it as it is', async () => {
    const body = gzipSync('packed '.repeat(100))
    const before = cache.kept.size
    origin.answer({
      headers: {
        'content-type': 'text/plain',
        'cache-control': 'max-age=60',
        'content-encoding': 'gzip',
      },
      body,
    })
    const answer = await get('/kept/packed', [['Accept-Encoding', 'gzip']])
    expect([answer.header('cache-status'), answer.header('content-encoding')]).toEqual([
      'portcullis; fwd=uri-miss',
      'gzip',
    ])
    expect(Buffer.from(answer.body).equals(body)).toBe(true)
    expect(cache.kept.size).toBe(before)
  })

  it('does not keep what the origin cut off', async () => {
    const before = cache.kept.size
    origin.answer((_received, response) => {
      response.writeHead(200, {
        'content-type': 'text/plain',
        'cache-control': 'max-age=60',
        'content-length': '1000',
      })
      response.write('half', () => response.destroy())
    })
    await get('/kept/cut').catch(() => {})
    origin.answer({
      headers: { 'content-type': 'text/plain', 'cache-control': 'max-age=60' },
      body: 'whole',
    })
    expect((await get('/kept/cut')).text).toBe('whole')
    await expect.poll(() => cache.kept.size).toBe(before + 1)
    expect((await get('/kept/cut')).text).toBe('whole')
  })

  it('is never asked for a route that has no cache, and never seen from outside', async () => {
    origin.answer({
      headers: { 'content-type': 'text/plain', 'cache-control': 'max-age=60' },
      body: 'x',
    })
    const before = cache.kept.size
    for (let i = 0; i < 2; i++) expect((await get('/free')).header('cache-status')).toBe(undefined)
    expect([cache.kept.size, origin.received.length]).toEqual([before, 2])
    expect((await get('/.portcullis/cache/app/kept/a.css?q=%3Fq%3D1')).status).toBe(404)
  })
})
