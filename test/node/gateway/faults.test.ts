import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rawFetch } from '../../support/raw.ts'
import { startWorkerd, type Workerd } from '../../support/workerd.ts'

describe('the deployed Worker without a usable environment', () => {
  let worker: Workerd
  beforeAll(async () => {
    const bindings = {
      PUBLIC_ORIGIN: 'http://localhost:8787/path',
      SESSION_STORE: 'cookie',
      SESSION_SECRET: 'too-short-to-seal',
      ASSERTION_KEY: '{}',
    }
    worker = await startWorkerd({ entry: 'worker/index.ts' }, { bindings })
  })
  afterAll(() => worker.stop())

  it('answers 503 without a word of why, and writes one line that names everything', async () => {
    for (const path of ['/', '/account', '/.portcullis/jwks.json']) {
      const answer = await rawFetch(worker.port, { path })
      expect([answer.status, answer.header('content-type')]).toEqual([
        503,
        'application/problem+json',
      ])
      expect(answer.header('x-content-type-options')).toBe('nosniff')
      expect(answer.text).not.toMatch(/secret|upstream|assertion|origin|config/i)
    }
    await expect.poll(() => worker.stderr.length).toBe(1)
    const [line = ''] = worker.stderr
    const { event, faults } = JSON.parse(line)
    expect(event).toBe('config-invalid')
    expect(faults.map(({ option }: { option: string }) => option)).toEqual([
      'publicOrigin',
      'upstreams.app.url',
      'assertion.key',
      'session.secret',
    ])
    expect(line).not.toContain('too-short-to-seal')
  })

  it('still says that it is alive', async () => {
    expect((await rawFetch(worker.port, { path: '/.portcullis/health' })).text).toBe('{"ok":true}')
  })
})

describe('npm run check:config', () => {
  const run = async (...args: string[]): Promise<{ code: number; text: string }> => {
    try {
      const { stdout } = await promisify(execFile)(process.execPath, [
        'tools/check/config.ts',
        ...args,
      ])
      return { code: 0, text: stdout }
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
      return { code, text: stdout + stderr }
    }
  }
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'portcullis-config-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('passes for what is in the repository, and says what a stateless logout does not do', async () => {
    const { code, text } = await run()
    expect(code).toBe(0)
    expect(text).toContain('end() only clears the cookie')
    expect(text).toContain('config: the gateway builds, wrangler.toml has no known problem')
  })

  it('names every fault of the gateway and every dangerous setting of wrangler.toml', async () => {
    const config = join(folder, 'gateway.config.mjs')
    const toml = join(folder, 'wrangler.toml')
    writeFileSync(
      config,
      "export const config = { publicOrigin: 'x', upstreams: {}, routes: [], sesion: 1 }",
    )
    writeFileSync(
      toml,
      `name = "x"
compatibility_flags = ["no_nodejs_compat"]
workers_dev = true
cache = { enabled = true }
[vars]
SESSION_SECRET = "here"
[env.staging]
workers_dev = false
preview_urls = false
`,
    )
    const { code, text } = await run(config, toml)
    expect(code).toBe(1)
    for (const expected of [
      'sesion is not an option; did you mean session?',
      'upstreams must be an object with at least one upstream, such as { app: { url } }',
      'routes must list at least one route',
      'cache.enabled must be off',
      'workers_dev must be false',
      'preview_urls must be false',
      'compatibility_flags must contain no_nodejs_compat_v2',
      'vars.SESSION_SECRET must be a secret',
      'env.staging.cache.enabled must be off',
    ])
      expect(text).toContain(expected)
    expect(text).not.toContain('env.staging.workers_dev')
    expect(text).not.toContain('here')
  })
})
