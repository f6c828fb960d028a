/** A Hono app of the pages' blocks on Workers, Node, Deno and Bun: sessions, forms, nonces, flash, limits, own tests. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { freePort } from '../../tools/dev/free-port.ts'
import type { Journey, Trip } from './support/journey.ts'
import { fill } from './support/pages.ts'
import { eventually, type Program, run, shellOk } from './support/services.ts'
import { type Answer, createVisitor, type Visitor } from './support/visitor.ts'

const secret = 'Q7v4kT2zNc9Xw5Rb8Lm3Yp6Gd1Hj0SfA'

interface RuntimeRecipe {
  readonly name: string
  /** Whether a handler reads its secret from `c.env`; elsewhere README.md says to read `process.env`. */
  readonly bindings: boolean
  start(trip: Trip, port: number): Promise<Program>
}

const runtimes: readonly RuntimeRecipe[] = [
  {
    name: 'Workers',
    bindings: true,
    async start(trip, port) {
      trip.write('.dev.vars', `SESSION_SECRET=${secret}\n`)
      trip.write(
        'wrangler.toml',
        'name = "app"\nmain = "main.ts"\ncompatibility_date = "2026-09-18"\n',
      )
      const args = ['wrangler', 'dev', '--port', `${port}`, '--ip', '127.0.0.1']
      return run('npx', args, { cwd: trip.folder })
    },
  },
  {
    name: 'Node',
    bindings: false,
    async start(trip, port) {
      const serve = `import { serve } from '@hono/node-server'
import app from './main.ts'
serve({ fetch: app.fetch, port: ${port}, hostname: '127.0.0.1' })
`
      trip.write('server.ts', serve)
      // Node reads TypeScript, and JSX it does not.
      const build =
        'npx esbuild server.ts --bundle --packages=external --format=esm --outfile=server.js'
      await shellOk(build, { cwd: trip.folder })
      return run(process.execPath, ['server.js'], {
        cwd: trip.folder,
        env: { SESSION_SECRET: secret },
      })
    },
  },
  {
    name: 'Deno',
    bindings: false,
    async start(trip, port) {
      const args = ['serve', '--no-lock', '--node-modules-dir=manual', '--allow-env', '--allow-net']
      const place = ['--host', '127.0.0.1', '--port', `${port}`, 'main.ts']
      return run(join(trip.installation, 'node_modules/.bin/deno'), [...args, ...place], {
        cwd: trip.folder,
        env: { SESSION_SECRET: secret },
      })
    },
  },
  {
    name: 'Bun',
    bindings: false,
    async start(trip, port) {
      return run(join(trip.installation, 'node_modules/.bin/bun'), ['run', 'main.ts'], {
        cwd: trip.folder,
        env: { SESSION_SECRET: secret, PORT: `${port}`, HOST: '127.0.0.1' },
      })
    },
  },
]

export const honoJourneys: readonly Journey[] = runtimes.map((runtime) => ({
  name: `Hono app on ${runtime.name}`,
  pages: [
    'README.md',
    'docs/sessions.md',
    'docs/csrf.md',
    'docs/headers.md',
    'docs/limits.md',
    'docs/pages.md',
  ],
  walk: (trip) => walkApp(trip, runtime),
}))

async function walkApp(trip: Trip, runtime: RuntimeRecipe): Promise<void> {
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const visitor = createVisitor(origin)

  await trip.step(`README.md: the app of the pages runs on ${runtime.name}`, async () => {
    writeApp(trip, runtime)
    const program = trip.use(await runtime.start(trip, port))
    try {
      await eventually(async () =>
        assert.equal((await createVisitor(origin).open('/health')).status, 404),
      )
    } catch (error) {
      throw new Error(program.said(), { cause: error })
    }
  })
  await walkVisits(trip, visitor)
  await walkCart(trip, visitor)
  await walkForms(trip, visitor, origin)
  await walkDocument(trip, visitor)
}

