import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { passThrough, vercel } from '../../src/vercel/index.ts'
import { cookiesAfter } from '../../src/vercel/pass-through.ts'
import { projectHeaders } from '../../src/vercel/project-headers.ts'
import { origin, seenByProject } from './support.ts'

describe('what a client sends', () => {
  // curl -H 'x-middleware-subrequest: proxy' (CVE-2025-29927), and words that only the platform or the guard may say.
  it.each([
    'x-middleware-subrequest',
    'x-middleware-rewrite',
    'x-middleware-override-headers',
    'x-middleware-request-x-user',
    'x-middleware-set-cookie',
    'x-nextjs-data',
    'x-next-resume-state-length',
    'x-now-route-matches',
    'x-matched-path',
    'next-resume',
    'portcullis-assertion',
    'portcullis_assertion',
    'portcullis-sessions',
    'x_real_ip',
    'x-vercel-user',
    'x-forwarded-user',
    'x-nonce',
    'content-security-policy',
    'forwarded',
    'remote-user',
    'cf-connecting-ip',
  ])('as %s does not reach the project', async (name) => {
    const app = new Hono().all('*', () => passThrough())
    const client = new Headers({ [name]: 'evil', 'x-app': 'kept' })
    const answer = await vercel(app)(new Request(origin, { headers: client }))
    const seen = seenByProject(client, answer)
    expect(seen.get(name)).toBeUndefined()
    expect(seen.get('x-app')).toBe('kept')
  })

  it.each([
    ['vercel', 'x-real-ip', true],
    ['vercel', 'x-vercel-ip-country', true],
    ['vercel', 'x-vercel-id', true],
    ['vercel', 'x-vercel-oidc-token', true],
    ['vercel', 'cf-connecting-ip', false],
    ['cloudflare', 'cf-connecting-ip', true],
    ['cloudflare', 'x-real-ip', false],
    ['cloudflare', 'x-vercel-ip-country', false],
    ['none', 'x-real-ip', false],
    ['none', 'x-forwarded-for', false],
    ['none', 'x-forwarded-host', true],
  ] as const)('behind %s, as %s, stays: %s', (platform, name, stays) => {
    expect(projectHeaders(new Headers({ [name]: '203.0.113.7' }), platform).has(name)).toBe(stays)
  })
})

describe('passThrough in an app', () => {
  it('tells the project headers, and sets cookies, several of them', async () => {
    const app = new Hono()
      .use(async (c, next) => {
        await next()
        c.header('set-cookie', 'a=1; Path=/', { append: true })
        c.header('set-cookie', 'b=2; Path=/', { append: true })
      })
      .all('*', () => passThrough({ headers: { 'X-User': 'ada' } }))
    const client = new Headers({ cookie: 'b=1; c=3', 'x-user': 'mallory' })
    const answer = await vercel(app)(new Request(origin, { headers: client }))
    expect(answer.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2; Path=/'])
    const seen = seenByProject(client, answer)
    expect(seen.get('x-user')).toBe('ada')
    expect(seen.get('cookie')).toBe('c=3; a=1; b=2')
  })

  it('leaves every other answer as it is', async () => {
    const app = new Hono().get('/', (c) => c.text('hello', 201))
    const answer = await vercel(app)(new Request(`${origin}/`, { headers: { 'x-a': '1' } }))
    expect([answer.status, await answer.text()]).toEqual([201, 'hello'])
    expect(answer.headers.get('x-middleware-override-headers')).toBeNull()
  })

  it.each([
    ['/dash', 'https://app.example.com/dash'],
    ['dash?a=1', 'https://app.example.com/a/dash?a=1'],
    ['https://other.example/x', 'https://other.example/x'],
    ['mailto:a@b.example', 'mailto:a@b.example'],
  ])('makes the Location %s %s', async (location, absolute) => {
    const app = new Hono().get(
      '*',
      () => new Response('gone', { status: 302, headers: { location } }),
    )
    const answer = await vercel(app)(new Request(`${origin}/a/b`))
    expect(answer.headers.get('location')).toBe(absolute)
    expect([answer.status, await answer.text()]).toEqual([302, 'gone'])
  })

  it('passes an answer on whose headers cannot be changed', async () => {
    const app = { fetch: () => Response.redirect('https://other.example/') }
    expect((await vercel(app)(new Request(origin))).headers.get('location')).toBe(
      'https://other.example/',
    )
  })
})

describe('what an app gets', () => {
  it('is the environment it was given', async () => {
    const app = new Hono<{ Bindings: { NAME: string } }>().get('/', (c) => c.text(c.env.NAME))
    expect(await (await vercel(app, { env: { NAME: 'ada' } })(new Request(origin))).text()).toBe(
      'ada',
    )
  })

  it.each(['the event', 'the context of a function', 'nothing'])(
    'is waitUntil of %s',
    async (from) => {
      const kept: unknown[] = []
      const keeper = { waitUntil: (work: Promise<unknown>): unknown => kept.push(work) }
      const at = Symbol.for('@vercel/request-context')
      const globals = globalThis as { [key: symbol]: unknown }
      if (from === 'the context of a function') globals[at] = { get: () => keeper }
      try {
        const work = Promise.resolve()
        const app = new Hono().get('/', (c) => {
          c.executionCtx.waitUntil(work)
          return c.text('ok')
        })
        const handler = vercel(app)
        const answer = await (from === 'the event'
          ? handler(new Request(origin), keeper)
          : handler(new Request(origin)))
        expect(await answer.text()).toBe('ok')
        expect(kept).toEqual(from === 'nothing' ? [] : [work])
      } finally {
        delete globals[at]
      }
    },
  )
})

describe('the Cookie header after an answer', () => {
  const at = 1_800_000_000_000
  it.each([
    [null, [], null],
    ['a=1', [], 'a=1'],
    ['a=1', ['a=2; Path=/'], 'a=2'],
    [null, ['a=2; Path=/'], 'a=2'],
    ['a=1; b=1', ['a=; Max-Age=0'], 'b=1'],
    ['a=1', ['a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT'], null],
    ['a=1', ['a=2', 'a=3'], 'a=3'],
    ['a=1', ['nameless'], 'a=1'],
  ] as ReadonlyArray<[string | null, string[], string | null]>)(
    '%j that sets %j is %j',
    (header, set, after) => {
      expect(cookiesAfter(header, set, at)).toBe(after)
    },
  )
})
