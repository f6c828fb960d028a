/** Vercel: a function, a guard in front of a project, and Next with its app router and with its pages router. */
import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../tools/dev/free-port.ts'
import type { Journey, Trip } from './support/journey.ts'
import { fill } from './support/pages.ts'
import { eventually, run, shellOk } from './support/services.ts'
import { startUpstream } from './support/upstream.ts'
import { createVisitor, inProcess } from './support/visitor.ts'

const secret = 'H4m9Xt2Vq7Kz3Lw8Rc5Nb1Yd6Gp0JsFa'

interface Fetcher {
  fetch(request: Request, env?: never): Promise<Response>
}

export const vercelFunctionJourney: Journey = {
  name: 'Vercel function',
  pages: ['README.md', 'docs/vercel.md', 'docs/runtimes.md'],
  async walk(trip) {
    await walkFunction(trip)
    await walkGuard(trip)
  },
}

async function walkFunction(trip: Trip): Promise<void> {
  const upstream = trip.use(await startUpstream())
  await trip.step('README.md: a gateway is a function: its default export has fetch', async () => {
    const text = fill(trip.page('README.md').next('ts', "platform: 'vercel'").text, {
      'https://origin.example.com': upstream.url,
    })
    const { default: handler } = await trip.load<{ default: Fetcher }>('api/index.ts', text)
    const visitor = createVisitor('https://www.example.com', inProcess(handler))
    // What Vercel's proxy says of a request.
    const platform = { 'x-forwarded-proto': 'https', 'x-real-ip': '203.0.113.9' }
    const page = await visitor.open('/orders', platform)
    assert.deepEqual([page.status, page.text], [200, 'upstream /orders'])
    assert.equal(page.headers.get('x-content-type-options'), 'nosniff')
    assert.equal(
      upstream.received.every(({ headers }) => headers['x-forwarded-proto'] === 'https'),
      true,
    )
  })

  await trip.step(
    'docs/runtimes.md: the same gateway is the module of Workers, Deno and Bun',
    async () => {
      const text = fill(trip.page('docs/runtimes.md').next('ts', 'export default gateway').text, {
        'https://app.internal.example': upstream.url,
      })
      trip.write('deno/main.ts', text)
      const port = await freePort()
      const deno = join(trip.installation, 'node_modules/.bin/deno')
      const args = ['serve', '--no-lock', '--node-modules-dir=manual', '--allow-net', '--allow-env']
      const place = ['--host', '127.0.0.1', '--port', `${port}`, 'main.ts']
      trip.use(run(deno, [...args, ...place], { cwd: join(trip.folder, 'deno') }))
      const visitor = createVisitor(`http://localhost:${port}`)
      await eventually(() => visitor.open('/.portcullis/health'))
      const proxied = { host: 'app.example.com', 'cf-visitor': '{"scheme":"https"}' }
      assert.equal((await visitor.open('/shop', proxied)).text, 'upstream /shop')
      assert.equal((await visitor.open('/shop')).status, 421)
    },
  )
}

