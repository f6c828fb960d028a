/** `npx portcullis` from the packed tarball: a folder becomes a gateway that answers, and what is wrong has a line of its own. */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { compatibilityDate } from '../../tools/compatibility.ts'
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
  // Below the installed packages, so that they are found, and empty.
  folder = join(packed.folder, 'shop')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
})

interface Ended {
  readonly status: number | null
  readonly out: string
  readonly err: string
}

function portcullis(...args: string[]): Ended {
  const script = join(packed.installed, 'dist/cli/main.js')
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    cwd: folder,
    encoding: 'utf8',
  })
  return { status, out: stdout, err: stderr }
}

const text = (file: string): string => readFileSync(join(folder, file), 'utf8')
const edit = (file: string, ...changes: ReadonlyArray<readonly [string, string]>): void => {
  let now = text(file)
  for (const [from, to] of changes) {
    expect(now).toContain(from)
    now = now.replace(from, to)
  }
  writeFileSync(join(folder, file), now)
}

describe('portcullis init', () => {
  const files = [
    '.dev.vars',
    '.gitignore',
    'gateway.config.ts',
    'package.json',
    'tsconfig.json',
    'worker.ts',
    'wrangler.toml',
  ]

  it('makes a gateway of an empty folder, which checks, compiles, bundles and answers', async () => {
    const origin = await startOrigin(({ url, method, headers }) => {
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
    expect(portcullis('init', '--upstream', origin.url)).toMatchObject({ status: 0, err: '' })
    expect(readdirSync(folder).sort()).toEqual(files)
    const checked = portcullis('check')
    expect(checked).toMatchObject({
      status: 0,
      err: '',
      out: expect.stringMatching(
        /config: the gateway builds, wrangler.toml has no known problem\n$/,
      ),
    })
    // What is public is named there, and the rest is closed: nothing to look at twice.
    expect(checked.out).not.toContain('is public')
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
    const secrets = [...text('.dev.vars').matchAll(/^([A-Z_]+)='(.*)'$/gm)].map(
      ([, name, value]) => [name, value],
    )
    const [development = ''] = text('wrangler.toml').split('[env.production]')
    const vars = [...development.matchAll(/^([A-Z_]+) = "(.*?)"/gm)].map(([, name, value]) => [
      name,
      value,
    ])
    const bindings = Object.fromEntries([...secrets, ...vars])
    const worker = await startWorkerd({ module: text('out/worker.js') }, { bindings })
    try {
      const host = 'localhost:8787'
      const home = await rawFetch(worker.port, { host })
      expect([home.status, home.text, home.header('x-content-type-options')]).toEqual([
        200,
        'origin /',
        'nosniff',
      ])
      expect((await rawFetch(worker.port, { host, path: '/account/x' })).status).toBe(401)
      const sameOrigin = [['Origin', 'http://localhost:8787']] as const
      const login = await rawFetch(worker.port, {
        host,
        method: 'POST',
        path: '/login',
        headers: sameOrigin,
        body: '',
      })
      const cookie = login.header('set-cookie')?.split(';')[0] ?? ''
      expect([login.status, cookie]).toEqual([303, expect.stringMatching(/^__Host-session=/)])
      const account = await rawFetch(worker.port, {
        host,
        path: '/account/x',
        headers: [['Cookie', cookie]],
      })
      expect([account.status, account.text]).toEqual([200, 'origin /account/x'])
      expect(origin.last().headers.map(([name]) => name.toLowerCase())).toContain(
        'portcullis-assertion',
      )
      expect(
        (await rawFetch(worker.port, { host, path: '/admin/x', headers: [['Cookie', cookie]] }))
          .status,
      ).toBe(403)
    } finally {
      await worker.stop()
      await origin.stop()
    }
  }, 60_000)

  it('keeps secrets from everybody else and from git, and makes new ones each time', () => {
    portcullis('init')
    if (process.platform !== 'win32')
      expect(statSync(join(folder, '.dev.vars')).mode & 0o777).toBe(0o600)
    expect(text('.gitignore').split('\n')).toContain('.dev.vars')
    const first = text('.dev.vars')
    portcullis('init', '--force', '.dev.vars')
    expect(text('.dev.vars')).not.toBe(first)
    for (const file of files.filter((name) => name !== '.dev.vars')) {
      for (const [, secret = ''] of first.matchAll(/'(.+)'/g))
        expect(text(file)).not.toContain(secret)
    }
  })

  it('says that nothing is to be done the second time', () => {
    portcullis('init')
    const before = files.map(text)
    expect(portcullis('init')).toEqual({
      status: 0,
      out: 'Everything already exists: nothing was written.\n',
      err: '',
    })
    expect(files.map(text)).toEqual(before)
  })

  it('writes nothing at all where it would overwrite, and overwrites only what is named', () => {
    writeFileSync(join(folder, 'worker.ts'), 'mine')
    writeFileSync(join(folder, 'tsconfig.json'), '{}')
    const { status, err } = portcullis('init', '--force', 'worker.ts')
    expect([status, err]).toEqual([
      1,
      'tsconfig.json already exists; --force tsconfig.json overwrites it\nNothing was written.\n',
    ])
    expect([readdirSync(folder).sort(), text('worker.ts')]).toEqual([
      ['tsconfig.json', 'worker.ts'],
      'mine',
    ])
    expect(portcullis('init', '--force', 'worker.ts', '--force', 'tsconfig.json').status).toBe(0)
    expect(text('worker.ts')).toContain('createGateway')
  })

  it('adds to package.json, .gitignore and .dev.vars what they lack', () => {
    const mine = {
      name: 'mine',
      scripts: { dev: 'my dev' },
      dependencies: { hono: '4.0.0' },
      devDependencies: {},
    }
    writeFileSync(join(folder, 'package.json'), JSON.stringify(mine))
    writeFileSync(join(folder, '.gitignore'), '/node_modules\n*.log')
    writeFileSync(join(folder, '.dev.vars'), 'SESSION_SECRET=mine')
    expect(portcullis('init').status).toBe(0)
    expect(JSON.parse(text('package.json'))).toEqual({
      name: 'mine',
      scripts: {
        dev: 'my dev',
        check: 'portcullis check',
        deploy: 'portcullis check --production && wrangler deploy -e production',
        'dev:https':
          'wrangler dev --local-protocol https --var PUBLIC_ORIGIN:https://localhost:8787',
      },
      dependencies: { hono: '4.0.0', portcullis: expect.stringMatching(/^\^\d/) },
      devDependencies: { wrangler: expect.stringMatching(/^\^4/) },
    })
    expect(text('.gitignore')).toBe('/node_modules\n*.log\n.wrangler/\n.dev.vars\n')
    expect(text('.dev.vars')).toMatch(/^SESSION_SECRET=mine\nASSERTION_KEY='.+'\n$/)
  })

  it('names the compatibility date that this wrangler can start', () => {
    portcullis('init')
    expect(text('wrangler.toml')).toContain(`compatibility_date = "${compatibilityDate}"`)
  })

  it.each([
    [['init', 'a', 'b'], 2],
    [['init', '--overwrite', 'x'], 2],
    [['init', '--force'], 2],
    [['init', '--force', 'package.json'], 2],
    [['init', '--upstream', 'http://a.example/path'], 2],
    [['init', '--upstream', 'file:///etc/passwd'], 2],
    [['init', '--upstream', 'http://u:p@a.example'], 2],
    [['init', '--binding', 'my app'], 2],
    [['init', '--binding', 'SESSION_SECRET'], 2],
    [['init', '--binding', 'APP', '--upstream', 'http://a.example'], 2],
  ])('refuses %j and writes nothing', (args, status) => {
    expect(portcullis(...args).status).toBe(status)
    expect(readdirSync(folder)).toEqual([])
  })

  it('puts a service binding behind the gateway, which check knows in every environment', () => {
    expect(portcullis('init', '--binding', 'SHOP_API')).toMatchObject({ status: 0, err: '' })
    expect(text('gateway.config.ts')).toContain('app: { binding: (c) => c.env.SHOP_API, sessions')
    expect(text('wrangler.toml')).not.toContain('UPSTREAM_URL')
    expect(portcullis('check')).toMatchObject({ status: 0, err: '' })

    edit('wrangler.toml', ['[[env.production.services]]', '[[env.staging.services]]'])
    expect(portcullis('check')).toMatchObject({
      status: 1,
      err: expect.stringContaining(
        'env.production: upstreams.app.binding reads c.env.SHOP_API, which wrangler.toml does not bind',
      ),
    })
  })

  it('leaves a package.json alone that is not JSON', () => {
    writeFileSync(join(folder, 'package.json'), '{,}')
    expect(portcullis('init')).toMatchObject({
      status: 1,
      err: 'package.json is not JSON. Nothing was written.\n',
    })
    expect(readdirSync(folder)).toEqual(['package.json'])
  })
})

describe('portcullis check', () => {
  beforeEach(() => {
    portcullis('init')
  })
  const lines = (ended: Ended): string[] => ended.err.trimEnd().split('\n')

  it('notes a secret of .dev.vars that wrangler would not read, and ends with 0', () => {
    expect(portcullis('check').out).not.toContain('.dev.vars')
    writeFileSync(join(folder, '.dev.vars'), `${text('.dev.vars')}THROTTLE_SECRET=a\n`)
    const checked = portcullis('check')
    expect(checked.status).toBe(0)
    expect(checked.out).toContain(
      'note: .dev.vars: THROTTLE_SECRET is not read until secrets.required in wrangler.toml lists it.',
    )
    edit('wrangler.toml', ['"ASSERTION_KEY"]', '"ASSERTION_KEY", "THROTTLE_SECRET"]'])
    expect(portcullis('check').out).not.toContain('.dev.vars')
  })

  it('gives each fault of configuration and Worker a line, and ends with 1', () => {
    edit(
      'gateway.config.ts',
      ['signIn:', 'sigIn:'],
      ["to: 'app', access: 'session'", "to: 'ap', acces: 'session'"],
    )
    edit(
      'wrangler.toml',
      ['workers_dev = false', 'workers_dev = true'],
      [', "no_nodejs_compat_v2"', ''],
    )
    const checked = portcullis('check')
    expect(checked.status).toBe(1)
    expect(lines(checked)).toEqual([
      'config: gateway.config.ts: sigIn is not an option; did you mean signIn?',
      'config: gateway.config.ts: routes.8.acces is not an option; did you mean access?',
      'config: gateway.config.ts: routes.8.to is not a defined upstream; there is "app"',
      expect.stringMatching(/^config: wrangler\.toml: workers_dev must be false/),
      'config: wrangler.toml: compatibility_flags must contain no_nodejs_compat_v2',
      'config: wrangler.toml: env.production.compatibility_flags must contain no_nodejs_compat_v2',
    ])
    expect(checked.out).toMatch(/config: 6 faults\n$/)
  })

  it('finds what a Worker cannot import, each with its line', () => {
    edit('gateway.config.ts', [
      '/** Who',
      "import 'node:fs'\nimport 'cloudflare:workers'\nimport './gone.ts'\n/** Who",
    ])
    const checked = portcullis('check')
    expect(checked.status).toBe(1)
    expect(lines(checked)).toEqual([
      expect.stringContaining('gateway.config.ts: line 1: Could not resolve "node:fs"'),
      expect.stringContaining('gateway.config.ts: line 2: Could not resolve "cloudflare:workers"'),
      expect.stringContaining('gateway.config.ts: line 3: Could not resolve "./gone.ts"'),
    ])
  })

  it.each([
    ['exports nothing', 'export const other = 1', 'exports no config'],
    ['throws', "throw new Error('no luck')", 'no luck'],
    ['is not TypeScript', 'export const = 1', 'line 1: '],
  ])('says so of a configuration that %s', (_, code, fault) => {
    writeFileSync(join(folder, 'gateway.config.ts'), code)
    const checked = portcullis('check')
    expect(checked.status).toBe(1)
    expect(lines(checked)[0]).toContain(`config: gateway.config.ts: ${fault}`)
  })

  it('says so of a wrangler.toml that is none', () => {
    writeFileSync(join(folder, 'wrangler.toml'), 'name = ')
    const checked = portcullis('check')
    expect([checked.status, lines(checked)]).toEqual([
      1,
      [expect.stringMatching(/^config: wrangler\.toml: /)],
    ])
  })

  it('takes files by name', () => {
    mkdirSync(join(folder, 'conf'))
    writeFileSync(join(folder, 'conf/mine.ts'), "export { config } from '../gateway.config.ts'")
    expect(portcullis('check', 'conf/mine.ts', 'wrangler.toml').status).toBe(0)
  })

  it.each([
    [['check', 'a', 'b', 'c'], 2],
    [['check', 'gone.ts'], 3],
    [['check', 'gateway.config.ts', 'gone.toml'], 3],
  ])('%j ends with %i', (args, status) => {
    expect(portcullis(...args).status).toBe(status)
  })

  it('ends with 3 where nobody ran init', () => {
    rmSync(join(folder, 'gateway.config.ts'))
    expect(portcullis('check')).toMatchObject({
      status: 3,
      err: expect.stringContaining('npx portcullis init'),
    })
  })

  it('ends with 3 where wrangler is not installed, and says what to do', () => {
    const link = join(packed.folder, 'node_modules/wrangler')
    rmSync(link)
    try {
      expect(portcullis('check')).toMatchObject({
        status: 3,
        err: expect.stringContaining('npm install -D wrangler'),
      })
    } finally {
      execFileSync('ln', ['-s', resolve('node_modules/wrangler'), link])
    }
    expect(existsSync(link)).toBe(true)
  })
})

describe('portcullis', () => {
  it.each([
    [['--version'], 0, /^\d+\.\d+\.\d+\n$/],
    [
      ['--help'],
      0,
      /portcullis init .*\n[\s\S]*portcullis check [\s\S]*portcullis secret [\s\S]*Exit status: 0 /,
    ],
    [['init', '--help'], 0, /portcullis init /],
    [['secret', '--plain'], 0, /^[\w-]{43}\n$/],
    [['secret'], 0, /^SESSION_SECRET=[\w-]{43}\nASSERTION_KEY=\{.+\}\n/],
  ])('%j', (args, status, said) => {
    expect(portcullis(...args)).toMatchObject({ status, err: '', out: expect.stringMatching(said) })
  })

  it.each([[[]], [['start']], [['secret', '--long']]])('%j is not understood', (args) => {
    expect(portcullis(...args)).toMatchObject({
      status: 2,
      out: '',
      err: expect.stringContaining('portcullis'),
    })
  })
})
