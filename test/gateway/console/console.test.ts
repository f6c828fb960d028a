/** The console as an administrator and as everybody else sees it, through a whole gateway. */
import { describe, expect, test } from 'vitest'
import { gatewayConsole } from '../../../src/gateway/index.ts'
import { clientInfo, storedSessions } from '../../../src/session/index.ts'
import { memoryStore } from '../../../src/store/index.ts'
import { type Bench, bench, type Data, type Overrides, secret, signIn } from '../support.ts'

const path = '/.portcullis/console'
const navigation = {
  accept: 'text/html',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
}

async function consoleBench(overrides: Overrides = {}): Promise<Bench> {
  return bench({
    session: storedSessions<Data>({ secret, store: memoryStore(), user: (data) => data.user }),
    console: gatewayConsole<Data>({ access: { role: 'admin' } }),
    ...overrides,
  })
}

async function openConsole(at: Bench, cookie: string): Promise<string> {
  const response = await at.ask(path, { headers: { ...navigation, cookie } })
  expect(response.status).toBe(200)
  return response.text()
}

function postForm(at: Bench, cookie: string, fields: Record<string, string>): Promise<Response> {
  return at.ask(path, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: { cookie, 'sec-fetch-site': 'same-origin' },
  })
}

function findToken(page: string): string {
  return /name="csrf_token" value="([\w.-]+)"/.exec(page)?.[1] ?? ''
}

describe('who sees the console', () => {
  test('a gateway without the option has no console', async () => {
    const at = await bench()
    const response = await at.ask(path, { headers: { ...navigation } })
    expect(response.status).toBe(404)
  })

  test('a stranger who opens it is sent to the sign-in page, and no upstream is asked', async () => {
    const at = await consoleBench()
    const response = await at.ask(path, { headers: { ...navigation } })
    expect(response.status).toBe(303)
    expect(response.headers.get('location')).toBe('/login?return_to=%2F.portcullis%2Fconsole')
    expect(at.seen).toHaveLength(0)
  })

  test('a stranger who is no browser gets 401 for the page and for the live part', async () => {
    const at = await consoleBench()
    for (const each of [path, `${path}/live`]) {
      const response = await at.ask(each)
      expect(response.status).toBe(401)
      expect(await response.text()).not.toContain('Newest requests')
    }
  })

  test('somebody without the role gets 403 for the page and for the live part', async () => {
    const at = await consoleBench()
    const cookie = await signIn(at, { user: 'bob', roles: ['editor'] })
    for (const each of [path, `${path}/live`]) {
      const response = await at.ask(each, { headers: { cookie } })
      expect(response.status).toBe(403)
      expect(await response.text()).not.toContain('Newest requests')
    }
    expect(at.events.map(({ reason }) => reason)).toContain('role-missing')
  })

  test('an administrator whose login is older than an hour has to sign in again', async () => {
    let now = Date.now()
    const clock = (): number => now
    const at = await consoleBench({
      clock,
      session: storedSessions<Data>({
        ...{ secret, clock, user: (data) => data.user },
        store: memoryStore({ clock }),
      }),
    })
    const cookie = await signIn(at, { user: 'ada', roles: ['admin'] })
    expect((await at.ask(path, { headers: { ...navigation, cookie } })).status).toBe(200)
    now += 3601_000
    const later = await at.ask(path, { headers: { ...navigation, cookie } })
    expect(later.status).toBe(303)
    expect((await at.ask(`${path}/live`, { headers: { cookie } })).status).toBe(401)
  })

  test('addresses that the rule does not name get 403 before the session is read', async () => {
    const access = { role: 'admin', address: ['203.0.113.0/24'] } as const
    const at = await consoleBench({ console: gatewayConsole<Data>({ access }) })
    const cookie = await signIn(at, { user: 'ada', roles: ['admin'] })
    const from = (address: string): Promise<Response> =>
      at.ask(path, { headers: { cookie, 'cf-connecting-ip': address } })
    expect((await from('198.51.100.7')).status).toBe(403)
    expect((await from('203.0.113.7')).status).toBe(200)
  })

  test.each([
    { title: 'no rule', options: {}, problem: /console\.access/ },
    { title: 'a public rule', options: { access: 'public' }, problem: /must require a session/ },
    {
      title: 'a rule of addresses alone',
      options: { access: { address: ['10.0.0.0/8'] } },
      problem: /must require a session/,
    },
    {
      title: 'an unknown option',
      options: { access: 'session', frames: 'self' },
      problem: /console\.frames is not an option; did you mean frame/,
    },
  ])('a console with $title cannot be created', ({ options, problem }) => {
    expect(() => gatewayConsole(options as never)).toThrow(problem)
  })

  test('a gateway without sessions cannot have a console', async () => {
    const overrides = { session: undefined, assertion: undefined } as unknown as Overrides
    await expect(consoleBench(overrides)).rejects.toThrow(/console needs the option session/)
  })
})

