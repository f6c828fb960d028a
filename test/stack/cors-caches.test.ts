import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import { errorPage } from '../../src/page/index.ts'
import { cors, portcullis } from '../../src/stack/index.ts'

type Heads = Record<string, string>
const url = 'https://api.example.com/data'
const friend = 'https://app.friend.example'

function createApp(
  options: Parameters<typeof cors>[0],
): (method: string, headers?: Heads, path?: string) => Promise<Response> {
  const app = new Hono()
    .use(cors(options))
    .use(portcullis({ methods: ['GET', 'POST', 'OPTIONS'], csrf: { trustedOrigins: [friend] } }))
    .onError(errorPage({ report: () => {} }))
    .get('/data', (c) => c.json({ ok: true }))
    .post('/data', (c) => c.json({ ok: true }))
    .options('/data', (c) => c.text('mine'))
    .get('/raw', () => fetch('data:text/plain,x'))
    .get('/boom', () => {
      throw new Error('boom')
    })
  return async (method, headers = {}, path = url) => app.request(path, { method, headers })
}

const allowed = (response: Response): string | null =>
  response.headers.get('access-control-allow-origin')

describe('P10: cors() and caches', () => {
  // Fetched by <img> first, without Origin, and kept: a script's later read of the copy fails without the header.
  test.each([
    ['GET', {}],
    ['GET', { Origin: 'https://anybody.example' }],
    ['GET', { Origin: 'null' }],
    ['HEAD', {}],
    ['OPTIONS', {}],
    ['OPTIONS', { Origin: 'https://anybody.example' }],
  ])(
    "P10: with '*' every answer is for everybody, and varies by nothing: %s %j",
    async (method, headers) => {
      const response = await createApp({ origins: '*', exposeHeaders: ['X-Total'] })(
        method,
        headers as Heads,
      )
      expect([allowed(response), response.headers.get('vary')]).toEqual(['*', null])
      expect(response.headers.get('access-control-expose-headers')).toBe('X-Total')
      expect(response.headers.get('access-control-allow-credentials')).toBe(null)
    },
  )

  test.each([
    ['GET', {}, null],
    ['GET', { Origin: friend }, friend],
    ['GET', { Origin: 'https://evil.example' }, null],
    ['GET', { Origin: 'null' }, null],
    ['HEAD', { Origin: friend }, friend],
    ['OPTIONS', { Origin: friend }, friend],
    ['OPTIONS', {}, null],
  ])('P10: with a list every answer varies by Origin: %s %j', async (method, headers, origin) => {
    const response = await createApp({ origins: [friend], credentials: true })(
      method,
      headers as Heads,
    )
    expect([allowed(response), response.headers.get('vary')]).toEqual([origin, 'Origin'])
  })

  test.each([
    ['/boom', 'GET', 500],
    ['/missing', 'GET', 404],
    ['/data', 'DELETE', 405],
    [`/data?${'a'.repeat(9000)}`, 'GET', 414],
    ['/a//..%2fb', 'GET', 400],
  ])(
    'P10: what fails or is refused further in is readable too: %s %s',
    async (path, method, status) => {
      for (const origins of ['*', [friend]] as const) {
        const response = await createApp({ origins })(
          method,
          { Origin: friend },
          `https://api.example.com${path}`,
        )
        expect([response.status, allowed(response)]).toEqual([
          status,
          origins === '*' ? '*' : friend,
        ])
        expect(response.headers.get('vary')?.includes('Origin') ?? false).toBe(origins !== '*')
      }
    },
  )

  test('P10: a preflight says what it varies by, granted or refused', async () => {
    const preflight = { Origin: friend, 'Access-Control-Request-Method': 'POST' }
    const granted = await createApp({ origins: [friend] })('OPTIONS', preflight)
    const vary = 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers'
    expect([granted.status, granted.headers.get('vary')]).toEqual([204, vary])
    const refused = await createApp({ origins: ['https://other.example'] })('OPTIONS', preflight)
    expect([refused.status, refused.headers.get('vary'), allowed(refused)]).toEqual([
      403,
      vary,
      null,
    ])
    const open = await createApp({ origins: '*' })('OPTIONS', preflight)
    expect([open.status, allowed(open), open.headers.get('vary')]).toEqual([
      204,
      '*',
      'Access-Control-Request-Method, Access-Control-Request-Headers',
    ])
  })

  test.each(['', ' ', ',', 'content-type,', ', content-type ,,'])(
    'P11: Access-Control-Request-Headers: %j names nothing that is not allowed',
    async (names) => {
      const response = await createApp({ origins: [friend] })('OPTIONS', {
        Origin: friend,
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': names,
      })
      expect([response.status, allowed(response)]).toEqual([204, friend])
    },
  )
})

describe('O10: the nonce under portcullis()', () => {
  test('O10: is typed, and is the one of the policy', async () => {
    const app = new Hono().use(portcullis()).get('/', (c) => {
      const nonce: string = c.var.secureHeadersNonce
      return c.html(`<script nonce="${nonce}"></script>`)
    })
    const response = await app.request('https://app.example.com/')
    const nonce = /nonce="([\w-]{24})"/.exec(await response.text())?.[1]
    expect(response.headers.get('content-security-policy')).toContain(`'nonce-${nonce}'`)
  })
})
