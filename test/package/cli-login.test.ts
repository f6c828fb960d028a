/** `portcullis init --login` and `portcullis provider` from the packed tarball: an empty folder, and somebody is signed in. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createLoginBrowser, signInAs } from '../../src/testing/index.ts'
import { startOrigin } from '../support/origin.ts'
import { installPacked, type Packed } from '../support/packed.ts'
import { rawFetch } from '../support/raw.ts'
import { startWorkerd } from '../support/workerd.ts'

let packed: Packed
let folder: string
beforeAll(() => {
  packed = installPacked(['bowser', 'hono', 'jose', 'oauth4webapi', 'wrangler'])
}, 240_000)
afterAll(() => packed.remove())
beforeEach(() => {
  folder = join(packed.folder, 'members')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
})

const readScript = (): string => join(packed.installed, 'dist/cli/main.js')
const text = (file: string): string => readFileSync(join(folder, file), 'utf8')

function portcullis(...args: string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [readScript(), ...args], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
  })
  return { status, out: stdout, err: stderr }
}

async function findPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** The variables of development, as wrangler dev reads them. */
function readBindings(): Record<string, string> {
  const secrets = [...text('.dev.vars').matchAll(/^([A-Z_]+)='(.*)'$/gm)]
  const [development = ''] = text('wrangler.toml').split('[env.production]')
  const variables = [...development.matchAll(/^([A-Z_]+) = "(.*?)"/gm)]
  return Object.fromEntries([...secrets, ...variables].map(([, name, value]) => [name, value]))
}

describe('portcullis init --login', () => {
  it('makes a gateway whose people sign in by one click at the provider that runs beside it', async () => {
    const upstream = await startOrigin(({ url }) => ({ body: `origin ${url}` }))
    expect(portcullis('init', '--login', '--upstream', upstream.url)).toMatchObject({
      status: 0,
      err: '',
      out: expect.stringContaining('development provider on http://localhost:8789'),
    })
    expect(JSON.parse(text('package.json')).scripts.dev).toBe('portcullis provider -- wrangler dev')
    expect(portcullis('check')).toMatchObject({
      status: 0,
      err: '',
      out: expect.stringMatching(
        /config: the gateway builds, wrangler.toml has no known problem\n$/,
      ),
    })
    execFileSync(resolve('node_modules/.bin/tsc'), ['-p', folder])
    execFileSync(
      resolve('node_modules/.bin/wrangler'),
      ['deploy', '--dry-run', '--outdir', 'out'],
      {
        cwd: folder,
        env: { ...process.env, WRANGLER_SEND_METRICS: 'false' },
        stdio: 'ignore',
      },
    )

    const port = await findPort()
    const issuer = `http://localhost:${port}`
    const provider = spawn(process.execPath, [readScript(), 'provider', '--port', `${port}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(provider.stdout, 'data')
    const bindings = { ...readBindings(), LOGIN_ISSUER: issuer }
    const worker = await startWorkerd({ module: text('out/worker.js') }, { bindings })
    try {
      const browser = createLoginBrowser({
        site: { fetch: (request) => askWorker(worker.port, request) },
        origin: 'http://localhost:8787',
        provider: { issuer, fetch: (request, init) => fetch(request, init) },
      })
      const page = await signInAs(browser, 'alice', { path: '/account/x' })
      expect([page.status, await page.text()]).toEqual([200, 'origin /account/x'])
      expect(upstream.last().headers.map(([name]) => name.toLowerCase())).toContain(
        'portcullis-assertion',
      )
      // Alice is in the group admins at the provider, Bob is not.
      expect((await browser.open('/admin/x')).status).toBe(200)
    } finally {
      provider.kill()
      await worker.stop()
      await upstream.stop()
    }
  }, 120_000)

  it('asks the provider for its metadata, and lists the addresses to register', async () => {
    portcullis('init', '--login')
    const { status, out, err } = portcullis('check', '--providers')
    // Nothing listens there: the provider runs with npm run dev.
    expect(status).toBe(1)
    expect(out + err).toContain('http://localhost:8787/.portcullis/callback/work')
    expect(out + err).toContain('its metadata cannot be read')
  })
})

/** Over a socket: the Worker serves localhost:8787 only, and listens elsewhere in this test. */
async function askWorker(port: number, request: Request): Promise<Response> {
  const { pathname, search, host } = new URL(request.url)
  const body = request.body === null ? undefined : await request.text()
  const answer = await rawFetch(port, {
    host,
    method: request.method,
    path: `${pathname}${search}`,
    headers: [...request.headers],
    ...(body !== undefined && { body }),
  })
  const headers = answer.headers.filter(([name]) => !/^transfer-encoding$/i.test(name))
  const isEmpty = [204, 303, 304].includes(answer.status)
  return new Response(isEmpty ? null : answer.text, {
    status: answer.status,
    headers: [...headers] as [string, string][],
  })
}