/** Each block in a file of its own, and one that mounts them, as anybody would who copies several. */
function writeApp(trip: Trip, runtime: RuntimeRecipe): void {
  const readEnvironment = (text: string): string =>
    runtime.bindings
      ? text
      : fill(text, { '(c) => c.env.SESSION_SECRET': '() => process.env.SESSION_SECRET' })
  const readme = trip.page('README.md')
  const headers = trip.page('docs/headers.md')
  const csrf = trip.page('docs/csrf.md')
  if (!runtime.bindings)
    readme.promises('In Node, Deno or Bun write secret: () => process.env.SESSION_SECRET')

  trip.write('visits.ts', readEnvironment(readme.next('ts', 'Visit $').text))
  trip.write(
    'cart.ts',
    readEnvironment(trip.page('docs/sessions.md').next('ts', "'/cart/:sku'").text),
  )
  trip.write('transfer.ts', csrf.next('ts', '/transfer').text)
  trip.write('form.ts', readEnvironment(csrf.next('ts', 'csrfTokens').text))
  trip.write('page.ts', headers.next('ts', '<script nonce').text)
  trip.write('view.tsx', headers.next('tsx', '<script nonce').text)
  trip.write('limits.ts', trip.page('docs/limits.md').next('ts', 'memoryLimiter, rateLimit').text)
  trip.write('pages.ts', trip.page('docs/pages.md').next('ts', 'notFoundPage').text)
  headers.promises('"jsx": "react-jsx"')
  trip.write('tsconfig.json', '{ "compilerOptions": { "jsx": "react-jsx" } }')
  trip.write(
    'main.ts',
    `import { Hono } from 'hono'
import visits from './visits.ts'
import { app as cart } from './cart.ts'
import { app as transfer } from './transfer.ts'
import { app as form } from './form.ts'
import { app as page } from './page.ts'
import { app as view } from './view.tsx'
import { limits } from './limits.ts'
import { app as pages } from './pages.ts'

const limited = new Hono().use(limits).get('/search', (c) => c.text('found'))

export default new Hono()
  .route('/visits', visits)
  .route('/shop', cart)
  .route('/bank', transfer)
  .route('/tokens', form)
  .route('/page', page)
  .route('/view', view)
  .route('/limited', limited)
  .mount('/pages', pages.fetch)
  .notFound((c) => c.text('nothing here', 404))
`,
  )
}

async function walkVisits(trip: Trip, visitor: Visitor): Promise<void> {
  await trip.step(
    'README.md: visits are counted in a cookie that only this site reads',
    async () => {
      const first = await visitor.open('/visits')
      assert.equal(first.text, 'Visit 1')
      assert.match(
        first.headers.get('set-cookie') ?? '',
        /^__Host-session=[\w.-]+; Path=\/; Max-Age=\d+; Secure; HttpOnly; SameSite=Lax$|^__Host-session=[\w.-]+;(?=.*Secure)(?=.*HttpOnly)(?=.*SameSite=Lax)/,
      )
      assert.equal(first.headers.get('cache-control'), 'no-store')
      assert.equal((await visitor.open('/visits')).text, 'Visit 2')
    },
  )

  await trip.step(
    'docs/pages.md: an address that is not there is a page with the name of the site',
    async () => {
      const missing = await visitor.open('/pages/nowhere')
      assert.equal(missing.status, 404)
      assert.match(missing.text, /Example Shop/)
      const forProgram = await visitor.send('GET', '/pages/nowhere', { accept: 'application/json' })
      assert.match(forProgram.headers.get('content-type') ?? '', /^application\/problem\+json/)
    },
  )
}

