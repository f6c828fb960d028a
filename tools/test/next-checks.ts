/** What `npm run test:next` asks of a running project, each in one sentence. */
import assert from 'node:assert/strict'
import { request } from 'node:http'
import type { Browser, BrowserContext, Page } from 'playwright-core'

/** A project that runs, and a browser in front of it. */
export interface Scene {
  readonly url: string
  readonly browser: Browser
  /** Seconds after which an idle session ends; a tenth of it later a request winds it up. */
  readonly idle: number
}

/** One thing to find out; rejects where it is not so. */
export type Check = readonly [title: string, run: (scene: Scene) => Promise<void>]

/** What holds whatever keeps the sessions. */
export const everywhere: readonly Check[] = [
  [
    'a page runs its scripts under the policy, and no browser complains',
    (scene) =>
      visit(scene, async ({ page, complaints }) => {
        const answer = await page.goto('/')
        const policy = answer?.headers()['content-security-policy'] ?? ''
        assert.match(policy, /script-src 'nonce-[\w-]{24}' 'strict-dynamic'/)
        await page.click('text=Clicked 0 times')
        assert.equal(await page.textContent('main button'), 'Clicked 1 times')
        assert.deepEqual(complaints, [])

        const again = (await page.goto('/'))?.headers()['content-security-policy']
        assert.notEqual(again, policy, 'the nonce is another one for each answer')
      }),
  ],
  [
    'what is protected leads to the login and back, and logging out ends it',
    (scene) =>
      visit(scene, async ({ page, context, complaints }) => {
        await page.goto('/account')
        assert.equal(new URL(page.url()).pathname, '/login')
        await logIn(page, 'alice', 'wrong')
        await page.waitForSelector('[role=alert]:has-text("do not belong together")')
        assert.deepEqual(await context.cookies(), [])
        await page.goto('/account')
        await logIn(page, 'alice', 'wonderland')
        await page.waitForURL('**/account')
        assert.match((await page.textContent('main')) ?? '', /Account of Alice/)

        const [cookie, ...more] = await context.cookies()
        assert.deepEqual(more, [])

        const { name, path, httpOnly, secure, sameSite } = cookie ?? {}
        assert.deepEqual(
          [name, path, httpOnly, secure, sameSite],
          ['__Host-session', '/', true, true, 'Lax'],
        )
        await page.click('text=Log out')
        await page.waitForSelector('header >> text=Log in')
        assert.deepEqual(await context.cookies(), [])
        assert.equal((await context.request.get('/api/me')).status(), 401)
        assert.deepEqual(complaints, [])
      }),
  ],
  [
    'a route handler believes the signed word of the guard, and none of a client',
    (scene) =>
      visit(scene, async ({ page, context }) => {
        const forged = {
          'portcullis-assertion': `e30.${btoa('{"sub":"alice"}')}.x`,
          portcullis_assertion: 'x',
        }
        assert.equal((await fetch(`${scene.url}/api/me`, { headers: forged })).status, 401)
        await page.goto('/login')
        await logIn(page, 'bob', 'builder')
        await page.waitForURL('**/account')

        const answer = await context.request.get('/api/me', { headers: forged })
        assert.equal(((await answer.json()) as { user: string }).user, 'bob')
      }),
  ],
  [
    'headers that only Next, the platform or the guard may say do not reach the project',
    async ({ url }) => {
      // curl -H 'x-middleware-subrequest: proxy:proxy:proxy:proxy:proxy' (CVE-2025-29927)
      const spoofed = {
        'x-middleware-subrequest': 'middleware:middleware:middleware:middleware:middleware',
        'x-middleware-request-x-user': 'alice',
        'x-middleware-override-headers': 'x-user',
        'x-middleware-rewrite': '/account',
        'x-middleware-set-cookie': 'a=1',
        'x-nextjs-data': '1',
        'x-vercel-user': 'alice',
        'x-forwarded-user': 'alice',
        'portcullis-assertion': 'x',
        portcullis_assertion: 'x',
        'portcullis-sessions': '[]',
        x_real_ip: '127.0.0.1',
      }

      const answer = await fetch(`${url}/api/seen`, { headers: { ...spoofed, 'x-app': 'kept' } })
      const seen = (await answer.json()) as string[]
      assert.deepEqual(
        Object.keys(spoofed).filter((name) => seen.includes(name)),
        [],
      )

      for (const name of ['host', 'x-app', 'x-request-id', 'x-forwarded-host'])
        assert.ok(seen.includes(name), name)
      for (const name of Object.keys(spoofed)) {
        const value = spoofed[name as keyof typeof spoofed]
        const tried = await fetch(`${url}/account`, {
          headers: { [name]: value },
          redirect: 'manual',
        })
        assert.equal(tried.status, 401, name)
      }
    },
  ],
  [
    'the client is told nothing of what the guard told the project',
    async ({ url }) => {
      const names = [...(await fetch(`${url}/`)).headers.keys()]
      assert.deepEqual(
        names.filter((name) => /^(?:x-middleware-|portcullis|x-powered-by)/.test(name)),
        [],
      )
    },
  ],
  [
    'a body of 12 MB gets 413 and is not cut; one of 9 MB arrives whole',
    async ({ url }) => {
      assert.deepEqual(await upload(url, 12_582_912, true), { status: 413, bytes: undefined })
      assert.deepEqual(await upload(url, 12_582_912, false), { status: 413, bytes: undefined })
      assert.deepEqual(await upload(url, 9_000_000, true), { status: 200, bytes: 9_000_000 })
      assert.deepEqual(await upload(url, 9_000_000, false), { status: 200, bytes: 9_000_000 })
    },
  ],
  [
    'a form of another site gets 403, another host 421',
    async ({ url }) => {
      const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
      assert.equal(
        (await fetch(`${url}/api/upload`, { method: 'POST', headers, body: 'x' })).status,
        403,
      )
      assert.equal((await raw(url, '/', { host: 'evil.example' })).status, 421)
    },
  ],
  [
    'no spelling of a path goes past the guard',
    async ({ url }) => {
      const spellings = [
        '/account/',
        '/ACCOUNT',
        '/%61ccount',
        '//account',
        '/./account',
        '/login/../account',
        '/login/%2e%2e/account',
        '/favicon.icoX',
        '/_next/static/../../account',
        '/_next/static/%2e%2e/%2e%2e/account',
        '/_next/data/x/account.json',
      ]

      for (const path of spellings) {
        const { status, body } = await raw(url, path, {})
        assert.ok(status >= 300 && status < 500, `${path}: ${status}`)
        assert.ok(!body.includes('Account of'), path)
      }
    },
  ],
]

