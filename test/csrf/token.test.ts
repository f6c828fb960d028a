import * as fc from 'fast-check'
import { type Context, Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { type CsrfOptions, type CsrfTokenOptions, csrf, csrfTokens } from '../../src/csrf/index.ts'
import { session as openSessions, statelessSessions } from '../../src/session/index.ts'
import type { SecurityEvent } from '../../src/types.ts'

const secret = 'XxQ2mC0b7Jt5uV9nKe4RzYw8LsDfGh1P'
const older = 'p7Rk0LwZ3nQe9XyVb5TcJm2HgUs8DfAi'
const own = { 'Sec-Fetch-Site': 'same-origin' }
type Heads = Record<string, string>

/** The session of these tests is a header: what matters is whose id comes out. */
const session = (c: Context): string | undefined => c.req.header('Session')

function app(options: Partial<CsrfTokenOptions<Context>> = {}, others: CsrfOptions<Context> = {}) {
  const events: SecurityEvent[] = []
  const tokens = csrfTokens({ secret, session, ...options })
  const routes = new Hono()
    .use(csrf({ token: tokens, onEvent: (event) => events.push(event), ...others }))
    .get('/token', async (c) => c.json((await tokens.issue(c)) ?? null))
    .get('/live', (c) => c.text('in'))
    .on(['POST', 'PUT', 'DELETE'], ['/x', '/hook'], async (c) => c.text(await c.req.text()))
  const send = async (
    method: string,
    path: string,
    headers: Heads,
    body?: BodyInit,
  ): Promise<Response> => {
    const init = { method, headers, body: body ?? null, duplex: 'half' } as RequestInit
    return routes.fetch(new Request(`https://app.example.com${path}`, init))
  }
  const issue = async (id: string): Promise<string> =>
    (await send('GET', '/token', { Session: id })).json()
  const post = async (headers: Heads, body?: BodyInit): Promise<number> =>
    (await send('POST', '/x', { ...own, ...headers }, body)).status
  return { events, send, issue, post }
}

/** Reasons that were told, in order. */
const reasons = (events: SecurityEvent[]): unknown[] => events.map(({ reason }) => reason)

describe('a token', () => {
  it('lets its session pass, more than once', async () => {
    const { issue, post } = app()
    const token = await issue('ada')
    expect(await post({ Session: 'ada', 'X-CSRF-Token': token })).toBe(200)
    expect(await post({ Session: 'ada', 'X-CSRF-Token': token })).toBe(200)
  })

  it('is another one each time, and as many characters that need no escaping', async () => {
    const { issue } = app()
    const [one, two] = [await issue('ada'), await issue('ada')]
    expect(one).toMatch(/^[\w-]{43}\.[\w-]{22}$/)
    expect(two).toMatch(/^[\w-]{43}\.[\w-]{22}$/)
    expect(one.slice(0, 43)).not.toBe(two.slice(0, 43))
    expect(one.slice(44)).not.toBe(two.slice(44))
  })

  it('is missing: 403, and told', async () => {
    const { post, events } = app()
    expect(await post({ Session: 'ada' })).toBe(403)
    expect(await post({ Session: 'ada', 'X-CSRF-Token': '' })).toBe(403)
    expect(events).toEqual([
      { type: 'csrf-refused', reason: 'token-missing', subject: '/x' },
      { type: 'csrf-refused', reason: 'token-missing', subject: '/x' },
    ])
  })

  // Mallory signs in, takes a token of her own session and puts it into a form for Ada.
  it('of another session is bad', async () => {
    const { issue, post, events } = app()
    expect(await post({ Session: 'ada', 'X-CSRF-Token': await issue('mallory') })).toBe(403)
    expect(reasons(events)).toEqual(['token-bad'])
  })

  // sid "a" with randomness "b…" and sid "ab" with "…" would be one text without their lengths.
  it('is bound to where the session id ends', async () => {
    const { issue, post } = app()
    const [mac, random = ''] = (await issue('ada')).split('.')
    expect(
      await post({ Session: `ada${random[0]}`, 'X-CSRF-Token': `${mac}.${random.slice(1)}A` }),
    ).toBe(403)
    expect(await post({ Session: 'ad', 'X-CSRF-Token': `${mac}.a${random.slice(0, 21)}` })).toBe(
      403,
    )
  })

  it('is bad once one character is another, one too many or one too few', async () => {
    const { issue, post } = app()
    const token = await issue('ada')
    const changed = fc.oneof(
      fc
        .tuple(fc.nat(65), fc.constantFrom(...'Aa0-_.=%'))
        .map(([at, x]) => token.slice(0, at) + x + token.slice(at + 1)),
      fc.nat(66).map((at) => `${token.slice(0, at)}A${token.slice(at)}`),
      fc.nat(65).map((at) => token.slice(0, at) + token.slice(at + 1)),
      fc.string(),
    )
    await fc.assert(
      fc.asyncProperty(changed, async (other) => {
        fc.pre(other !== token)
        const form = new URLSearchParams({ csrf_token: other })
        expect(await post({ Session: 'ada' }, form)).toBe(403)
      }),
      { numRuns: 100 },
    )
  })

  it('has a dot in the middle', async () => {
    const { issue, post } = app()
    const token = await issue('ada')
    for (const other of [
      token.replace('.', '-'),
      token.replace('.', ''),
      token.replace('.', '..'),
    ]) {
      expect(await post({ Session: 'ada', 'X-CSRF-Token': other })).toBe(403)
    }
  })

  it('of another secret is bad, of an older one of the ring good', async () => {
    const token = await app({ secret: older }).issue('ada')
    expect(await app().post({ Session: 'ada', 'X-CSRF-Token': token })).toBe(403)
    for (const ring of [
      [secret, older],
      [older, secret],
    ]) {
      expect(await app({ secret: ring }).post({ Session: 'ada', 'X-CSRF-Token': token })).toBe(200)
    }
  })

  // A sibling host plants a cookie; an open redirect carries a query.
  it('in a cookie or in the query is not looked at', async () => {
    const { issue, send } = app()
    const token = await issue('ada')
    const cookie = { ...own, Session: 'ada', Cookie: `csrf_token=${token}; X-CSRF-Token=${token}` }
    expect((await send('POST', `/x?csrf_token=${token}`, cookie)).status).toBe(403)
  })

  it('makes no request of another site pass', async () => {
    const { issue, send, events } = app()
    const headers = {
      Session: 'ada',
      'X-CSRF-Token': await issue('ada'),
      'Sec-Fetch-Site': 'cross-site',
    }
    expect((await send('POST', '/x', headers)).status).toBe(403)
    expect(reasons(events)).toEqual(['cross-site'])
  })
})

describe('no token is needed', () => {
  it('to read', async () => {
    expect((await app().send('GET', '/token', { Session: 'ada' })).status).toBe(200)
  })

  it('where there is no session, and none is issued', async () => {
    const { issue, post } = app()
    expect(await post({})).toBe(200)
    expect(await issue('')).toBe(null)
  })

  it('on an exempt route, by its method', async () => {
    const { send } = app({}, { exempt: [{ path: '/hook' }] })
    expect((await send('POST', '/hook', { ...own, Session: 'ada' })).status).toBe(200)
    expect((await send('PUT', '/hook', { ...own, Session: 'ada' })).status).toBe(403)
  })

  it('from a trusted origin, which cannot have one', async () => {
    const { send } = app({}, { trustedOrigins: ['https://login.example'] })
    const headers = {
      Session: 'ada',
      Origin: 'https://login.example',
      'Sec-Fetch-Site': 'cross-site',
    }
    expect((await send('POST', '/x', headers)).status).toBe(200)
  })

  it('for a socket, whose handshake takes no headers', async () => {
    const { send } = app()
    const socket = { Upgrade: 'websocket', Session: 'ada', Origin: 'https://app.example.com' }
    expect((await send('GET', '/live', socket)).status).toBe(200)
    expect((await send('GET', '/live', { ...socket, Origin: 'https://evil.example' })).status).toBe(
      403,
    )
  })

  it('while it only observes', async () => {
    const { post, events } = app({}, { mode: 'observe' })
    expect(await post({ Session: 'ada' })).toBe(200)
    expect(events).toEqual([{ type: 'csrf-observed', reason: 'token-missing', subject: '/x' }])
  })
})

describe('a token in a form', () => {
  const form = 'application/x-www-form-urlencoded'
  it('is read, and the handler reads the whole form', async () => {
    const { issue, send } = app()
    const body = `a=1&csrf_token=${await issue('ada')}&b=%C3%A9`
    const headers = { ...own, Session: 'ada', 'Content-Type': form }
    for (const type of [form, `${form};charset=UTF-8`, 'Application/X-WWW-Form-Urlencoded ; x=y']) {
      const response = await send('POST', '/x', { ...headers, 'Content-Type': type }, body)
      expect([response.status, await response.text()]).toEqual([200, body])
    }
  })

  it('may come in pieces', async () => {
    const { issue, send } = app()
    const bytes = new TextEncoder().encode(`é=é&csrf_token=${await issue('ada')}`)
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte))
        controller.close()
      },
    })
    const response = await send(
      'POST',
      '/x',
      { ...own, Session: 'ada', 'Content-Type': form },
      body,
    )
    expect([response.status, (await response.text()).length > 60]).toEqual([200, true])
  })

  it.each<[what: string, type: string, body: (token: string) => string]>([
    ['is one of two', form, (token) => `csrf_token=${token}&csrf_token=${token}`],
    ['is called otherwise', form, (token) => `csrf=${token}`],
    ['is in a form of another type', 'text/plain', (token) => `csrf_token=${token}`],
    ['is in JSON', 'application/json', (token) => JSON.stringify({ csrf_token: token })],
    [
      'is in multipart',
      'multipart/form-data; boundary=x',
      (token) =>
        `--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n${token}\r\n--x--\r\n`,
    ],
    ['is in more than 64 KB', form, (token) => `csrf_token=${token}&a=${'x'.repeat(65_536)}`],
    ['is not there', form, () => 'a=1'],
  ])('is missing where it %s', async (_, type, body) => {
    const { issue, post, events } = app()
    expect(await post({ Session: 'ada', 'Content-Type': type }, body(await issue('ada')))).toBe(403)
    expect(reasons(events)).toEqual(['token-missing'])
  })

  // A body without Content-Length that never ends: what is read is counted.
  it('is not waited for behind 64 KB', async () => {
    let pulls = 0
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull(controller) {
        pulls++
        controller.enqueue(new Uint8Array(16_384).fill(0x61))
      },
    })
    const { send } = app()
    const response = await send(
      'POST',
      '/x',
      { ...own, Session: 'ada', 'Content-Type': form },
      body,
    )
    expect(response.status).toBe(403)
    expect(pulls).toBeLessThan(20)
  })

  it('is not looked for where the client says that the form is longer', async () => {
    const { issue, post } = app()
    const body = `csrf_token=${await issue('ada')}`
    const headers = { Session: 'ada', 'Content-Type': form }
    expect(await post(headers, body)).toBe(200)
    expect(await post({ ...headers, 'Content-Length': '65537' }, body)).toBe(403)
  })

  it('yields to one in the header', async () => {
    const { issue, post } = app()
    const good = await issue('ada')
    const bad = (good.startsWith('x') ? 'y' : 'x') + good.slice(1)
    const body = `csrf_token=${good}`
    expect(await post({ Session: 'ada', 'Content-Type': form, 'X-CSRF-Token': bad }, body)).toBe(
      403,
    )
  })

  it('goes by the names that were given', async () => {
    const { issue, post } = app({ field: '_token', header: 'X-Xsrf' })
    const token = await issue('ada')
    const type = { Session: 'ada', 'Content-Type': form }
    expect(await post(type, `_token=${token}`)).toBe(200)
    expect(await post(type, `csrf_token=${token}`)).toBe(403)
    expect(await post({ Session: 'ada', 'x-xsrf': token })).toBe(200)
    expect(await app({ field: false }).post(type, `csrf_token=${token}`)).toBe(403)
  })

  it('that something read before is missing, not an error', async () => {
    const tokens = csrfTokens({ secret, session })
    const routes = new Hono()
      .use(async (c, next) => {
        await c.req.raw.text()
        await next()
      })
      .use(csrf({ token: tokens }))
    const headers = { ...own, Session: 'ada', 'Content-Type': form }
    expect(
      (await routes.request('/x', { method: 'POST', headers, body: 'csrf_token=x' })).status,
    ).toBe(403)
  })
})

