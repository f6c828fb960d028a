/** docs/operations.md, "Rotating secrets", in a project that `portcullis init` made of the packed tarball. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assertionKey, sessionSecret } from '../../tools/dev/secret.ts'
import { type Origin, startOrigin } from '../support/origin.ts'
import { installPacked, type Packed } from '../support/packed.ts'
import { rawFetch } from '../support/raw.ts'
import { startWorkerd } from '../support/workerd.ts'

const host = 'localhost:8787'
let packed: Packed
let origin: Origin
let module: string
let vars: Record<string, string>

beforeAll(async () => {
  packed = installPacked(['bowser', 'hono', 'jose', 'oauth4webapi', 'wrangler'])
  origin = await startOrigin(({ url, method, headers }) => {
    if (url !== '/login' || method !== 'POST') return { body: `origin ${url}` }
    const nonce = headers.find(([name]) => name.toLowerCase() === 'portcullis-session-nonce')?.[1]
    const start = Buffer.from(JSON.stringify({ start: { data: { user: 'alice' } } })).toString(
      'base64url',
    )
    return {
      status: 303,
      headers: { Location: '/account/x', 'Portcullis-Session': `${nonce}.${start}` },
    }
  })
  const folder = join(packed.folder, 'shop')
  mkdirSync(folder)
  const init = [join(packed.installed, 'dist/cli/main.js'), 'init', '--upstream', origin.url]
  expect(spawnSync(process.execPath, init, { cwd: folder }).status).toBe(0)
  execFileSync(resolve('node_modules/.bin/wrangler'), ['deploy', '--dry-run', '--outdir', 'out'], {
    cwd: folder,
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false' },
    stdio: 'ignore',
  })
  module = readFileSync(join(folder, 'out/worker.js'), 'utf8')
  // What is above [env.production] is for development.
  const [toml = ''] = readFileSync(join(folder, 'wrangler.toml'), 'utf8').split('[env.production]')
  vars = Object.fromEntries(
    [...toml.matchAll(/^([A-Z_]+) = "(.*?)"/gm)].map(([, name, value]) => [name, value]),
  )
}, 180_000)
afterAll(async () => {
  await origin?.stop()
  packed?.remove()
})

/** A deployment of these values, for as long as `use` takes. */
async function deploy(
  secret: string,
  key: string,
  use: (port: number) => Promise<void>,
): Promise<void> {
  const bindings = { ...vars, SESSION_SECRET: secret, ASSERTION_KEY: key }
  const worker = await startWorkerd({ module }, { bindings })
  try {
    await use(worker.port)
  } finally {
    await worker.stop()
  }
}

async function signIn(port: number): Promise<string> {
  const headers = [['Origin', 'http://localhost:8787']] as const
  const login = await rawFetch(port, { host, method: 'POST', path: '/login', headers, body: '' })
  expect(login.status).toBe(303)
  return login.header('set-cookie')?.split(';')[0] ?? ''
}

async function status(port: number, cookie: string): Promise<number> {
  return (await rawFetch(port, { host, path: '/account/x', headers: [['Cookie', cookie]] })).status
}

describe('S2: rotating the secrets of a project that portcullis init made', () => {
  it('logs nobody out at any step, forwards or back', async () => {
    const [old, next] = [sessionSecret(), sessionSecret()]
    const [oldKey, nextKey] = [await assertionKey(), await assertionKey()]
    // As `echo "$OLD $NEW" | wrangler secret put` and other platforms keep them: with a line end or without.
    const steps: ReadonlyArray<readonly [step: string, secret: string, key: string]> = [
      ['before', old, oldKey],
      ['1. append', `${old} ${next}`, `[${oldKey},${nextKey}]`],
      ['2. move first', `${next} ${old}\n`, `[${nextKey},${oldKey}]`],
      ['rolled back to 1', `${old} ${next}`, `[${oldKey},${nextKey}]`],
      ['2. again, as a JSON list', JSON.stringify([next, old]), `[${nextKey},${oldKey}]`],
    ]
    const cookies: string[] = []
    for (const [step, secret, key] of steps) {
      await deploy(secret, key, async (port) => {
        for (const cookie of cookies)
          expect([step, await status(port, cookie)]).toEqual([step, 200])
        cookies.push(await signIn(port))
        expect(await status(port, cookies.at(-1) ?? '')).toBe(200)
      })
    }

    // 3. drop: what the new secret sealed goes on, and the rest has had its absolute life.
    await deploy(next, nextKey, async (port) => {
      const left = await Promise.all(cookies.map((cookie) => status(port, cookie)))
      expect(left).toEqual([401, 401, 200, 401, 200])
    })
  }, 120_000)

  it('refuses a comma with the way to write it, instead of logging everybody out', async () => {
    await deploy(`${sessionSecret()},${sessionSecret()}`, await assertionKey(), async (port) => {
      expect((await rawFetch(port, { host })).status).toBe(503)
    })
  }, 60_000)
})
