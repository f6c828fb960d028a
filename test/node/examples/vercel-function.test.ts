/** The Vercel function example as `vercel build` makes it: its TypeScript becomes modules by the example's tsconfig. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const origin = 'https://app.example.com'

/** What the platform runs, in a Node of its own. */
const requests = `
const [proxy, api] = await Promise.all([import(process.argv[1]), import(process.argv[2])])
const guarded = await proxy.default(new Request('${origin}/api/me'))
const headers = { origin: '${origin}', 'content-type': 'application/json' }
const body = '{"user":"ada"}'
const login = await api.default.fetch(new Request('${origin}/api/login', { method: 'POST', headers, body }))
console.log(guarded.status, login.status, login.headers.getSetCookie().length)
`

it('the modules that vercel build makes of the example find each other and answer', () => {
  const at = mkdtempSync(join(tmpdir(), 'portcullis-vercel-'))
  try {
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const args = ['-p', 'examples/vercel-function', '--noCheck', '--rootDir', '.', '--outDir', at]
    execFileSync(process.execPath, [tsc, ...args], { cwd: root })
    symlinkSync(join(root, 'node_modules'), join(at, 'node_modules'))
    const [proxy, api] = ['proxy.js', 'api/index.js'].map(
      (file) => pathToFileURL(join(at, 'examples/vercel-function', file)).href,
    )
    const said = execFileSync(
      process.execPath,
      ['--input-type=module', '-e', requests, `${proxy}`, `${api}`],
      {
        cwd: at,
        encoding: 'utf8',
        env: { PUBLIC_ORIGIN: origin, SESSION_SECRET: 'Qm4-vT8xZ1kR7wLc2NpY6sJd9GhB3fEa' },
      },
    )
    expect(said).toBe('401 204 1\n')
  } finally {
    rmSync(at, { recursive: true, force: true })
  }
}, 120_000)
