/** What `npm run dev` and `npm run secret` do before and beside the demo. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compactVerify, importJWK, SignJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { assertionKey, completeDevVars, sessionSecret } from '../../tools/dev/secret.ts'

const root = join(import.meta.dirname, '../..')

describe('.dev.vars', () => {
  let folder: string
  let path: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'portcullis-dev-'))
    path = join(folder, '.dev.vars')
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  it('is written once, for its owner only', async () => {
    await completeDevVars(path)
    const first = readFileSync(path, 'utf8')
    expect(first).toMatch(/^SESSION_SECRET='[\w-]{43}'\nASSERTION_KEY='\{[^\n']+\}'\n$/)
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600)
    await completeDevVars(path)
    expect(readFileSync(path, 'utf8')).toBe(first)
  })

  it('is the same for two that start at the same moment', async () => {
    await Promise.all([completeDevVars(path), completeDevVars(path)])
    expect(readFileSync(path, 'utf8').match(/^[A-Z_]+/gm)).toEqual([
      'SESSION_SECRET',
      'ASSERTION_KEY',
    ])
  })

  it.each([
    ['a secret', 'SESSION_SECRET="mine"\n', /^SESSION_SECRET="mine"\nASSERTION_KEY='.+'\n$/],
    ['no last newline', 'SESSION_SECRET=mine', /^SESSION_SECRET=mine\nASSERTION_KEY='.+'\n$/],
    ['a key', "ASSERTION_KEY='mine'\n", /^ASSERTION_KEY='mine'\nSESSION_SECRET='.+'\n$/],
    ['both', 'ASSERTION_KEY=a\nSESSION_SECRET=b', /^ASSERTION_KEY=a\nSESSION_SECRET=b$/],
    [
      'both, exported',
      'export ASSERTION_KEY=a\n  SESSION_SECRET = b\n',
      /^export ASSERTION_KEY=a\n {2}SESSION_SECRET = b\n$/,
    ],
    [
      'a comment',
      '# SESSION_SECRET=x\nMY_SESSION_SECRET=y\n',
      /^# SESSION.+\nMY_.+\nSESSION_SECRET='.+'\nASSERTION_KEY='.+'\n$/,
    ],
    ['nothing', '', /^SESSION_SECRET='.+'\nASSERTION_KEY='.+'\n$/],
  ])('that holds %s gets what it lacks and keeps the rest', async (_what, before, after) => {
    writeFileSync(path, before)
    await completeDevVars(path)
    expect(readFileSync(path, 'utf8')).toMatch(after)
  })
})

describe('secrets', () => {
  it('are new each time', async () => {
    expect(sessionSecret()).not.toBe(sessionSecret())
    expect(await assertionKey()).not.toBe(await assertionKey())
  })

  it('sign as ES256 and verify with their public half', async () => {
    const jwk = JSON.parse(await assertionKey())
    expect(jwk).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' })
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: 'ES256' })
      .sign(await importJWK(jwk, 'ES256'))
    const { d: _private, ...open } = jwk
    await expect(compactVerify(token, await importJWK(open, 'ES256'))).resolves.toBeDefined()
  })

  it('name the key by its thumbprint', async () => {
    const { calculateJwkThumbprint } = await import('jose')
    const jwk = JSON.parse(await assertionKey())
    expect(jwk.kid).toBe(await calculateJwkThumbprint(jwk))
  })

  it('are printed with what to do with them', () => {
    const { stdout, status } = node('tools/dev/secret.ts')
    expect(status).toBe(0)
    expect(stdout).toMatch(/^SESSION_SECRET=[\w-]{43}\nASSERTION_KEY=\{.+\}\n/)
    expect(stdout).toContain('npx wrangler secret put SESSION_SECRET')
  })

  it('are printed alone with --plain', () => {
    expect(node('tools/dev/secret.ts', {}, '--plain').stdout).toMatch(/^[\w-]{43}\n$/)
  })

  it('are not printed for an argument nobody knows', () => {
    expect(node('tools/dev/secret.ts', {}, '--help')).toMatchObject({ status: 1, stdout: '' })
  })
})

describe('npm run dev starts nothing', () => {
  it.each([
    ['a port that is none', { PORT: '70000' }, 'PORT is not a port'],
    ['a port that is a word', { ORIGIN_PORT: '8788x' }, 'ORIGIN_PORT is not a port'],
    ['the same port twice', { PORT: '9000', ORIGIN_PORT: '9000' }, 'are the same'],
  ])('with %s', (_what, env, message) => {
    const { stderr, status } = node('tools/dev/dev.ts', env)
    expect(stderr).toContain(message)
    expect(status).toBe(1)
  })

  it('with an argument nobody knows', () => {
    expect(node('tools/dev/dev.ts', {}, '--reddis')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('--reddis'),
    })
  })

  it('with --redis and without a redis-server, and says how to install one', () => {
    const nowhere = { PATH: '', REDIS_SERVER_PATH: '', PORT: '1', ORIGIN_PORT: '2' }
    const { stderr, status } = node('tools/dev/dev.ts', nowhere, '--redis')
    expect(stderr).toContain('apt-get install redis-server')
    expect(status).toBe(1)
  })

  it('on a port that is in use, and names it', async () => {
    const server = createServer()
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    const { stderr, status } = node('tools/dev/dev.ts', { PORT: `${port}`, ORIGIN_PORT: '1' })
    server.close()
    expect(stderr).toContain(`Port ${port} is already in use`)
    expect(status).toBe(1)
  })
})

interface Ran {
  stdout: string
  stderr: string
  status: number | null
}

function node(script: string, env: Record<string, string> = {}, ...args: string[]): Ran {
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(root, script), ...args], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
    timeout: 20_000,
  })
  return { stdout, stderr, status }
}
