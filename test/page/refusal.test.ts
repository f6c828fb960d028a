import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { errorResponse, reasonStatus } from '../../src/page/index.ts'
import type { Reason } from '../../src/types.ts'

const program = { headers: new Headers({ Accept: 'application/json' }) }
const person = { headers: new Headers({ 'Sec-Fetch-Dest': 'document' }) }
const platform = /cloudflare|workerd|hono|node|deno|bun\b|express|vercel|portcullis|redis|wrangler/i

const table: Array<[reason: Reason, status: number, phrase: string, title: string]> = [
  ['path-not-canonical', 400, 'Bad Request', 'Bad request'],
  ['url-too-long', 414, 'URI Too Long', 'Address too long'],
  ['query-too-large', 400, 'Bad Request', 'Bad request'],
  ['headers-too-large', 431, 'Request Header Fields Too Large', 'Headers too large'],
  ['host-malformed', 400, 'Bad Request', 'Bad request'],
  ['host-unknown', 421, 'Misdirected Request', 'Misdirected request'],
  ['https-required', 403, 'Forbidden', 'Access denied'],
  ['content-type-not-allowed', 415, 'Unsupported Media Type', 'Unsupported format'],
  ['body-too-large', 413, 'Content Too Large', 'Too large'],
  ['body-malformed', 400, 'Bad Request', 'Bad request'],
  ['origin-not-allowed', 403, 'Forbidden', 'Access denied'],
  ['method-not-allowed', 405, 'Method Not Allowed', 'Method not allowed'],
  ['no-route', 404, 'Not Found', 'Not found'],
  ['not-found', 404, 'Not Found', 'Not found'],
  ['no-rule', 403, 'Forbidden', 'Access denied'],
  ['no-session', 401, 'Unauthorized', 'Sign-in required'],
  ['session-too-old', 401, 'Unauthorized', 'Sign-in required'],
  ['role-missing', 403, 'Forbidden', 'Access denied'],
  ['claim-missing', 403, 'Forbidden', 'Access denied'],
  ['address-not-allowed', 403, 'Forbidden', 'Access denied'],
  ['graphql-malformed', 400, 'Bad Request', 'Bad request'],
  ['graphql-too-long', 400, 'Bad Request', 'Bad request'],
  ['graphql-too-deep', 400, 'Bad Request', 'Bad request'],
  ['graphql-too-many-aliases', 400, 'Bad Request', 'Bad request'],
  ['graphql-too-many-directives', 400, 'Bad Request', 'Bad request'],
  ['graphql-too-many-fields', 400, 'Bad Request', 'Bad request'],
  ['graphql-batch', 400, 'Bad Request', 'Bad request'],
  ['graphql-page-size', 400, 'Bad Request', 'Bad request'],
  ['graphql-introspection', 403, 'Forbidden', 'Access denied'],
  ['cross-origin-upgrade', 403, 'Forbidden', 'Access denied'],
  ['cross-site', 403, 'Forbidden', 'Access denied'],
  ['origin-mismatch', 403, 'Forbidden', 'Access denied'],
  ['origin-null', 403, 'Forbidden', 'Access denied'],
  ['metadata-missing', 403, 'Forbidden', 'Access denied'],
  ['token-missing', 403, 'Forbidden', 'Access denied'],
  ['token-bad', 403, 'Forbidden', 'Access denied'],
  ['resource-isolation', 403, 'Forbidden', 'Access denied'],
  ['upgrade-unsupported', 501, 'Not Implemented', 'Not supported'],
  ['rate-limited', 429, 'Too Many Requests', 'Too many requests'],
  ['config-invalid', 503, 'Service Unavailable', 'Temporarily unavailable'],
  ['session-unreadable', 503, 'Service Unavailable', 'Temporarily unavailable'],
  ['session-conflict', 409, 'Conflict', 'Conflict'],
  ['store-unavailable', 503, 'Service Unavailable', 'Temporarily unavailable'],
  ['maintenance', 503, 'Service Unavailable', 'Temporarily unavailable'],
  ['upstream-timeout', 504, 'Gateway Timeout', 'No response in time'],
  ['upstream-unreachable', 502, 'Bad Gateway', 'Service not reachable'],
  ['upstream-paused', 503, 'Service Unavailable', 'Temporarily unavailable'],
  ['upstream-loop', 508, 'Loop Detected', 'Loop detected'],
  ['fault', 500, 'Internal Server Error', 'Something went wrong'],
]

