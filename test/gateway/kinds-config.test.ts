import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { createGateway, defineGateway, reviewGateway } from '../../src/gateway/index.ts'
import { kindBench, publicOrigin } from './kinds-bench.ts'

const binding = { fetch: async () => new Response('x') }
const app = new Hono().get('/where', (c) => c.text(`${c.req.url} ${c.req.header('host')}`))

function issuesOf(upstream: object): string[] {
  try {
    createGateway({
      publicOrigin,
      upstreams: { app: upstream },
      routes: [{ path: '/*', to: 'app', access: 'public' }],
    } as never)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError) || error.code !== 'ERR_CONFIG') throw error
    return error.issues.map(({ option, problem }) => `${option} ${problem}`)
  }
}

describe('what an upstream is', () => {
  it.each([
    [{}, ['upstreams.app.url is required']],
    [{ url: 'http://u.test' }, []],
    [{ binding }, []],
    [{ binding: () => undefined }, []],
    [{ assets: binding }, []],
    [{ app }, []],
    [{ app: () => new Response('x') }, []],
    [{ binding, baseUrl: 'http://app.internal:8080/v1' }, []],
    [{ url: 'http://u.test', binding }, ['upstreams.app must have only one of url, binding']],
    [{ binding, assets: binding }, ['upstreams.app must have only one of binding, assets']],
    [{ assets: binding, app }, ['upstreams.app must have only one of assets, app']],
    [
      { url: 'http://u.test', baseUrl: 'http://u.test' },
      ['upstreams.app must have only one of url, baseUrl'],
    ],
    [{ baseUrl: 'http://u.test' }, ['upstreams.app.url is required']],
    [{ binding: {} }, ['upstreams.app.binding must have a method fetch']],
    [{ binding: 'APP' }, ['upstreams.app.binding must have a method fetch']],
    [{ assets: 7 }, ['upstreams.app.assets must have a method fetch']],
    [{ app: {} }, ['upstreams.app.app must have a method fetch']],
    [{ app: null }, ['upstreams.app.app must have a method fetch']],
    [{ bindings: binding }, ['upstreams.app.bindings is not an option; did you mean binding?']],
    [
      { app, baseUrl: 'ftp://u.test' },
      ['upstreams.app.baseUrl must be an http or https URL without credentials, query or fragment'],
    ],
  ])('%# %o', (upstream, expected) => {
    expect(issuesOf(upstream)).toEqual(expect.arrayContaining(expected))
    if (expected.length === 0) expect(issuesOf(upstream)).toEqual([])
  })

  it('cannot be files that start sessions', async () => {
    await expect(kindBench('assets', { upstream: { sessions: true } })).rejects.toThrow(
      'upstreams.app.sessions cannot be combined with assets',
    )
  })

  it('is checked by types as well', () => {
    const routes = [{ path: '/*', to: 'app', access: 'public' }] as const
    // @ts-expect-error: two of them.
    defineGateway({ publicOrigin, routes, upstreams: { app: { url: 'http://u.test', binding } } })
    // @ts-expect-error: none of them.
    defineGateway({ publicOrigin, routes, upstreams: { app: { timeoutMs: 5 } } })
    expect(defineGateway({ publicOrigin, routes, upstreams: { app: { app } } })).toBeDefined()
  })
})

describe('a binding that the environment lacks', () => {
  it.each(['binding of c.env', 'assets'] as const)(
    'is 503, and named in the log: %s',
    async (kind) => {
      const at = await kindBench(kind)
      const option = kind === 'assets' ? 'assets' : 'binding'
      at.env.APP = undefined
      expect((await at.ask('/x')).status).toBe(503)
      expect(at.faults).toMatchObject([
        { issues: [{ option: `upstreams.app.${option}`, problem: 'is not set' }] },
      ])
      at.env.APP = { get: () => undefined }
      expect((await at.ask('/x')).status).toBe(503)
      expect(at.faults.at(-1)).toMatchObject({
        issues: [{ option: `upstreams.app.${option}`, problem: 'must have a method fetch' }],
      })
      expect((await at.ask('/.portcullis/health')).status).toBe(200)
      expect((await at.ask('/.portcullis/ready')).status).toBe(503)
    },
  )

  it('is read anew by each request and each attempt', async () => {
    const at = await kindBench('binding of c.env')
    const stubs: string[] = []
    const gateway = createGateway({
      publicOrigin,
      upstreams: {
        app: {
          binding: (c: { env: { id: string } }) => {
            let used = 0
            return {
              fetch: async () => {
                stubs.push(`${c.env.id} ${++used}`)
                if (stubs.length === 1) throw new Error('The Durable Object was reset.')
                return new Response('x')
              },
            }
          },
        },
      },
      routes: [{ path: '/*', to: 'app', access: 'public' }],
    } as never)
    for (const id of ['first', 'second']) {
      await gateway.fetch(new Request(`${publicOrigin}/x`), { id } as never)
    }
    expect(stubs).toEqual(['first 1', 'first 1', 'second 1'])
    expect(at.seen).toEqual([])
  })
})

