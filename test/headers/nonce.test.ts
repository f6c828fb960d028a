import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import {
  cspHash,
  type HeaderOptions,
  type HeaderWriter,
  headerWriter,
  NONCE,
  type SecureHeadersEnv,
  secureHeaders,
  strictCsp,
} from '../../src/headers/index.ts'
import { createIssues } from '../../src/options/index.ts'

const about = { https: true, host: 'app.example' }

function writer(options: HeaderOptions = {}): HeaderWriter {
  const wrong = createIssues()
  const write = headerWriter(options, wrong)
  wrong.throwIfAny()
  return write
}

function page(body = '<p>'): Response {
  return new Response(body, { headers: { 'Content-Type': 'text/html' } })
}

/** Every nonce of a header. */
function nonces(response: Response, name = 'Content-Security-Policy'): string[] {
  return [...(response.headers.get(name) ?? '').matchAll(/'nonce-([^']*)'/g)].map(
    ([, nonce]) => nonce ?? '',
  )
}

describe('a nonce', () => {
  it('is the same in all places of one page and never comes twice', () => {
    const write = writer()
    const seen = new Set<string>()
    for (let i = 0; i < 20_000; i++) {
      const [script, style, ...more] = nonces(write(page(), about))
      expect(script).toBe(style)
      expect(more).toEqual([])
      seen.add(script ?? '')
    }
    expect(seen.size).toBe(20_000)
  })

  it('has at least 128 bits of the alphabet that policies allow', () => {
    const all = Array.from({ length: 300 }, () => nonces(writer()(page(), about))[0] ?? '')
    for (const nonce of all) expect(nonce).toMatch(/^[\w-]{24}$/)
    // Every place varies: nothing of it is a counter or a date.
    for (let at = 0; at < 24; at++)
      expect(new Set(all.map((nonce) => nonce[at])).size).toBeGreaterThan(20)
  })

  it.each([
    'application/json',
    'text/plain',
    'text/css',
    'text/javascript',
    'image/svg+xml',
    'image/png',
  ])('is not in an answer of %s', (type) => {
    const response = writer()(new Response('', { headers: { 'Content-Type': type } }), about)
    expect([...response.headers.values()].join()).not.toContain('nonce')
  })

  it('is not in a redirect or a 304', () => {
    for (const status of [302, 304]) {
      const response = writer()(
        new Response(null, { status, headers: { 'Content-Type': 'text/html' } }),
        about,
      )
      expect([...response.headers.values()].join()).not.toContain('nonce')
    }
  })

  it('stands where a policy of the app says NONCE, enforced and reported alike', () => {
    const write = writer({
      contentSecurityPolicy: {
        defaultSrc: "'self'",
        scriptSrc: [NONCE, "'self'"],
        baseUri: "'none'",
      },
      contentSecurityPolicyReportOnly: strictCsp(),
      reporting: '/reports',
    })
    const response = write(page(), about)
    const [nonce] = nonces(response)
    expect(response.headers.get('Content-Security-Policy')).toBe(
      `default-src 'self'; script-src 'nonce-${nonce}' 'self'; base-uri 'none'; frame-ancestors 'none'; report-uri /reports; report-to portcullis`,
    )
    expect(nonces(response, 'Content-Security-Policy-Report-Only')).toEqual([nonce, nonce])
  })

  it('is made only where a policy for documents holds one', () => {
    expect(writer({ contentSecurityPolicy: { defaultSrc: "'self'" } }).nonces).toBe(false)
    expect(writer({ contentSecurityPolicy: false }).nonces).toBe(false)
    expect(writer({ preset: 'api' }).nonces).toBe(false)
    expect(writer().nonces).toBe(true)
  })
})