describe('a refusal', () => {
  it.each(table)(
    'for %s is a problem with status %i for a program',
    async (reason, status, phrase) => {
      const response = errorResponse(reason, program)
      expect(response.status).toBe(status)
      expect(reasonStatus(reason)).toBe(status)
      expect(response.headers.get('Content-Type')).toBe('application/problem+json')
      expect(response.headers.get('Cache-Control')).toBe('no-store')
      const text = await response.text()
      expect(JSON.parse(text)).toEqual({
        type: 'about:blank',
        title: phrase,
        status,
        detail: expect.any(String),
      })
      expect(text).not.toContain(reason)
      expect(text).not.toMatch(platform)
    },
  )

  it.each(table)(
    'for %s is a page with status %i for a person',
    async (reason, status, _phrase, title) => {
      const response = errorResponse(reason, person)
      expect(response.status).toBe(status)
      expect(response.headers.get('Content-Type')).toBe('text/html; charset=utf-8')
      expect(response.headers.get('Cache-Control')).toBe('no-store')
      const html = await response.text()
      expect(html).toContain(`<title>${status} ${title}</title>`)
      expect(html).toContain(`<h1>${title}</h1>`)
      expect(html.match(/<h1>/g)).toHaveLength(1)
      expect(html).not.toContain(reason)
      expect(html).not.toMatch(platform)
      expect([...response.headers].join()).not.toMatch(platform)
    },
  )

  it('never says which check refused: the same status reads the same', async () => {
    const words = new Map<number, string>()
    for (const [reason, status] of table) {
      const text = await errorResponse(reason, program).text()
      expect(words.get(status) ?? text).toBe(text)
      words.set(status, text)
    }
  })

  it.each(['config-invalid', 'session-unreadable'] as const)(
    'for %s says when to come back',
    (reason) => {
      expect(errorResponse(reason, program).headers.get('Retry-After')).toBe('10')
      const later = errorResponse(reason, program, { headers: [['Retry-After', '60']] })
      expect(later.headers.get('Retry-After')).toBe('60')
      expect(errorResponse('fault', program).headers.has('Retry-After')).toBe(false)
    },
  )

  it.each([program, person])('to HEAD has no body', async ({ headers }) => {
    const response = errorResponse('not-found', { headers, method: 'HEAD' })
    expect(response.body).toBe(null)
    expect(response.status).toBe(404)
    expect(response.headers.get('Cache-Control')).toBe('no-store')
  })

  it('takes another status with the words for it', async () => {
    const response = errorResponse('fault', program, {
      status: 429,
      headers: [['Retry-After', '7']],
    })
    expect(response.status).toBe(429)
    expect(response.headers.get('Retry-After')).toBe('7')
    expect(await response.json()).toMatchObject({ status: 429, title: 'Too Many Requests' })
    expect(await errorResponse('fault', program, { status: 418 }).json()).toMatchObject({
      status: 418,
      title: 'Bad Request',
    })
  })

  it.each([0, 101, 200, 204, 304, 399, 600, 404.5, Number.NaN])(
    'ignores %s, which is no error status',
    (status) => {
      expect(errorResponse('fault', program, { status }).status).toBe(500)
    },
  )

  it('stays uncacheable and keeps every cookie of its extra headers', () => {
    const response = errorResponse('no-session', program, {
      headers: [
        ['Cache-Control', 'public, max-age=3600'],
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
        ['Allow', 'GET'],
      ],
    })
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(response.headers.get('Allow')).toBe('GET')
  })

  it('cuts a request id at 128 characters', async () => {
    expect(
      await errorResponse('fault', program, { requestId: 'r'.repeat(999) }).json(),
    ).toMatchObject({
      requestId: 'r'.repeat(128),
    })
  })

  it('shows the request id', async () => {
    expect(await errorResponse('fault', program, { requestId: 'r-1' }).json()).toMatchObject({
      requestId: 'r-1',
    })
    expect(await errorResponse('fault', person, { requestId: 'r-1' }).text()).toContain(
      '<code>r-1</code>',
    )
  })

  // An id taken over from a request: curl -H 'X-Request-Id: <script>alert(1)</script>'
  it('escapes the request id', async () => {
    const html = await errorResponse('fault', person, {
      requestId: `<script>alert("1")</script>&'`,
    }).text()
    expect(html).toContain(
      '<code>&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;</code>',
    )
    expect(html).not.toContain('<script')
  })

  it('lets no request id add markup or length', async () => {
    const plain = (await errorResponse('fault', person, { requestId: 'x' }).text()).match(
      /[<>"']/g,
    )?.length
    await fc.assert(
      fc.asyncProperty(
        fc.string({ minLength: 1, maxLength: 300, unit: 'binary' }),
        async (requestId) => {
          const html = await errorResponse('fault', person, { requestId }).text()
          expect(html.match(/[<>"']/g)?.length).toBe(plain)
          expect(html.length).toBeLessThan(2500)
        },
      ),
    )
  })
})

describe('the page', () => {
  it('runs nothing and fetches nothing', async () => {
    const html = await errorResponse('fault', person, { requestId: 'r' }).text()
    expect(html).not.toMatch(
      /<script|<link|<img|<iframe|<form|javascript:|https?:|url\(|@import|\son\w+=|style=/i,
    )
    expect(html).toContain('<html lang="en">')
    expect(html).toContain('<meta charset="utf-8">')
    expect(html).toContain('<meta name="viewport" content="width=device-width, initial-scale=1">')
  })

  it('allows by its own policy its one style and nothing else', async () => {
    const response = errorResponse('fault', person)
    const style = /<style>(.*)<\/style>/s.exec(await response.text())?.[1] ?? ''
    const digest = new Uint8Array(
      await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style)),
    )
    const hash = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
    const policy = response.headers.get('Content-Security-Policy') ?? ''
    const allowed =
      /^default-src 'none'; style-src 'sha256-([\w+/]+=)'; base-uri 'none'; form-action 'none'; /
    expect(policy).toMatch(allowed)
    expect(policy.endsWith("; frame-ancestors 'none'; require-trusted-types-for 'script'")).toBe(
      true,
    )
    expect(hexOf(allowed.exec(policy)?.[1] ?? '')).toBe(hash)
  })
})

/** Hex of base64, without atob, which not every runtime of the suite has to have. */
function hexOf(base64: string): string {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  let bits = ''
  for (const letter of base64.replace(/=+$/, ''))
    bits += digits.indexOf(letter).toString(2).padStart(6, '0')
  let hex = ''
  for (let at = 0; at + 8 <= bits.length; at += 8)
    hex += Number.parseInt(bits.slice(at, at + 8), 2)
      .toString(16)
      .padStart(2, '0')
  return hex
}