describe('the address that an upstream without one sees', () => {
  it('is that of the visitor, for a Hono app as for its Host', async () => {
    const gateway = createGateway({
      publicOrigin,
      hosts: ['shop.example.com'],
      upstreams: { app: { app } },
      routes: [
        { host: 'shop.example.com', path: '/*', to: 'app', access: 'public' },
        { path: '/*', to: 'app', access: 'public' },
      ],
    })
    const text = async (url: string): Promise<string> =>
      (await gateway.fetch(new Request(url))).text()
    expect(await text(`${publicOrigin}/where?a`)).toBe(`${publicOrigin}/where?a app.example.com`)
    expect(await text('https://shop.example.com/where')).toBe(
      'https://shop.example.com/where shop.example.com',
    )
  })

  it('is baseUrl where that is set, also in redirects and cookies', async () => {
    const at = await kindBench('binding', {
      upstream: { baseUrl: 'http://inventory.internal:8080/v1' },
    })
    at.handle = () => {
      const headers = new Headers({ location: 'http://inventory.internal:8080/v1/items' })
      headers.append('set-cookie', 'own=1; Domain=inventory.internal; Path=/v1/items')
      return new Response(null, { status: 302, headers })
    }
    const response = await at.ask('/x')
    expect(at.last().url).toBe('http://inventory.internal:8080/v1/x')
    expect(response.headers.get('location')).toBe(`${publicOrigin}/items`)
    expect(response.headers.getSetCookie()).toEqual(['own=1; Path=/items; Secure; SameSite=Lax'])
  })
})

describe('an app in the same isolate', () => {
  it('is called with the environment and the context of the gateway', async () => {
    const calls: unknown[][] = []
    const gateway = createGateway({
      publicOrigin,
      upstreams: {
        app: {
          app: (...args: unknown[]) => {
            calls.push(args.slice(1))
            return new Response('x')
          },
        },
      },
      routes: [{ path: '/*', to: 'app', access: 'public' }],
    })
    const env = { NAME: 'value' }
    const context = { waitUntil: () => {} }
    await gateway.fetch(new Request(`${publicOrigin}/x`), env as never, context)
    expect(calls[0]?.[0]).toBe(env)
    expect(calls[0]?.[1]).toBe(context)
  })

  it('is called as a method, and may throw at once', async () => {
    class Counter {
      count = 0
      fetch(): Response {
        this.count++
        if (this.count === 1) throw new Error('not yet')
        return new Response(`${this.count}`)
      }
    }
    const gateway = createGateway({
      publicOrigin,
      upstreams: { app: { app: new Counter() } },
      routes: [{ path: '/*', to: 'app', access: 'public' }],
    })
    const response = await gateway.fetch(new Request(`${publicOrigin}/x`))
    expect(await response.text()).toBe('2')
  })
})

describe('files of an assets binding', () => {
  it('are the same for everybody: no session is opened, and nobody is named', async () => {
    const at = await kindBench('assets')
    at.handle = () => new Response('x', { headers: { 'cache-control': 'public, max-age=60' } })
    const response = await at.ask('/a.css', { headers: { cookie: '__Host-session=broken' } })
    expect(response.headers.get('cache-control')).toBe('public, max-age=60')
    expect(response.headers.getSetCookie()).toEqual([])
    expect(at.last().headers.get('cookie')).toBe(null)
  })

  it('can be for whoever is signed in', async () => {
    const routes = [{ path: '/*', to: 'app', access: 'session' }] as const
    const at = await kindBench('assets', { routes })
    expect((await at.ask('/a.css')).status).toBe(401)
    expect(at.seen).toEqual([])
  })
})

describe('reviewGateway', () => {
  it('finds no private address where there is none to look at', () => {
    const config = defineGateway({
      publicOrigin,
      upstreams: {
        one: { binding: (c: { env: Record<string, typeof binding> }) => c.env.APP },
        two: { assets: binding },
        three: { app, baseUrl: 'http://10.0.0.1' },
      },
      routes: [
        { path: '/one/*', to: 'one', access: 'public' },
        { path: '/two/*', to: 'two', access: 'public' },
        { path: '/three/*', to: 'three', access: 'public' },
      ],
    })
    expect(reviewGateway(config, {})).toEqual({ faults: [], remarks: [] })
  })
})
