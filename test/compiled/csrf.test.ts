import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { describe, expect, it } from 'vitest'
import { type CompiledCsrfOptions, compiledCsrf } from '../../src/compiled/index.ts'
import {
  type CompilableCsrf,
  type CompiledCsrf,
  compileCsrf,
  csrf,
  csrfTokens,
} from '../../src/csrf/index.ts'
import { ConfigError } from '../../src/errors.ts'
import type { SecurityEvent } from '../../src/types.ts'

/** As a build writes it down and an app imports it. */
function written(options: CompilableCsrf = {}): CompiledCsrf {
  return JSON.parse(JSON.stringify(compileCsrf(options))) as CompiledCsrf
}

const methods = ['GET', 'HEAD', 'OPTIONS', 'POST', 'DELETE', 'PURGE']
const paths = ['/', '/hooks/stripe', '/hooks/stripe/', '/back']
const heads: ReadonlyArray<Record<string, string>> = [
  {},
  { Cookie: 'a=1' },
  { Cookie: '__Host-session=x' },
  { Authorization: 'Bearer x' },
  { Authorization: 'Basic x' },
  { Upgrade: 'websocket', Origin: 'https://evil.example' },
  { Upgrade: 'websocket', Origin: 'https://app.example' },
  ...['same-origin', 'same-site', 'cross-site', 'none', 'new'].flatMap((site) => [
    { 'Sec-Fetch-Site': site },
    { 'Sec-Fetch-Site': site, Origin: 'https://pay.example' },
    { 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'iframe' },
  ]),
  ...['https://app.example', 'https://www.example', 'https://evil.example', 'null', ''].flatMap(
    (origin) => [{ Origin: origin }, { Referer: `${origin}/page` }],
  ),
]

const refused = JSON.stringify({
  type: 'about:blank',
  title: 'Forbidden',
  status: 403,
  detail: 'This request is not allowed.',
  requestId: 'r-1',
})

interface Heard {
  readonly events: SecurityEvent[]
  ask(method: string, path: string, headers: Record<string, string>): Promise<Response>
}

function listening(guard: (onEvent: (event: SecurityEvent) => void) => MiddlewareHandler): Heard {
  const events: SecurityEvent[] = []
  const app = new Hono<{ Variables: { requestId: string } }>()
    .use(async (c, next) => {
      c.set('requestId', 'r-1')
      await next()
    })
    .use(guard((event) => events.push(event)))
    .all('*', (c) => c.text('handled'))
  return {
    events,
    ask: async (method, path, headers) =>
      await app.request(`https://app.example${path}`, { method, headers }),
  }
}

