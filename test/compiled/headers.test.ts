import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { compiledHeaders, fillNonce } from '../../src/compiled/index.ts'
import { ConfigError } from '../../src/errors.ts'
import {
  type CompilableHeaders,
  type CompiledHeaders,
  compileHeaders,
  NONCE,
  secureHeaders,
  strictCsp,
} from '../../src/headers/index.ts'
import { errorPage } from '../../src/page/index.ts'

/** As a build writes it down and an app imports it. */
function written(...options: [CompilableHeaders?, ...CompilableHeaders[]]): CompiledHeaders {
  return JSON.parse(JSON.stringify(compileHeaders(...options))) as CompiledHeaders
}

const types = [
  ...[
    'text/html',
    'application/xhtml+xml',
    'text/javascript',
    'image/svg+xml',
    'image/png',
    'text/css',
    'font/woff2',
  ],
  ...[
    'application/json',
    'application/pdf',
    'video/mp4',
    'application/wasm',
    'text/plain',
    'application/xml',
    '',
  ],
]
const already = [
  {},
  { 'X-Frame-Options': 'SAMEORIGIN', 'Strict-Transport-Security': 'max-age=1, max-age=2' },
  {
    'Content-Security-Policy': "default-src 'none'",
    'Referrer-Policy': 'origin',
    'X-Powered-By': 'PHP',
  },
  {
    'Access-Control-Allow-Origin': '*',
    Server: 'nginx',
    'X-Own': '1',
    'Permissions-Policy': 'usb=(self)',
  },
] as const
const places = [
  'https://app.example/',
  'http://app.example/',
  'https://localhost:8443/',
  'https://192.0.2.1/',
]

function appOf(guard: ReturnType<typeof secureHeaders>): Hono {
  const app = new Hono().use(guard)
  app.onError(errorPage({ report: () => {} }))
  app.get('/fails', () => {
    throw new Error('inner')
  })
  app.get('/', (c) => {
    const [status = '200', type = '', set = '0'] = (c.req.query('of') ?? '').split(' ')
    const headers = new Headers(already[Number(set)])
    if (type) headers.set('Content-Type', type)
    return new Response(['204', '304'].includes(status) ? null : `body ${token}`, {
      status: Number(status),
      headers,
    })
  })
  return app
}

const token = 'A1b2C3d4E5f6G7h8I9j0K_'

