/** The command as it runs in a project's folder, from its sources. The packed one is tried in test/package. */
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkNode } from '../../../cli/doctor.ts'
import { reviewProduction } from '../../../cli/review-production.ts'

const main = resolve('cli/main.ts')
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-cli-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    cwd: folder,
    encoding: 'utf8',
  })
  return { status, out: stdout, err: stderr }
}

const good = {
  vars: { PUBLIC_ORIGIN: 'http://localhost:8787', UPSTREAM_URL: 'http://127.0.0.1:3000' },
  env: {
    production: {
      routes: [{ pattern: 'www.shop.de', custom_domain: true }],
      secrets: { required: ['SESSION_SECRET'] },
      vars: { PUBLIC_ORIGIN: 'https://www.shop.de', UPSTREAM_URL: 'https://origin.shop.de' },
    },
  },
}

const change = (part: object) => ({
  ...good,
  env: { production: { ...good.env.production, ...part } },
})

describe('O6: portcullis check --production', () => {
  it('finds nothing in settings that can serve', () => {
    expect(reviewProduction('wrangler.toml', good)).toEqual([])
  })

  it.each([
    { wrong: change({ routes: undefined }), says: 'routes is missing' },
    { wrong: change({ routes: ['www.example.com/*'] }), says: 'which is an example' },
    {
      wrong: change({ vars: { PUBLIC_ORIGIN: 'http://localhost:8787' } }),
      says: 'vars.PUBLIC_ORIGIN contains localhost',
    },
    {
      wrong: change({ vars: { PUBLIC_ORIGIN: 'http://www.shop.de' } }),
      says: 'vars.PUBLIC_ORIGIN must begin with https://',
    },
    {
      wrong: change({
        vars: { ...good.env.production.vars, UPSTREAM_URL: 'http://127.0.0.1:3000' },
      }),
      says: 'vars.UPSTREAM_URL contains 127.0.0.1',
    },
    { wrong: change({ vars: {} }), says: 'vars.PUBLIC_ORIGIN is missing' },
    { wrong: change({ secrets: { required: [] } }), says: 'secrets.required is empty' },
    { wrong: { vars: good.vars }, says: 'routes is missing' },
  ])('says "$says"', ({ wrong, says }) => {
    const problems = reviewProduction('wrangler.toml', wrong)
    expect(problems.join('\n')).toContain(says)
    expect(problems.every((problem) => problem.startsWith('wrangler.toml: '))).toBe(true)
  })
})

describe('O9: a link in the place of a file', () => {
  it.each(['.dev.vars', 'wrangler.toml', 'package.json', '.gitignore'])(
    'makes init write nothing: %s',
    (file) => {
      const target = join(folder, 'elsewhere')
      writeFileSync(target, 'MINE=1\n')
      symlinkSync(target, join(folder, file))
      const { status, err } = run('init')
      expect(status).toBe(1)
      expect(err).toContain(`${file} is a symbolic link`)
      expect(readFileSync(target, 'utf8')).toBe('MINE=1\n')
      expect(existsSync(join(folder, 'gateway.config.ts'))).toBe(false)
    },
  )

  it('is found where it leads nowhere', () => {
    symlinkSync(join(folder, 'nothing'), join(folder, '.dev.vars'))
    expect(run('init').status).toBe(1)
    expect(readlinkSync(join(folder, '.dev.vars'))).toBe(join(folder, 'nothing'))
  })
})

describe('O2: a new project', () => {
  it('logs requests, events and audit records, and has an environment for production', () => {
    expect(run('init').status).toBe(0)
    const config = readFileSync(join(folder, 'gateway.config.ts'), 'utf8')
    for (const option of ['monitor: monitor(', 'onEvent:', 'audit: auditTrail('])
      expect(config).toContain(option)
    expect(readFileSync(join(folder, 'wrangler.toml'), 'utf8')).toContain('[env.production.vars]')
    const { scripts, engines } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    expect(scripts).toMatchObject({
      predev: 'portcullis doctor',
      deploy: 'portcullis check --production && wrangler deploy -e production',
    })
    expect(engines).toEqual({ node: '>=22.12.0' })
  })

  it('O12: can be developed over https, since Safari keeps no Secure cookie on http', () => {
    run('init')
    const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    expect(scripts['dev:https']).toContain('--local-protocol https')
    expect(scripts['dev:https']).toContain('PUBLIC_ORIGIN:https://localhost:8787')
  })
})

describe('portcullis doctor', () => {
  it.each([
    { version: '20.20.2', status: 'problem' },
    { version: '22.11.0', status: 'problem' },
    { version: '22.12.0', status: 'ok' },
    { version: '24.1.0', status: 'ok' },
  ])('O7: says $status of Node $version', ({ version, status }) => {
    expect(checkNode(version)).toMatchObject({ status })
  })

  it('O8: names a secret that wrangler would not read, and one that is missing', () => {
    run('init')
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
    const vars = readFileSync(join(folder, '.dev.vars'), 'utf8')
    writeFileSync(join(folder, '.dev.vars'), `${vars.replace('ASSERTION_KEY', 'ASERTION_KEY')}`)
    // Port 3000 may be taken by whatever runs beside this test.
    const settings = readFileSync(join(folder, 'wrangler.toml'), 'utf8')
    writeFileSync(
      join(folder, 'wrangler.toml'),
      settings.replaceAll('127.0.0.1:3000', '127.0.0.1:1'),
    )
    const { status, out } = run('doctor')
    expect(status).toBe(1)
    expect(out).toContain('.dev.vars has no ASSERTION_KEY')
    expect(out).toContain('wrangler does not read ASERTION_KEY')
    expect(out).toContain('http://127.0.0.1:1 does not answer')
  })

  it('says what to do where wrangler is not installed', () => {
    run('init')
    const { status, out } = run('doctor')
    expect([status, out]).toEqual([1, expect.stringContaining('npm install')])
  })
})