describe('compiledCsrf', () => {
  it.each<[what: string, options: CompilableCsrf, own?: Pick<CompiledCsrfOptions, 'credentials'>]>([
    ['nothing', {}],
    ['origins of its own', { publicOrigins: ['https://app.example', 'https://www.example'] }],
    ['one origin of its own', { publicOrigins: 'https://www.example' }],
    ['origins that are trusted', { trustedOrigins: ['https://pay.example'] }],
    [
      'routes',
      {
        trust: [{ path: '/back', origins: ['https://pay.example'] }],
        exempt: [{ path: '/hooks/stripe' }],
      },
    ],
    ['routes by method', { exempt: [{ path: '/hooks/stripe', methods: ['POST', 'PURGE'] }] }],
    ['nothing bare', { missing: 'deny' }],
    ['everything bare', { missing: 'allow' }],
    ['names of cookies', { cookieNames: ['__Host-session'] }],
    ['its own look at credentials', {}, { credentials: (headers) => headers.has('authorization') }],
    ['hosts of the same site', { trustSameSite: true }],
    ['isolation', { isolation: true }],
    ['strict isolation', { isolation: { sameSite: false, frames: false } }],
    ['observing', { mode: 'observe', exempt: [{ path: '/hooks/stripe' }] }],
  ])('decides with %s as csrf does, and tells the same', async (_, options, own) => {
    const judged = listening((onEvent) => csrf({ ...options, ...own, onEvent }))
    const compiled = listening((onEvent) => compiledCsrf(written(options), { ...own, onEvent }))
    for (const method of methods)
      for (const path of paths)
        for (const headers of heads) {
          const [want, got] = [
            await judged.ask(method, path, headers),
            await compiled.ask(method, path, headers),
          ]
          expect([got.status, got.headers.get('Vary')]).toEqual([
            want.status,
            want.headers.get('Vary'),
          ])
          // Ours has no pages.
          const paged = want.headers.get('Content-Type')?.startsWith('text/html')
          expect(await got.text()).toBe(paged && method !== 'HEAD' ? refused : await want.text())
        }
    expect(compiled.events).toEqual(judged.events)
    expect(compiled.events.length).toBeGreaterThan(0)
  })

  it('answers with problem+json that nothing keeps, whoever asks', async () => {
    const { ask } = listening((onEvent) => compiledCsrf(written(), { onEvent }))
    const answer = await ask('POST', '/', { 'Sec-Fetch-Site': 'cross-site', Accept: 'text/html' })
    expect(Object.fromEntries(answer.headers)).toEqual({
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      vary: 'Sec-Fetch-Site, Origin',
    })
    expect(await answer.json()).toEqual({
      type: 'about:blank',
      title: 'Forbidden',
      status: 403,
      detail: 'This request is not allowed.',
      requestId: 'r-1',
    })
  })

  it('answers as it is told, by its own function', async () => {
    const own: CompiledCsrfOptions<Context> = { refuse: ({ reason }, c) => c.text(reason, 418) }
    const { ask } = listening((onEvent) => compiledCsrf(written(), { ...own, onEvent }))
    const answer = await ask('POST', '/', { 'Sec-Fetch-Site': 'cross-site' })
    expect([answer.status, await answer.text()]).toEqual([418, 'cross-site'])
  })

  it('asks for a token besides', async () => {
    const token = csrfTokens({ secret: 'f0Qk2~vN8#xB5!mL1@tR7^yH4&wJ9*cZ', session: () => 's-1' })
    const app = new Hono()
      .use(compiledCsrf(written(), { token }))
      .get('/', async (c) => c.text((await token.issue(c)) ?? ''))
      .post('/', (c) => c.text('handled'))
    const issued = await (await app.request('https://app.example/')).text()
    const post = (given: string): Promise<Response> | Response =>
      app.request('https://app.example/', {
        method: 'POST',
        headers: { 'Sec-Fetch-Site': 'same-origin', 'X-CSRF-Token': given },
      })
    expect([(await post(issued)).status, (await post(`${issued}x`)).status]).toEqual([200, 403])
  })

  it('does not fail with a listener that does', async () => {
    const app = new Hono().use(
      compiledCsrf(written(), {
        onEvent: () => {
          throw new Error('log')
        },
      }),
    )
    const answer = await app.request('https://app.example/', {
      method: 'POST',
      headers: { 'Sec-Fetch-Site': 'cross-site' },
    })
    expect(answer.status).toBe(403)
  })

  it.each([
    ['nothing', undefined],
    ['options', { missing: 'deny' }],
    ['the data of another release', { ...compileCsrf(), version: 2 }],
  ])('refuses %s', (_, compiled) => {
    expect(() => compiledCsrf(compiled as CompiledCsrf)).toThrow(
      new ConfigError([{ option: 'compiledCsrf', problem: 'must be compiled by this release' }]),
    )
  })
})

it('compiledCsrf refuses two words on what credentials are', () => {
  const make = (): unknown =>
    compiledCsrf(written({ cookieNames: ['a'] }), { credentials: () => true })
  expect(make).toThrow(ConfigError)
  expect(make).toThrow('credentials conflicts with compiled cookieNames')
})

describe('compileCsrf', () => {
  it.each([
    [
      { trustedOrigins: ['https://*.example'] },
      'compileCsrf.trustedOrigins.0 must not contain a wildcard',
    ],
    [{ exempt: [{ path: '/hooks/*' }] }, 'compileCsrf.exempt.0.path must be a whole path'],
    [{ missing: 'pass' }, 'compileCsrf.missing must be one of'],
    [{ mode: 'watch' }, 'compileCsrf.mode must be one of'],
    [{ cookieNames: '' }, 'compileCsrf.cookieNames must be a list of whole cookie names'],
    [
      { publicOrigins: () => 'https://app.example' },
      'compileCsrf.publicOrigins must be a list of origins',
    ],
    [{ publicOrigins: '' }, 'compileCsrf.publicOrigins.0 must be'],
    [{ credentials: () => true }, 'compileCsrf.credentials is not an option'],
    [{ refuse: () => new Response() }, 'compileCsrf.refuse is not an option'],
    [7, 'compileCsrf'],
  ])('refuses %j', (options, says) => {
    expect(() => compileCsrf(options as CompilableCsrf)).toThrow(ConfigError)
    expect(() => compileCsrf(options as CompilableCsrf)).toThrow(says)
  })
})