/** Only sessions in cookies are sealed anew while they are used. */
export const stateless: readonly Check[] = [
  [
    'a session that the guard winds up is the one that the same request sees',
    (scene) =>
      visit(scene, async ({ page, context }) => {
        await page.goto('/login')
        await logIn(page, 'alice', 'wonderland')
        await page.waitForURL('**/account')

        const [before] = await context.cookies()
        const end = Date.now() + scene.idle * 1000

        for (;;) {
          assert.ok(Date.now() < end, 'no request wound the session up')
          const sent = (await context.cookies())[0]?.expires ?? 0
          const answer = await context.request.get('/api/me')
          const set = answer
            .headersArray()
            .filter(({ name }) => name.toLowerCase() === 'set-cookie')
          const { idleExpiresAt } = (await answer.json()) as { idleExpiresAt: number }

          if (set.length === 0) {
            await new Promise((done) => setTimeout(done, 300))
            continue
          }

          assert.equal(set.length, 1)
          const [after] = await context.cookies()
          assert.notEqual(after?.value, before?.value)

          // What the cookie that the browser sent said of its end was at most what its Max-Age said.
          assert.ok(idleExpiresAt / 1000 > sent, 'the handler saw the cookie that was just set')
          return
        }
      }),
  ],
]

/** Only stored sessions are known besides the one that asks. */
export const stored: readonly Check[] = [
  [
    'a user sees the other device, logs it out, and it is out at once',
    (scene) =>
      visit(scene, async ({ page }) => {
        await page.goto('/login')
        await logIn(page, 'alice', 'wonderland')
        await page.waitForURL('**/account')
        await visit(scene, async (other) => {
          await other.page.goto('/login')
          await logIn(other.page, 'alice', 'wonderland')
          await other.page.waitForURL('**/account')
          await page.goto('/account')
          assert.equal(await page.locator('main li').count(), 2)
          await page.click('text=Log it out')
          await page.locator('main li').nth(1).waitFor({ state: 'detached' })
          assert.equal((await other.context.request.get('/api/me')).status(), 401)
        })

        await page.click('text=Log out')
        await page.waitForSelector('header >> text=Log in')
      }),
  ],
  [
    'a cookie that was copied before the logout is worth nothing after it',
    (scene) =>
      visit(scene, async ({ page, context }) => {
        await page.goto('/login')
        await logIn(page, 'bob', 'builder')
        await page.waitForURL('**/account')

        const [cookie] = await context.cookies()
        const headers = { cookie: `${cookie?.name}=${cookie?.value}` }
        assert.equal((await fetch(`${scene.url}/api/me`, { headers })).status, 200)
        await page.click('text=Log out')
        await page.waitForSelector('header >> text=Log in')
        assert.equal((await fetch(`${scene.url}/api/me`, { headers })).status, 401)
      }),
  ],
]

interface Visit {
  readonly page: Page
  readonly context: BrowserContext
  /** What the browser had to say: violations of the policy, scripts that threw. */
  readonly complaints: string[]
}

async function visit({ browser, url }: Scene, run: (visit: Visit) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ baseURL: url })
  try {
    const page = await context.newPage()
    page.setDefaultTimeout(90_000)

    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    await run({ page, context, complaints })
  } finally {
    await context.close()
  }
}

async function logIn(page: Page, user: string, password: string): Promise<void> {
  await page.fill('input[name=user]', user)
  await page.fill('input[name=password]', password)
  await page.click('main button[type=submit]')
}

interface Raw {
  readonly status: number
  readonly body: string
}

/** A request with this very path and host; `fetch` would tidy both. */
function raw(
  url: string,
  path: string,
  headers: Record<string, string>,
  send?: (write: Writer) => void,
): Promise<Raw> {
  const { hostname, port } = new URL(url)
  return new Promise((done, failed) => {
    const method = send === undefined ? 'GET' : 'POST'
    const sent = request({ hostname, port, path, method, headers }, (answer) => {
      let body = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk
      })
      answer.once('end', () => done({ status: answer.statusCode ?? 0, body }))
    })

    sent.once('error', failed)
    if (send === undefined) sent.end()
    else send(sent)
  })
}

type Writer = { end(body: Uint8Array): unknown }

async function upload(
  url: string,
  bytes: number,
  says: boolean,
): Promise<{ status: number; bytes: number | undefined }> {
  const headers = {
    origin: url,
    'sec-fetch-site': 'same-origin',
    'content-type': 'application/octet-stream',
    ...(says ? { 'content-length': `${bytes}` } : { 'transfer-encoding': 'chunked' }),
  }

  const { status, body } = await raw(url, '/api/upload', headers, (sent) =>
    sent.end(new Uint8Array(bytes)),
  )
  return { status, bytes: (JSON.parse(body) as { bytes?: number }).bytes }
}
