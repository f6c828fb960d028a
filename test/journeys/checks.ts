/** What is refused and what passes: access rules, request validation, GraphQL, headers, throttle, bound sessions. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { startRedis } from '../support/redis.ts'
import type { Journey, Trip } from './support/journey.ts'
import { fill } from './support/pages.ts'
import { eventually, shellOk } from './support/services.ts'
import { startUpstream } from './support/upstream.ts'
import { createVisitor, inProcess, type Visitor } from './support/visitor.ts'

const secret = 'L2x7Vq9Tn4Kz8Wc1Rb6Hm3Yd5Gp0JsFa'
const origin = 'https://app.example.com'

interface App {
  fetch(request: Request, env?: never): Promise<Response>
}

export const checksJourney: Journey = {
  name: 'access rules and request validation',
  pages: [
    'docs/access.md',
    'docs/hygiene.md',
    'docs/graphql.md',
    'docs/headers.md',
    'docs/csrf.md',
    'docs/login-throttle.md',
    'docs/device-bound-sessions.md',
  ],
  async walk(trip) {
    const redis = trip.use(await startRedis())
    const env = {
      SESSION_SECRET: secret,
      THROTTLE_SECRET: secret,
      UPSTASH_REDIS_REST_URL: redis.url,
      UPSTASH_REDIS_REST_TOKEN: redis.token,
    }
    await walkAccess(trip, env)
    await walkValidation(trip)
    await walkGraphql(trip)
    await walkHeaders(trip)
    await walkIntroduction(trip)
    await walkThrottle(trip, env)
    await walkBound(trip, env)
  },
}

async function walkAccess(trip: Trip, env: object): Promise<void> {
  await trip.step(
    'docs/access.md: the first rule that matches decides, in every spelling of a path',
    async () => {
      const block = trip.page('docs/access.md').next('ts', "path: '/admin/*'").text
      const { app } = await trip.load<{ app: App }>(
        'access.ts',
        `${block}
app.post('/login', async (c) => {
  await c.var.session.start({ user: 'ada', roles: ['owner'], plan: 'free' })
  return c.text('in')
}).all('*', (c) => c.text('page'))
`,
      )
      const ada = createVisitor(origin, inProcess(app, env))
      const office = { 'cf-connecting-ip': '203.0.113.9' }
      assert.equal((await ada.open('/account/x')).location, '/login?return_to=%2Faccount%2Fx')
      assert.equal((await ada.open('/')).status, 200)
      await ada.submit('/login')
      for (const path of ['/admin', '/ADMIN/x', '/admin.json', '/admin/index.html']) {
        assert.equal((await ada.open(path, office)).status, 200, path)
        assert.equal(
          (await ada.open(path, { 'cf-connecting-ip': '198.51.100.1' })).status,
          403,
          path,
        )
      }
      assert.equal((await ada.open('/reports/y')).status, 403)
      assert.equal((await ada.open('/x/..;/admin', office)).status, 400)
      assert.equal((await ada.open('/password')).status, 200)
    },
  )
}

async function walkValidation(trip: Trip): Promise<void> {
  const page = trip.page('docs/hygiene.md')
  await trip.step(
    'docs/hygiene.md: an app refuses what two servers could read differently',
    async () => {
      const text = page
        .next('ts', 'queryParameters: 50')
        .text.replace('console.log(event.type, event.reason)', 'events.push(event.reason)')
      const { app, events } = await trip.load<{ app: App; events: string[] }>(
        'validation.ts',
        `export const events: unknown[] = []\n${text}\napp.all('*', async (c) => c.text(await c.req.text()))\n`,
      )
      const visitor = createVisitor(origin, inProcess(app))
      const json = { origin, 'content-type': 'application/json' }
      const cases: Array<
        [status: number, reason: string, send: () => ReturnType<Visitor['send']>]
      > = [
        [400, 'path-not-canonical', () => visitor.send('GET', '/a%2fb')],
        [414, 'url-too-long', () => visitor.send('GET', `/${'a'.repeat(9000)}`)],
        [400, 'query-too-large', () => visitor.send('GET', `/?${'a=1&'.repeat(51)}`)],
        [
          415,
          'content-type-not-allowed',
          () => visitor.send('POST', '/', { origin, 'content-type': 'text/plain' }, 'x'),
        ],
        [
          413,
          'body-too-large',
          () => visitor.send('POST', '/', json, `"${'x'.repeat(1_048_577)}"`),
        ],
        [
          431,
          'headers-too-large',
          () => visitor.send('GET', '/', { 'x-large': 'y'.repeat(17_000) }),
        ],
      ]
      for (const [status, reason, send] of cases) {
        page.promises(reason)
        assert.equal((await send()).status, status, reason)
        assert.equal(events.at(-1), reason)
      }
      const elsewhere = createVisitor('https://other.example', inProcess(app))
      assert.deepEqual([(await elsewhere.open('/')).status, events.at(-1)], [421, 'host-unknown'])
      assert.equal((await visitor.send('POST', '/', json, '{"a":1}')).text, '{"a":1}')
    },
  )

  await trip.step('docs/hygiene.md: a gateway limits bodies and types by route', async () => {
    const upstream = trip.use(await startUpstream())
    const gateway = await loadGateway(
      trip,
      'uploads',
      fill(page.next('ts', "path: '/upload'").text, { 'http://10.0.0.7:8080': upstream.url }),
    )
    const visitor = createVisitor(origin, inProcess(gateway))
    const head = { origin, 'sec-fetch-site': 'same-origin' }
    assert.equal(
      (await visitor.send('POST', '/upload', { ...head, 'content-type': 'image/png' }, 'x')).status,
      200,
    )
    assert.equal(
      (await visitor.send('POST', '/upload', { ...head, 'content-type': 'text/html' }, 'x')).status,
      415,
    )
    assert.equal((await visitor.send('DELETE', '/upload', head)).status, 405)
    const plain = createVisitor('http://app.example.com', inProcess(gateway))
    assert.equal((await plain.open('/page')).location, 'https://app.example.com/page')
    assert.equal((await plain.send('POST', '/page')).status, 403)
  })
}

async function walkGraphql(trip: Trip): Promise<void> {
  await trip.step(
    'docs/graphql.md: a query that asks for too much never reaches the server',
    async () => {
      const page = trip.page('docs/graphql.md')
      const { app } = await trip.load<{ app: App }>(
        'graphql.ts',
        page.next('ts', 'graphqlGuard').text,
      )
      const upstream = trip.use(
        await startUpstream((_request, response) => response.end('{"data":{}}')),
      )
      const text = fill(page.next('ts', 'graphqlLimits').text, {
        'https://api.example.com': upstream.url,
      })
      const { default: gateway } = await trip.load<{ default: App }>('graphql-gateway.ts', text)
      for (const [site, at] of [
        [app, origin],
        [gateway, 'https://www.example.com'],
      ] as const) {
        const visitor = createVisitor(at, inProcess(site))
        const ask = (query: string) =>
          visitor.send(
            'POST',
            '/graphql',
            { origin: at, 'content-type': 'application/json' },
            JSON.stringify({ query }),
          )
        assert.equal((await ask('{ posts(take: 10) { title } }')).status, 200)
        const refused = await ask('{ posts(take: 1000) { title } }')
        assert.match(refused.text, /"code":"GRAPHQL_PAGE_SIZE"/)
        assert.equal((await ask('{ __schema { types { name } } }')).status, 403)
        assert.match(
          (await ask(`{ ${'a { '.repeat(12)}b${' }'.repeat(12)} }`)).text,
          /GRAPHQL_TOO_DEEP/,
        )
      }
      assert.equal(upstream.received.length, 1)
    },
  )
}

async function walkHeaders(trip: Trip): Promise<void> {
  const page = trip.page('docs/headers.md')
  await trip.step('docs/headers.md: a route overrides what the app sets', async () => {
    const { app } = await trip.load<{ app: App }>(
      'headers.ts',
      `${page.next('ts', "'/widget/*'").text}\napp.get('*', (c) => c.html('<p>page'))\n`,
    )
    const visitor = createVisitor(origin, inProcess(app))
    const [home, widget, editor] = [
      await visitor.open('/'),
      await visitor.open('/widget/a'),
      await visitor.open('/editor'),
    ]
    assert.equal(home.headers.get('x-frame-options'), 'DENY')
    assert.match(
      home.headers.get('strict-transport-security') ?? '',
      /^max-age=63072000; includeSubDomains$/,
    )
    assert.deepEqual(
      [widget.headers.get('x-frame-options'), widget.headers.get('cross-origin-resource-policy')],
      [null, 'cross-origin'],
    )
    assert.equal(editor.headers.get('cross-origin-embedder-policy'), 'require-corp')
  })

  await trip.step('docs/headers.md: a policy of your own, and hashes', async () => {
    const own = `${page.next('ts', 'strictCsp({').text}
import { Hono } from 'hono'
export const app = new Hono().get('/shop', shop, (c) => c.html('<p>')).get('/own', own, (c) => c.html('<p>'))
`
    const { app } = await trip.load<{ app: App }>('policies.ts', own)
    const visitor = createVisitor(origin, inProcess(app))
    assert.match(
      (await visitor.open('/shop')).headers.get('content-security-policy') ?? '',
      /img-src 'self' https:\/\/images\.example\.com/,
    )
    assert.match(
      (await visitor.open('/own')).headers.get('content-security-policy') ?? '',
      /^default-src 'self'; script-src 'nonce-[\w+/=-]+' 'self'; base-uri 'none'/,
    )
    const hashes = page
      .next('ts', 'cspHash')
      .text.replace(
        'declare const BUILD_TOKEN: string',
        "const BUILD_TOKEN = 'q8Zt2Wm5Xk9Lr3Vn7Tb4Hc'",
      )
    assert.equal(
      typeof (await trip.load<{ fixed: unknown }>('hashes.ts', hashes)).fixed,
      'function',
    )
  })

  await trip.step(
    'docs/headers.md: options compiled by the build set the same headers',
    async () => {
      trip.write('compiled/guards.ts', page.next('ts', '// guards.ts').text)
      await shellOk(`'${process.execPath}' guards.ts > guards.json`, {
        cwd: join(trip.folder, 'compiled'),
      })
      const block = page
        .next('ts', 'compiledHeaders(guards.headers)')
        .text.replace(/^declare const guards.*$/m, '')
        .replace('// import guards', 'import guards')
        .replace('import { type CompiledCsrf, type CompiledHeaders, compiled', 'import { compiled')
        .replace('guards.headers)', 'guards.headers as never)')
        .replace('guards.widget)', 'guards.widget as never)')
        .replace('guards.csrf)', 'guards.csrf as never)')
      const { app } = await trip.load<{ app: App }>(
        'compiled/app.ts',
        `${block}\napp.all('*', (c) => c.html('<p>page'))\n`,
      )
      const visitor = createVisitor(origin, inProcess(app))
      assert.equal((await visitor.open('/')).headers.get('referrer-policy'), 'same-origin')
      assert.equal((await visitor.open('/widget/a')).headers.get('x-frame-options'), null)
      assert.equal((await visitor.submit('/form', {}, 'https://evil.example')).status, 403)
      assert.equal(
        (await visitor.submit('/hooks/stripe', {}, 'https://stripe.example')).status,
        200,
      )
    },
  )

  await trip.step(
    'docs/headers.md: security.txt, and a logout that clears the browser',
    async () => {
      const { app } = await trip.load<{ app: App }>(
        'logout.ts',
        page.next('ts', 'securityTxt').text,
      )
      const visitor = createVisitor(origin, inProcess(app))
      assert.match(
        (await visitor.open('/.well-known/security.txt')).text,
        /^Contact: mailto:security@example\.com/m,
      )
      assert.match(
        (await visitor.submit('/logout')).headers.get('clear-site-data') ?? '',
        /"cookies"/,
      )
    },
  )
}

async function walkIntroduction(trip: Trip): Promise<void> {
  await trip.step(
    'docs/csrf.md: exempt and trusted paths, and the check without Hono',
    async () => {
      const page = trip.page('docs/csrf.md')
      const block = page.next('ts', 'trust: [').text
      const { app } = await trip.load<{ app: App }>(
        'csrf.ts',
        `${block.replace('new Hono().use(', 'new Hono().use(')}\napp.all('*', (c) => c.text('done'))\n`,
      )
      const visitor = createVisitor('https://www.example.com', inProcess(app))
      assert.equal(
        (await visitor.submit('/login/callback', {}, 'https://login.example')).status,
        200,
      )
      assert.equal((await visitor.submit('/other', {}, 'https://login.example')).status, 403)
      assert.equal(
        (await visitor.submit('/hooks/stripe', {}, 'https://stripe.example')).status,
        200,
      )
      assert.equal(
        (await visitor.submit('/hooks/stripe/', {}, 'https://stripe.example')).status,
        403,
      )
      const { refused } = await trip.load<{
        refused(request: Request, path: string): string | undefined
      }>('check.ts', page.next('ts', 'checkCrossOrigin').text)
      const forged = new Request(`${origin}/form`, {
        method: 'POST',
        headers: { origin: 'https://evil.example' },
      })
      assert.deepEqual(
        [refused(forged, '/form'), refused(forged, '/hook')],
        ['origin-mismatch', undefined],
      )
    },
  )
}

async function walkThrottle(trip: Trip, env: object): Promise<void> {
  await trip.step(
    'docs/login-throttle.md: of concurrent guesses five reach the check',
    async () => {
      const page = trip.page('docs/login-throttle.md')
      page.promises('of 200 concurrent guesses with a limit of five, five reach the login')
      const block = page.next('ts', 'loginThrottle.attempt').text
      const text = fill(block, {
        'declare function verify(email: string, password: string): Promise<boolean>':
          "export let checked = 0\nconst verify = async (_email: string, password: string) => { checked++; return password === 'wonderland' }",
      })
      const module = await trip.load<{ app: App; checked: number }>('throttle.ts', text)
      const visitor = createVisitor(origin, inProcess(module.app, env))
      const login = (email: string, password: string) =>
        visitor.send(
          'POST',
          '/login',
          { 'cf-connecting-ip': '203.0.113.4' },
          JSON.stringify({ email, password }),
        )
      // Fewer than the page says: the server, its Redis and all clients are on this machine.
      assert.equal((await login('ben@example.com', 'wonderland')).text, 'Welcome')
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, index) => login('ada@example.com', `guess-${index}`)),
      )
      assert.equal(module.checked, 6)
      // A busy machine may be too slow for the second that Redis has: that is 503, and no guess.
      const others = answers.filter(({ status }) => status !== 401)
      assert.deepEqual(
        [others.length, others.every(({ status }) => [429, 503].includes(status))],
        [35, true],
      )
      await eventually(async () =>
        assert.equal((await login('ADA@example.com', 'guess')).status, 429),
      )
    },
  )
}

async function walkBound(trip: Trip, env: object): Promise<void> {
  await trip.step(
    'docs/device-bound-sessions.md: a browser without them keeps its session, a bound page is closed to it',
    async () => {
      const page = trip.page('docs/device-bound-sessions.md')
      const { default: app } = await trip.load<{ default: App }>(
        'bound.ts',
        page.next('ts', 'requireBound').text,
      )
      const visitor = createVisitor(origin, inProcess(app, env))
      const login = await visitor.submit('/login')
      assert.match(
        login.headers.get('secure-session-registration') ?? '',
        /\/\.portcullis\/dbsc\/register/,
      )
      assert.equal((await visitor.open('/account')).text, 'Signed in.')
      assert.equal((await visitor.submit('/account/payout')).status, 403)
      const { sessions } = await trip.load<{ sessions: object }>(
        'site.ts',
        page.next('ts', 'registering').text,
      )
      assert.equal(typeof sessions, 'object')
    },
  )
}

/** A gateway of a block that exports `config`. */
export async function loadGateway(trip: Trip, name: string, text: string): Promise<App> {
  trip.write(`${name}/config.ts`, text)
  const { gateway } = await trip.load<{ gateway: App }>(
    `${name}/gateway.ts`,
    "import { createGateway } from 'portcullis/gateway'\nimport * as own from './config.ts'\nexport const gateway = createGateway(Object.values(own).find((value) => value !== null && typeof value === 'object') as never)\n",
  )
  return gateway
}