describe('secureHeadersNonce', () => {
  const app = new Hono<SecureHeadersEnv>()
    .use(secureHeaders())
    .get('/', async (c) => {
      const before = c.get('secureHeadersNonce')
      await Promise.resolve()
      return c.html(`<script nonce="${before}">${c.var.secureHeadersNonce}</script>`)
    })
    .use('/closed', secureHeaders({ contentSecurityPolicy: { defaultSrc: "'none'" } }))
    .get('/closed', (c) => c.html('<p>'))

  it('is what a handler reads before it answers, and what the policy says', async () => {
    const response = await app.request('https://app.example/')
    const [nonce] = nonces(response)
    expect(nonce).toMatch(/^[\w-]{24}$/)
    expect(await response.text()).toBe(`<script nonce="${nonce}">${nonce}</script>`)
  })

  it('is of its own request, however many run at once', async () => {
    const responses = await Promise.all(
      Array.from({ length: 50 }, () => app.request('https://app.example/')),
    )
    const seen = new Set<string>()
    for (const response of responses) {
      const [nonce = ''] = nonces(response)
      expect(await response.text()).toContain(`nonce="${nonce}"`)
      seen.add(nonce)
    }
    expect(seen.size).toBe(50)
  })

  it('is set on a route that has a nonce inside an app that has none', async () => {
    const app = new Hono<SecureHeadersEnv>()
      .use(secureHeaders({ contentSecurityPolicy: { defaultSrc: "'none'" } }))
      .use('/app', secureHeaders({ contentSecurityPolicy: true }))
      .get('/app', (c) => c.html(c.get('secureHeadersNonce')))
      .get('/plain', (c) => c.html(`${c.get('secureHeadersNonce')}`))
    const response = await app.request('https://app.example/app')
    expect(await response.text()).toBe(nonces(response)[0])
    expect(await (await app.request('https://app.example/plain')).text()).toBe('undefined')
  })

  it('does not appear in a policy without it', async () => {
    expect(nonces(await app.request('https://app.example/closed'))).toEqual([])
  })
})

describe('nonceFor', () => {
  it.each<[dest: string | undefined, told: boolean]>([
    ['document', true],
    ['iframe', true],
    // A fetch may well get a page: Turbo and htmx put it into the document.
    ['empty', true],
    ['object', true],
    ['something-new', true],
    [undefined, true],
    ['image', false],
    ['script', false],
    ['style', false],
    ['font', false],
    ['worker', false],
    ['serviceworker', false],
    ['video', false],
  ])('with Sec-Fetch-Dest: %s gives a nonce: %s', (dest, told) => {
    const headers = new Headers(dest === undefined ? {} : { 'Sec-Fetch-Dest': dest })
    expect(writer().nonceFor({ headers }) !== undefined).toBe(told)
    expect(writer({ preset: 'api' }).nonceFor({ headers })).toBe(undefined)
  })

  it('gives the nonce that the answer then holds', () => {
    const write = writer()
    const nonce = write.nonceFor({ headers: new Headers() })
    expect(nonces(write(page(), { ...about, nonce }))).toEqual([nonce, nonce])
  })
})

describe('strictCsp', () => {
  it('takes changes in both spellings, and null leaves a directive out', () => {
    const changed = strictCsp({
      imgSrc: 'https://img.example',
      'font-src': [],
      requireTrustedTypesFor: null,
    })
    const policy = writer({ contentSecurityPolicy: changed })(page(), about).headers.get(
      'Content-Security-Policy',
    )
    expect(policy).toContain("; img-src https://img.example; font-src 'none'; connect-src 'self';")
    expect(policy).not.toContain('trusted-types')
  })

  it('is a new object at each call', () => {
    const first = strictCsp()
    Object.assign(first, { 'default-src': '*' })
    expect(strictCsp()).toMatchObject({ 'default-src': "'none'" })
  })
})

describe('cspHash', () => {
  // echo -n 'alert(1)' | openssl dgst -sha256 -binary | openssl base64
  it.each([
    ['alert(1)', "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"],
    ['', "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"],
  ])('of %s is %s, which a policy takes', async (text, source) => {
    expect(await cspHash(text)).toBe(source)
    const write = writer({
      contentSecurityPolicy: strictCsp({ scriptSrc: ["'strict-dynamic'", source] }),
    })
    expect(write(page(), about).headers.get('Content-Security-Policy')).toContain(source)
  })
})