async function walkGuard(trip: Trip): Promise<void> {
  const page = trip.page('docs/vercel.md')
  const readme = trip.page('README.md')
  Object.assign(process.env, {
    PUBLIC_ORIGIN: 'https://www.example.com',
    SESSION_SECRET: secret,
    ASSERTION_KEY: await assertionKey(),
  })
  type Guard = (request: Request) => Promise<Response>

  await trip.step('README.md: in front of a project a request passes, or is answered', async () => {
    const { default: guard } = await trip.load<{ default: Guard }>(
      'guard/proxy.ts',
      readme.next('ts', "from 'portcullis/vercel'").text,
    )
    const visitor = createVisitor('https://www.example.com', inProcess({ fetch: guard }))
    const open = await visitor.open('/login', { 'x-forwarded-proto': 'https' })
    assert.equal(open.headers.get('x-middleware-next'), '1')
    const closed = await visitor.open('/account', { 'x-forwarded-proto': 'https' })
    assert.deepEqual([closed.status, new URL(closed.location ?? '').pathname], [303, '/login'])
  })

  await trip.step('docs/vercel.md: base path, locales and rewrites of Next', async () => {
    const { default: guard } = await trip.load<{ default: Guard }>(
      'base/proxy.ts',
      page.next('ts', "basePath: '/shop'").text,
    )
    const visitor = createVisitor('https://www.example.com', inProcess({ fetch: guard }))
    for (const path of [
      '/shop/admin',
      '/shop/fr/admin',
      '/shop/team/x',
      '/shop/_next/data/b/fr/admin.json',
    ])
      assert.equal(
        (await visitor.open(path, { 'x-forwarded-proto': 'https', 'x-real-ip': '198.51.100.7' }))
          .status,
        403,
        path,
      )
    const inside = await visitor.open('/shop/admin', {
      'x-forwarded-proto': 'https',
      'x-real-ip': '203.0.113.7',
    })
    assert.equal(inside.headers.get('x-middleware-next'), '1')
  })

  await trip.step('docs/vercel.md: an app of your own as guard', async () => {
    const { default: guard } = await trip.load<{ default: Guard }>(
      'own/proxy.ts',
      page.next('ts', 'passThrough').text,
    )
    const visitor = createVisitor('https://www.example.com', inProcess({ fetch: guard }))
    assert.equal((await visitor.open('/old')).status, 302)
    const passed = await visitor.open('/page')
    assert.equal(passed.headers.get('x-middleware-request-x-tenant'), 'north')
  })
}

/** Next's own project, with the guard of the page and pages of its two routers. */
const routers: ReadonlyArray<{
  readonly name: string
  readonly files: Readonly<Record<string, string>>
}> = [
  {
    name: 'app router',
    files: {
      'app/layout.tsx': `import { connection } from 'next/server'
export default async function Layout({ children }: { children: React.ReactNode }) {
  await connection()
  return <html lang="en"><body>{children}</body></html>
}
`,
      'app/page.tsx': `import { whoIsAsking } from '../lib/session'
export default async function Home() {
  const session = await whoIsAsking()
  return <p>Hello {session?.data.user ?? 'stranger'}</p>
}
`,
      'app/login/route.ts': `import { session } from '../../lib/session'
export async function GET() { return new Response('sign in') }
export async function POST(request: Request) {
  const form = await request.formData()
  await (await session()).start({ user: String(form.get('user')), roles: [] })
  return new Response(null, { status: 303, headers: { location: '/' } })
}
`,
      'app/account/page.tsx': `import { headers } from 'next/headers'
import { verifyAssertion } from '../../lib/session'
export default async function Account() {
  const assertion = await verifyAssertion(await headers())
  return <p>Account of {assertion?.user}</p>
}
`,
      'app/admin/page.tsx':
        'export default function Admin() { return <p>for administrators</p> }\n',
    },
  },
  {
    name: 'pages router',
    files: {
      'pages/_document.tsx': `import Document, { Head, Html, Main, NextScript, type DocumentContext } from 'next/document'
export default class Page extends Document<{ nonce?: string }> {
  static override async getInitialProps(context: DocumentContext) {
    const policy = String(context.req?.headers['content-security-policy'] ?? '')
    return { ...(await Document.getInitialProps(context)), nonce: /'nonce-([^']+)'/.exec(policy)?.[1] }
  }
  override render() {
    return <Html lang="en"><Head nonce={this.props.nonce} /><body><Main /><NextScript nonce={this.props.nonce} /></body></Html>
  }
}
`,
      'pages/index.tsx': `export async function getServerSideProps() { return { props: {} } }
export default function Home() { return <p>Hello stranger</p> }
`,
      'pages/account.tsx': `export async function getServerSideProps() { return { props: {} } }
export default function Account() { return <p>Account</p> }
`,
      'pages/admin.tsx': `export async function getServerSideProps() { return { props: {} } }
export default function Admin() { return <p>for administrators</p> }
`,
      'pages/login.tsx': `export async function getServerSideProps() { return { props: {} } }
export default function Login() { return <p>sign in</p> }
`,
    },
  },
]