/** Everything an answer says, with N for the nonce and how often it occurs. */
async function answerOf(app: Hono, url: string): Promise<unknown> {
  const answer = await app.request(url, { headers: { Accept: 'text/html' } })
  const text = JSON.stringify([answer.status, [...answer.headers], await answer.text()])
  const nonce = /(?:'nonce-|body )([\w-]{24})['"]/.exec(text)?.[1]
  return nonce === undefined ? text : text.replaceAll(nonce, 'N')
}

describe('compiledHeaders', () => {
  it.each<[what: string, options: CompilableHeaders]>([
    ['nothing', {}],
    ['preset strict', { preset: 'strict' }],
    ['preset api', { preset: 'api' }],
    ['preset owasp', { preset: 'owasp' }],
    ['preset compat', { preset: 'compat' }],
    [
      'a policy of its own',
      { contentSecurityPolicy: { defaultSrc: "'self'", scriptSrc: [NONCE], baseUri: "'none'" } },
    ],
    ['no policy', { contentSecurityPolicy: false }],
    ['a policy that nobody may set', { contentSecurityPolicy: null, xFrameOptions: null }],
    ['observing, with reports', { contentSecurityPolicy: 'observe', reporting: '/reports' }],
    [
      'reports',
      { reporting: '/reports', contentSecurityPolicyReportOnly: strictCsp({ imgSrc: "'self'" }) },
    ],
    ['a placeholder', { noncePlaceholder: token }],
    [
      'a placeholder without a nonce in the policy',
      { noncePlaceholder: token, contentSecurityPolicy: false },
    ],
    ['enforcing', { enforce: ['contentSecurityPolicy', 'xFrameOptions', 'permissionsPolicy'] }],
    ['isolation', { crossOriginIsolated: 'credentialless' }],
    [
      'its own resource policy',
      { crossOriginResourcePolicy: 'same-site', xFrameOptions: 'SAMEORIGIN' },
    ],
    ['headers that stay', { strip: { keep: ['server'], also: ['x-own'] }, removePoweredBy: false }],
    ['nothing to strip', { strip: false, removePoweredBy: false }],
    ['another origin in front', { publicOrigin: 'https://shop.example' }],
    ['a development origin in front', { publicOrigin: 'https://localhost' }],
    ['plain http in front', { publicOrigin: 'http://shop.example' }],
  ])('answers with %s as secureHeaders does', async (_, options) => {
    const judged = appOf(secureHeaders(options))
    const compiled = appOf(compiledHeaders(written(options), { fillNonce }))
    for (const place of places) {
      for (const [of] of already.entries())
        for (const type of types) {
          const url = `${place}?of=200 ${encodeURIComponent(type)} ${of}`
          expect(await answerOf(compiled, url)).toBe(await answerOf(judged, url))
        }
      for (const path of [
        '?of=304',
        '?of=302',
        '?of=204',
        '?of=404 text/html 2',
        'fails',
        'absent',
      ]) {
        expect(await answerOf(compiled, place + path)).toBe(await answerOf(judged, place + path))
      }
    }
  })

  it('lays routes over the app where they are compiled, and the innermost holds', async () => {
    const app = { referrerPolicy: 'origin', xFrameOptions: 'SAMEORIGIN' } as const
    const route = { xFrameOptions: null, crossOriginOpenerPolicy: 'unsafe-none' } as const
    const html = (path: string, hono: Hono): Hono => hono.get(path, (c) => c.html('<p>'))
    const judged = html(
      '*',
      new Hono().use(secureHeaders(app)).use('/widget', secureHeaders(route)),
    )
    const compiled = html(
      '*',
      new Hono()
        .use(compiledHeaders(written(app)))
        .use('/widget', compiledHeaders(written(app, route))),
    )
    for (const path of ['/', '/widget']) {
      const url = `https://app.example${path}`
      expect(await answerOf(compiled, url)).toBe(await answerOf(judged, url))
    }
  })

  it('gives handlers a nonce, new in each response', async () => {
    const app = new Hono<{ Variables: { secureHeadersNonce: string } }>()
      .use(compiledHeaders(written()))
      .get('*', (c) => c.html(`<script nonce="${c.get('secureHeadersNonce')}">`))
    const seen = new Set<string>()
    for (let i = 0; i < 100; i++) {
      const answer = await app.request('https://app.example/')
      const [, nonce = ''] = /nonce="([\w-]{24})"/.exec(await answer.text()) ?? []
      expect(answer.headers.get('Content-Security-Policy')).toContain(`'nonce-${nonce}'`)
      seen.add(nonce)
    }
    expect(seen.size).toBe(100)
  })

  it('takes data as TypeScript reads it from a JSON file', () => {
    const data = {
      version: 1,
      headers: [{ name: 'x-a', value: 'b', where: 1, how: 0 }],
      strip: 'server',
    }
    expect(compiledHeaders(data)).toBeTypeOf('function')
  })

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['options', { preset: 'strict' }],
    ['the data of another release', { ...compileHeaders(), version: 2 }],
  ])('refuses %s', (_, compiled) => {
    expect(() => compiledHeaders(compiled as CompiledHeaders)).toThrow(
      new ConfigError([{ option: 'compiledHeaders', problem: 'must be compiled by this release' }]),
    )
  })

  it('refuses a placeholder that nobody fills', () => {
    const compiled = written({ noncePlaceholder: token })
    expect(() => compiledHeaders(compiled)).toThrow('fillNonce is required with noncePlaceholder')
  })
})

describe('compileHeaders', () => {
  it('names everything that is wrong, in whatever layer', () => {
    const wrong = (): unknown =>
      compileHeaders({ preset: 'strickt' as 'strict' }, {
        xFrameOptions: 'MAYBE' as 'DENY',
        refererPolicy: '',
      } as object)
    expect(wrong).toThrow(ConfigError)
    for (const part of [
      'compileHeaders.preset',
      'did you mean strict?',
      'xFrameOptions',
      'refererPolicy is not an option',
    ]) {
      expect(wrong).toThrow(part)
    }
  })

  it.each([['app.example'], ['https://app.example/path'], [() => 'https://app.example'], [7]])(
    'refuses %s as publicOrigin',
    (publicOrigin) => {
      expect(() => compileHeaders({ publicOrigin: publicOrigin as string })).toThrow(
        'compileHeaders.publicOrigin must be an origin',
      )
    },
  )

  it('refuses a policy that protects nothing', () => {
    const csp = { defaultSrc: "'self'", scriptSrc: "'self' 'unsafe-inline'" }
    expect(() => compileHeaders({ contentSecurityPolicy: csp })).toThrow(ConfigError)
  })
})