async function walkCart(trip: Trip, visitor: Visitor): Promise<void> {
  await trip.step(
    'docs/sessions.md: a cart, a login that keeps it, a message that is shown once',
    async () => {
      visitor.cookies.clear()
      assert.equal((await visitor.open('/shop/account')).status, 303)
      assert.equal((await visitor.submit('/shop/cart/apple')).status, 204)
      assert.equal((await visitor.open('/shop/account')).location?.split('?')[0], '/login')
      const before = visitor.cookies.get('__Host-session')
      assert.equal((await visitor.submit('/shop/login')).location, '/account')
      assert.notEqual(visitor.cookies.get('__Host-session'), before)
      const account = (await visitor.open('/shop/account')).json<object>()
      assert.deepEqual(account, { data: { user: 'ada', cart: ['apple'] }, notice: 'Welcome back' })
      const again = (await visitor.open('/shop/account')).json<{ notice?: string }>()
      assert.equal(again.notice, undefined)
      assert.equal((await visitor.submit('/shop/password')).text, 'changed')
    },
  )

  await trip.step(
    'docs/sessions.md: a stateless logout clears this browser, and a copy still opens',
    async () => {
      trip.page('README.md').promises('A stateless session cannot be revoked')
      const copy = visitor.cookies.get('__Host-session') ?? ''
      assert.equal((await visitor.submit('/shop/logout')).status, 303)
      assert.equal(visitor.cookies.has('__Host-session'), false)
      assert.equal((await visitor.open('/shop/account')).status, 303)
      visitor.cookies.set('__Host-session', copy)
      assert.equal((await visitor.open('/shop/account')).status, 200)
      visitor.cookies.set('__Host-session', `${copy.slice(0, -1)}${copy.endsWith('A') ? 'B' : 'A'}`)
      assert.equal((await visitor.open('/shop/account')).status, 303)
      visitor.cookies.clear()
    },
  )
}

async function walkForms(trip: Trip, visitor: Visitor, origin: string): Promise<void> {
  await trip.step(
    'docs/csrf.md: forms of this site pass, those of another do not, programs do',
    async () => {
      assert.equal((await visitor.submit('/bank/transfer')).text, 'done')
      const forged = await visitor.submit('/bank/transfer', {}, 'https://evil.example')
      assert.deepEqual([forged.status, forged.headers.get('cache-control')], [403, 'no-store'])
      assert.equal((await createVisitor(origin).send('POST', '/bank/transfer')).status, 200)
      visitor.cookies.set('other', '1')
      assert.equal((await visitor.send('POST', '/bank/transfer')).status, 403)
      visitor.cookies.clear()
    },
  )

  await trip.step('docs/csrf.md: a token is a field of the form', async () => {
    const page = await visitor.open('/tokens/form')
    assert.match(page.text, /name="csrf_token" value="/)
    assert.equal(
      (await visitor.submit('/tokens/form', { amount: '7' })).json<{ amount: string }>().amount,
      '7',
    )
  })

  await trip.step(
    'docs/limits.md: the policy with the least left says how long to wait',
    async () => {
      const searches: Answer[] = []
      for (let count = 0; count < 101; count++)
        searches.push(await visitor.send('GET', '/limited/search'))
      assert.equal(
        searches[0]?.headers.get('ratelimit-policy')?.includes('"address";q=100;w=60'),
        true,
      )
      assert.deepEqual([searches[99]?.status, searches[100]?.status], [200, 429])
      assert.match(searches[100]?.headers.get('retry-after') ?? '', /^\d+$/)
    },
  )
}

async function walkDocument(trip: Trip, visitor: Visitor): Promise<void> {
  await trip.step(
    'docs/headers.md: each document has a policy with a nonce of its own, in html and in JSX',
    async () => {
      const nonces = new Set<string>()
      for (const path of ['/page', '/page', '/view', '/view']) {
        const page = await visitor.open(path)
        const nonce = /<script nonce="([\w+/=-]+)"/.exec(page.text)?.[1] ?? ''
        assert.ok(nonce.length >= 22, page.text)
        assert.ok(page.headers.get('content-security-policy')?.includes(`'nonce-${nonce}'`))
        assert.equal(page.headers.get('x-content-type-options'), 'nosniff')
        assert.equal(page.headers.get('cross-origin-opener-policy'), 'same-origin')
        nonces.add(nonce)
      }
      assert.equal(nonces.size, 4)
    },
  )
}