describe('what the console shows', () => {
  test('requests with their decisions and reasons, and none of its own', async () => {
    const at = await consoleBench()
    const cookie = await signIn(at, { user: 'ada', roles: ['admin'] })
    await at.ask('/account/7')
    await at.ask('/admin/secret-page')
    await at.ask('/x%2fy')
    await openConsole(at, cookie)
    const page = await openConsole(at, cookie)
    expect(page).toContain('<code>/admin/*</code>')
    expect(page).toContain('<span class="d d-refused">refused</span> <code>no-session</code>')
    expect(page).toContain('<code>path-not-canonical</code>')
    expect(page).not.toContain('secret-page')
    expect(page).not.toContain('<code>/.portcullis/console</code>')
    // The login, /account/7 and two refusals.
    expect(page).toMatch(/<dt>passed<\/dt><dd>2<\/dd>/)
    expect(page).toMatch(/<dt>refused<\/dt><dd>2<\/dd>/)
  })

  test('upstreams of the configuration, and how many of their answers were failures', async () => {
    const at = await consoleBench()
    const cookie = await signIn(at, { user: 'ada', roles: ['admin'] })
    at.answer = () => new Response('no', { status: 502 })
    await at.ask('/a')
    at.answer = () => new Response('yes')
    await at.ask('/b')
    const page = await openConsole(at, cookie)
    const row = /<tr><th scope="row"><code>app<\/code>.*?<\/tr>/s.exec(page)?.[0]
    expect(row).toContain('in service')
    expect(row).toMatch(/<td class="n">3<\/td><td class="n">1<\/td>/)
  })

  test('an upstream that never answered is not called in service', async () => {
    const at = await consoleBench({
      upstreams: {
        app: { url: 'http://upstream.test:8080', sessions: true },
        away: { url: 'http://away.test' },
      } as never,
      routes: [
        { path: '/away', methods: ['GET'], to: 'away' as never, access: 'public' },
        { path: '/login', methods: ['GET'], to: 'app', access: 'public' },
        { path: '/login', methods: ['POST'], to: 'app', access: 'public', sessions: ['start'] },
      ],
    })
    const cookie = await signIn(at, { user: 'ada', roles: ['admin'] })
    const readRow = async (): Promise<string | undefined> =>
      /<tr><th scope="row"><code>away<\/code>.*?<\/tr>/s.exec(await openConsole(at, cookie))?.[0]
    expect(await readRow()).toContain('no requests yet')
    at.answer = () => {
      throw new TypeError('connection refused')
    }
    await at.ask('/away')
    const row = await readRow()
    expect(row).toContain('not answering')
    expect(row).toMatch(/<td class="n">0<\/td><td class="n">1<\/td>/)
  })

  test('a page that allows nothing but its own style and script, and no other policy beside it', async () => {
    const at = await consoleBench()
    const cookie = await signIn(at, { user: 'ada', roles: ['admin'] })
    const response = await at.ask(path, { headers: { ...navigation, cookie } })
    const policy = response.headers.get('content-security-policy') ?? ''
    const nonce = /script-src 'nonce-([\w-]+)'/.exec(policy)?.[1]
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(response.headers.has('content-security-policy-report-only')).toBe(false)
    expect(response.headers.get('cache-control')).toContain('no-store')
    const page = await response.text()
    expect(page.match(/<(?:script|style)[^>]*>/g)).toEqual([
      `<style nonce="${nonce}">`,
      `<script nonce="${nonce}">`,
    ])
    expect(page).not.toMatch(/ (?:style|on\w+)="/)
  })
})

describe('sessions of a user', () => {
  test('are listed, and ended all together', async () => {
    const at = await consoleBench()
    const bob = await signIn(at, { user: 'bob' })
    await signIn(at, { user: 'bob' })
    const ada = await signIn(at, { user: 'ada', roles: ['admin'] })
    const token = findToken(await openConsole(at, ada))
    const found = await postForm(at, ada, { do: 'find', user: 'bob', csrf_token: token })
    expect(found.status).toBe(200)
    const list = await found.text()
    expect(list.match(/aria-label="End session/g)).toHaveLength(2)

    const ended = await postForm(at, ada, {
      ...{ do: 'end-all', user: 'bob' },
      csrf_token: findToken(list),
    })
    expect(await ended.text()).toContain('2 sessions were ended.')
    const event = at.events.find(({ type }) => type === 'sessions-ended')
    expect(event).toMatchObject({ actor: 'administrator', reason: 'all' })
    expect(event?.actorUser).toMatch(/^[\w-]{22}$/)
    expect(event?.request).toBeDefined()
    expect((await at.ask('/account', { headers: { cookie: bob } })).status).toBe(401)
    expect((await at.ask(path, { headers: { cookie: ada } })).status).toBe(200)
  })

  test('show the device and the place of each, where sessions keep it', async () => {
    const at = await consoleBench({
      session: storedSessions<Data>({
        ...{ secret, store: memoryStore(), user: (data) => data.user },
        clientInfo: clientInfo({ platform: 'cloudflare', country: 'cloudflare' }),
      }),
    })
    const phone = {
      'user-agent':
        'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
      'cf-connecting-ip': '2001:db8:7:8::9',
      'cf-ipcountry': 'FR',
    }
    await signIn(at, { user: 'bob' }, phone)
    const ada = await signIn(at, { user: 'ada', roles: ['admin'] })
    const token = findToken(await openConsole(at, ada))
    const found = await postForm(at, ada, { do: 'find', user: 'bob', csrf_token: token })
    const list = await found.text()
    expect(list).toContain('<div>Safari 18, iOS 18</div><div>FR, 2001:db8:7::/48</div>')
    expect(list).not.toContain('2001:db8:7:8')
  })

  test('are ended one by one, with the administrator in the event', async () => {
    const at = await consoleBench()
    const [first, second] = [await signIn(at, { user: 'bob' }), await signIn(at, { user: 'bob' })]
    const ada = await signIn(at, { user: 'ada', roles: ['admin'] })
    const token = findToken(await openConsole(at, ada))
    const fields = { do: 'find', user: 'bob', csrf_token: token }
    const list = await (await postForm(at, ada, fields)).text()
    const [id = ''] = [...list.matchAll(/name="id" value="([\w-]+)"/g)].map(([, text]) => text)
    const ended = await (await postForm(at, ada, { ...fields, do: 'end', id })).text()
    expect(ended).toContain('The session was ended.')
    expect(ended.match(/aria-label="End session/g)).toHaveLength(1)
    const event = at.events.find(({ type }) => type === 'session-ended')
    expect(event).toMatchObject({
      ...{ session: id, actor: 'administrator', reason: 'ended-by-administrator' },
    })
    expect(event?.user).not.toBe(event?.actorUser)
    const statuses = await Promise.all(
      [first, second].map(
        async (cookie) => (await at.ask('/account', { headers: { cookie } })).status,
      ),
    )
    expect(statuses.sort()).toEqual([200, 401])
    const again = await (await postForm(at, ada, { ...fields, do: 'end', id })).text()
    expect(again).toContain('This session had already ended.')
  })

  test.each([
    { title: 'without a token', token: () => '', reason: 'token-missing' },
    {
      title: 'with a token of its own',
      token: () => `${'A'.repeat(43)}.${'B'.repeat(22)}`,
      reason: 'token-bad',
    },
  ])('are not ended by a form $title', async ({ token, reason }) => {
    const at = await consoleBench()
    const bob = await signIn(at, { user: 'bob' })
    const ada = await signIn(at, { user: 'ada', roles: ['admin'] })
    const fields = { do: 'end-all', user: 'bob', csrf_token: token() }
    expect((await postForm(at, ada, fields)).status).toBe(403)
    expect(at.events.at(-1)).toMatchObject({ type: 'request-refused', reason })
    expect((await at.ask('/account', { headers: { cookie: bob } })).status).toBe(200)
  })

  // <form method="post" action="https://app.example.com/.portcullis/console"> on another site, with a token that it saw.
  test('are not ended by a form of another site, also one that the gateway trusts', async () => {
    const at = await consoleBench({ csrf: { trustedOrigins: ['https://partner.example'] } })
    const bob = await signIn(at, { user: 'bob' })
    const ada = await signIn(at, { user: 'ada', roles: ['admin'] })
    const token = findToken(await openConsole(at, ada))
    const response = await at.ask(path, {
      method: 'POST',
      body: new URLSearchParams({ do: 'end-all', user: 'bob', csrf_token: token }),
      headers: {
        cookie: ada,
        origin: 'https://partner.example',
        'sec-fetch-site': 'cross-site',
      },
    })
    expect(response.status).toBe(403)
    expect((await at.ask('/account', { headers: { cookie: bob } })).status).toBe(200)
  })

  test('are not ended with the token of another administrator', async () => {
    const at = await consoleBench()
    const ada = await signIn(at, { user: 'ada', roles: ['admin'] })
    const eve = await signIn(at, { user: 'eve', roles: ['admin'] })
    const token = findToken(await openConsole(at, eve))
    const fields = { do: 'end-all', user: 'bob', csrf_token: token }
    expect((await postForm(at, ada, fields)).status).toBe(403)
  })

  test('a form that is too long or asks for nothing known is 400', async () => {
    const at = await consoleBench()
    const ada = await signIn(at, { user: 'ada', roles: ['admin'] })
    const token = findToken(await openConsole(at, ada))
    for (const fields of [
      { do: 'drop', user: 'bob' },
      { do: 'find', user: '' },
      { do: 'end', user: 'bob' },
      { do: 'find', user: 'b'.repeat(5000) },
    ] as Array<Record<string, string>>)
      expect((await postForm(at, ada, { ...fields, csrf_token: token })).status).toBe(400)
  })

  test('markup in a name is text', async () => {
    const at = await consoleBench()
    const ada = await signIn(at, { user: 'ada', roles: ['admin'] })
    const token = findToken(await openConsole(at, ada))
    const user = '"><script>alert(1)</script>'
    const page = await (await postForm(at, ada, { do: 'find', user, csrf_token: token })).text()
    expect(page).not.toContain('<script>alert')
    expect(page).toContain('&quot;&gt;&lt;script&gt;')
  })
})

describe('limits of the console itself', () => {
  test('the 121st request of a session within a minute is 429 with Retry-After', async () => {
    const at = await consoleBench()
    const cookie = await signIn(at, { user: 'ada', roles: ['admin'] })
    let last: Response | undefined
    for (let count = 0; count < 121; count++) last = await at.ask(path, { headers: { cookie } })
    expect(last?.status).toBe(429)
    expect(last?.headers.get('retry-after')).toMatch(/^(?:60|[1-5]\d)$/)
  })

  test('a session has four live streams at most: the fifth ends the first', async () => {
    const at = await consoleBench()
    const cookie = await signIn(at, { user: 'ada', roles: ['admin'] })
    const open = (): Promise<Response> => at.ask(`${path}/live`, { headers: { cookie } })
    const first = await open()
    const others = await Promise.all([open(), open(), open(), open()])
    expect(others.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    // It would go on for a minute.
    expect(await first.text()).toContain('retry: 1000')
    for (const each of others) await each.body?.cancel()
  })

  test('an isolate has twenty live streams at most, and one that was cancelled makes room', async () => {
    const at = await consoleBench()
    const streams: Response[] = []
    for (const user of ['ada', 'bea', 'cleo', 'dora', 'edda']) {
      const cookie = await signIn(at, { user, roles: ['admin'] })
      for (let count = 0; count < 4; count++)
        streams.push(await at.ask(`${path}/live`, { headers: { cookie } }))
    }
    expect(streams.map(({ status }) => status)).toEqual(streams.map(() => 200))
    const cookie = await signIn(at, { user: 'frida', roles: ['admin'] })
    expect((await at.ask(`${path}/live`, { headers: { cookie } })).status).toBe(429)
    await streams[0]?.body?.cancel()
    const next = await at.ask(`${path}/live`, { headers: { cookie } })
    expect(next.status).toBe(200)
    for (const each of [...streams.slice(1), next]) await each.body?.cancel()
  })
})