export const nextJourneys: readonly Journey[] = routers.map(({ name, files }) => ({
  name: `Next, ${name}`,
  pages: ['docs/vercel.md'],
  async walk(trip) {
    const port = await freePort()
    const origin = `http://localhost:${port}`
    const page = trip.page('docs/vercel.md')
    const env = {
      PUBLIC_ORIGIN: origin,
      SESSION_SECRET: secret,
      ASSERTION_KEY: await assertionKey(),
      CI: 'true',
    }

    await trip.step('docs/vercel.md: a project with the guard builds', async () => {
      const guard = page.next('ts', '// proxy.ts').text
      trip.write('proxy.ts', guard)
      trip.write('lib/session.ts', page.next('ts', '// lib/session.ts').text)
      for (const [path, text] of Object.entries(files)) trip.write(path, text)
      trip.write('package.json', '{ "private": true, "type": "module" }')
      trip.write(
        'next.config.ts',
        "export default { poweredByHeader: false, turbopack: { root: '../..' } }\n".replace(
          "'../..'",
          JSON.stringify(trip.installation),
        ),
      )
      mkdirSync(join(trip.folder, 'node_modules'), { recursive: true })
      for (const name of [
        'portcullis',
        'next',
        'react',
        'react-dom',
        'hono',
        'jose',
        'typescript',
        '@types',
      ])
        symlinkSync(
          join(trip.installation, 'node_modules', name),
          join(trip.folder, 'node_modules', name),
        )
      await shellOk('npx next build', { cwd: trip.folder, env })
    })

    await trip.step(
      'docs/vercel.md: every script of a page has the nonce of its policy',
      async () => {
        const server = trip.use(
          run('npx', ['next', 'start', '-p', `${port}`], { cwd: trip.folder, env }),
        )
        await server.saying('Ready in')
        const home = await createVisitor(origin).open('/')
        assert.equal(home.status, 200)
        const policy =
          home.headers.get('content-security-policy-report-only') ??
          home.headers.get('content-security-policy') ??
          ''
        const nonce = /'nonce-([^']+)'/.exec(policy)?.[1] ?? 'none'
        const scripts = [...home.text.matchAll(/<script\b[^>]*>/g)].map(([tag]) => tag)
        assert.ok(scripts.length > 0 && nonce !== 'none', policy)
        assert.deepEqual(
          scripts.filter((tag) => !tag.includes(`nonce="${nonce}"`)),
          [],
        )
      },
    )

    await trip.step(
      'docs/vercel.md: what is not listed needs a session, at every address of Next',
      async () => {
        const guest = createVisitor(origin)
        const closed = await guest.open('/account')
        assert.deepEqual(
          [
            closed.status,
            closed.location?.startsWith(`${origin}/login?return_to=`) ||
              closed.location?.startsWith('/login?return_to='),
          ],
          [303, true],
        )
        for (const path of ['/account.rsc', '/ACCOUNT', '/account/'])
          assert.notEqual((await guest.send('GET', path)).status, 200, path)
        assert.equal((await guest.open('/login')).status, 200)
      },
    )

    if (name === 'app router') await walkServerSide(trip, origin)
  },
}))

async function walkServerSide(trip: Trip, origin: string): Promise<void> {
  await trip.step(
    'docs/vercel.md: server code begins a session, and reads it where the data is',
    async () => {
      const ada = createVisitor(origin)
      assert.match((await ada.open('/')).text, /Hello (?:<!-- -->)?stranger/)
      assert.equal((await ada.submit('/login', { user: 'ada' })).status, 303)
      assert.match((await ada.open('/')).text, /Hello (?:<!-- -->)?ada/)
      assert.match((await ada.open('/account')).text, /Account of (?:<!-- -->)?ada/)
      assert.equal((await ada.open('/admin')).status, 403)
      assert.equal(
        (await ada.submit('/login', { user: 'eve' }, 'https://evil.example')).status,
        403,
      )
    },
  )
}

async function assertionKey(): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const { privateKey } = (await crypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair
  return JSON.stringify({
    ...(await crypto.subtle.exportKey('jwk', privateKey)),
    kid: 'one',
    alg: 'ES256',
  })
}