describe('with a session of this library', () => {
  const sessions = statelessSessions<{ user?: string }>({
    secret: older,
    user: (data) => data.user,
  })
  const tokens = csrfTokens({
    secret: older,
    session: async (c) => (await c.var.session.info())?.id,
  })
  const routes = new Hono()
    .use(openSessions(sessions))
    .use(csrf({ token: tokens }))
    .get('/token', async (c) => c.json((await tokens.issue(c)) ?? null))
    .post('/login', async (c) => c.text((await c.var.session.start({ user: 'ada' })) ?? 'in'))
    .post('/transfer', (c) => c.text('done'))
  const send = async (method: string, path: string, headers: Heads): Promise<Response> =>
    routes.fetch(
      new Request(`https://app.example.com${path}`, { method, headers: { ...own, ...headers } }),
    )
  const login = async (headers: Heads): Promise<Heads> => {
    const response = await send('POST', '/login', headers)
    return { Cookie: response.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '' }
  }

  it('a token is good until the next login, and for no one else', async () => {
    const first = await login({})
    const token: string = await (await send('GET', '/token', first)).json()
    expect((await send('POST', '/transfer', { ...first, 'X-CSRF-Token': token })).status).toBe(200)
    expect((await send('POST', '/transfer', first)).status).toBe(403)
    expect((await send('POST', '/login', first)).status).toBe(403)
    const again = await login({ ...first, 'X-CSRF-Token': token })
    expect(again.Cookie).not.toBe(first.Cookie)
    expect((await send('POST', '/transfer', { ...again, 'X-CSRF-Token': token })).status).toBe(403)
  })
})
