import { describe, expect, test } from 'vitest'
import { publicCache } from '../../src/gateway/index.ts'
import { uptime } from '../../src/monitor/index.ts'
import { redis, script } from '../../src/redis/index.ts'
import { bench } from './support.ts'

// GET /account/statement.pdf of two users: on Cloudflare a subrequest without this reads through the zone's cache, which
// keeps a .pdf that says nothing of caches, for everybody.
describe('P7: nothing that the gateway fetches reads through a cache of the platform', () => {
  test.each([
    ['GET', '/account/statement.pdf', {}],
    ['HEAD', '/account/statement.pdf', {}],
    ['POST', '/x', {}],
    ['OPTIONS', '/x', {}],
    ['GET', '/x', { range: 'bytes=0-1' }],
    ['GET', '/x', { 'if-none-match': '"1"' }],
    ['GET', '/socket', { upgrade: 'websocket', connection: 'upgrade', 'sec-websocket-key': 'x' }],
  ])('P7: %s %s %j', async (method, path, headers) => {
    const at = await bench({ routes: [{ path: '/*', to: 'app', access: 'public' }] })
    await at.ask(path, { method, headers })
    expect(at.last().init.cache).toBe('no-store')
  })

  test('P7: the second try, and what fills the cache of a route', async () => {
    const store = {
      match: async (): Promise<undefined> => undefined,
      put: async (): Promise<void> => {},
    }
    const at = await bench({
      routes: [
        { path: '/kept', to: 'app', access: 'public', cache: publicCache({ store }) },
        { path: '/*', to: 'app', access: 'public' },
      ],
    })
    at.answer = (): never => {
      throw new TypeError('reset')
    }
    await at.ask('/x')
    await at.ask('/kept')
    expect(at.seen.map(({ init }) => init.cache)).toEqual([
      'no-store',
      'no-store',
      'no-store',
      'no-store',
    ])
  })

  test('P7: a probe of an upstream, a notice to a webhook, a command to Redis', async () => {
    const modes: unknown[] = []
    const note = async (_url: unknown, init?: RequestInit): Promise<Response> => {
      modes.push(init?.cache)
      return new Response('[{"result":"PONG"}]', { status: 200 })
    }
    const at = await bench({
      upstreams: { app: { url: 'http://upstream.test', sessions: true, probe: '/health' } },
      ready: { upstreams: true },
      fetch: note as typeof fetch,
    })
    await at.ask('/.portcullis/ready')
    expect(modes.splice(0)).toEqual(['no-store'])

    const watch = uptime<never>({ webhook: 'https://hooks.example.com/x' })
    const down = {
      kind: 'upstream',
      name: 'app',
      look: async (): Promise<string> => 'http-500',
    } as const
    for (let i = 0; i < 3; i++) {
      await watch.run([down], {
        env: {},
        service: 'https://app.example.com',
        emit: () => {},
        report: () => {},
        clock: () => 1_790_000_000_000 + i * 60_000,
        fetch: note as typeof fetch,
      })
    }
    expect(modes.splice(0)).toEqual(['no-store'])

    const client = redis({
      url: 'https://eu1-fast-cat-12345.upstash.io',
      token: 'AXQgASQgN2E4',
      fetch: note,
    })
    await client.call({}, script('ping', 'return 1'), [], [])
    expect(modes).toEqual(['no-store'])
  })
})
