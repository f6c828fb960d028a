/**
 * `portcullis secret rotate` in a project of `portcullis init`, from the packed tarball: a session that began before a
 * rotation is served by the running gateway after each step, and no secret is printed that nobody asked for.
 */
import { existsSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../../tools/dev/free-port.ts'
import { type Front, startFront } from '../journeys/support/front.ts'
import {
  type CommandEnd,
  createGatewayProject,
  type GatewayProject,
  openAccount,
  signInAt,
  withGateway,
} from '../support/gateway-project.ts'

let project: GatewayProject
let module: string
let fresh: { readonly devVars: string; readonly toml: string; readonly config: string }
const printed: string[] = []
/** What was printed because the test asked for it. */
const revealed: string[] = []

beforeAll(async () => {
  project = await createGatewayProject()
  module = project.build()
  fresh = {
    devVars: project.read('.dev.vars'),
    toml: project.read('wrangler.toml'),
    config: project.read('gateway.config.ts'),
  }
}, 240_000)
afterAll(() => project?.remove())
beforeEach(() => {
  project.write('.dev.vars', fresh.devVars)
  project.write('wrangler.toml', fresh.toml)
  project.write('gateway.config.ts', fresh.config)
  rmSync(join(project.folder, '.rotation.json'), { force: true })
  printed.length = 0
  revealed.length = 0
})
afterEach(() => {
  // Whatever a test did: what the command printed without --print contains none of the values.
  const { SESSION_SECRET = '', ASSERTION_KEY = '' } = project.readBindings()
  const words = [SESSION_SECRET, ...revealed].flatMap((text) => text.trim().split(' '))
  const keys = [ASSERTION_KEY, ...revealed].flatMap((text) => text.match(/"d":"[^"]*"/g) ?? [])
  const secrets = [...words, ...keys]
  for (const secret of secrets.filter(Boolean)) expect(printed.join('\n')).not.toContain(secret)
})

const isThere = (file: string): boolean => existsSync(join(project.folder, file))

async function rotate(
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandEnd> {
  const ended = await project.portcullis(['secret', 'rotate', ...args], env)
  if (args.includes('--print')) revealed.push(ended.out)
  else printed.push(ended.out, ended.err)
  return ended
}

describe('portcullis secret rotate, for development', () => {
  it('takes a step with each call, and a session from before lives until the last', async () => {
    const old = project.readBindings().SESSION_SECRET ?? ''
    const serve = <Result>(use: (port: number) => Promise<Result>): Promise<Result> =>
      withGateway(module, project.readBindings(), use)
    const before = await serve((port) => signInAt(port, 'ada'))

    const dry = await rotate(['--dry-run'])
    expect([dry.status, dry.err]).toEqual([0, ''])
    expect(dry.out).toContain('dry run: nothing was written')
    expect([project.read('.dev.vars'), isThere('.rotation.json')]).toEqual([fresh.devVars, false])

    const append = await rotate()
    expect([append.status, append.err]).toEqual([0, ''])
    expect(append.out).toMatch(/^Step 1 of 3, "append", SESSION_SECRET of \.dev\.vars/)
    expect(append.out).toContain('a session from before this step opens')
    const [first, second, ...more] = project.readBindings().SESSION_SECRET?.split(' ') ?? []
    expect([first, second?.length, more]).toEqual([old, 43, []])
    expect(project.read('.gitignore')).toContain('\n.rotation.json\n')
    for (const file of ['.dev.vars', '.rotation.json'])
      expect(statSync(join(project.folder, file)).mode & 0o777).toBe(0o600)
    const between = await serve(async (port) => {
      expect(await openAccount(port, before)).toBe(200)
      return signInAt(port, 'bob')
    })

    const move = await rotate()
    expect(move.out).toMatch(/^Step 2 of 3, "first"/)
    expect(move.out).toContain('Then wait 8 hours: no session lives longer')
    expect(project.readBindings().SESSION_SECRET).toBe(`${second} ${old}`)
    const after = await serve(async (port) => {
      for (const cookie of [before, between]) expect(await openAccount(port, cookie)).toBe(200)
      return signInAt(port, 'carol')
    })

    const early = await rotate()
    expect([early.status, early.out]).toEqual([1, ''])
    expect(early.err).toMatch(/^Step "first" must wait 8 hours more: no session lives longer/)
    expect(project.readBindings().SESSION_SECRET).toBe(`${second} ${old}`)

    const remove = await rotate(['--now'])
    expect(remove.out).toContain('The rotation is complete.')
    expect(project.readBindings().SESSION_SECRET).toBe(second)
    expect(isThere('.rotation.json')).toBe(false)
    await serve(async (port) => {
      const cookies = [before, between, after]
      expect(await Promise.all(cookies.map((cookie) => openAccount(port, cookie)))).toEqual([
        401, 401, 200,
      ])
    })
    // Everything else in the file is as it was.
    expect(project.read('.dev.vars').split('\n').slice(1)).toEqual(
      fresh.devVars.split('\n').slice(1),
    )
  }, 300_000)

  it('writes through no link, and says which file is one', async () => {
    for (const file of ['.dev.vars', '.rotation.json', '.gitignore']) {
      const [path, target] = [join(project.folder, file), join(project.folder, 'target')]
      if (isThere(file)) renameSync(path, target)
      else project.write('target', '')
      symlinkSync(target, path)
      const content = project.read('target')
      const ended = await rotate()
      expect([ended.status, ended.err]).toEqual([
        1,
        `${file} is a symbolic link; make it a file of the project.\n`,
      ])
      expect(project.read('target')).toBe(content)
      renameSync(target, path)
    }
  }, 240_000)

  it('stops before a step that would sign people out', async () => {
    // This configuration reads one secret, which is what the runbook broke once.
    project.edit('gateway.config.ts', {
      'secret: (c) => c.env.SESSION_SECRET':
        'secret: (c) => c.env.SESSION_SECRET.split(" ").at(-1)!',
    })
    const ended = await rotate()
    expect([ended.status, ended.err]).toEqual([
      1,
      'Step "append" would sign everybody out; nothing was written.\n',
    ])
    expect([project.read('.dev.vars'), isThere('.rotation.json')]).toEqual([fresh.devVars, false])
  }, 240_000)

  it('rotates only a variable that seals sessions or signs assertions', async () => {
    project.write('.dev.vars', `${fresh.devVars}OTHER='${'k3Jw8Xv2Qm5Tz9Lc'.repeat(2)}'\n`)
    expect(await rotate(['OTHER'])).toMatchObject({
      status: 1,
      err: expect.stringContaining('OTHER does not seal the sessions of this configuration'),
    })
    expect(await rotate(['MISSING'])).toMatchObject({
      status: 3,
      err: expect.stringContaining('.dev.vars has no MISSING'),
    })
    for (const args of [['lower'], ['A', 'B'], ['--env'], ['--print', '--now'], ['--all']])
      expect(await rotate(args)).toMatchObject({ status: 2 })
    expect(await rotate(['--print'])).toMatchObject({
      status: 1,
      err: expect.stringContaining('No rotation has begun'),
    })
  }, 240_000)
})

describe('portcullis secret rotate, for a deployment', () => {
  const production = ['--env', 'production']

  it('prints the value of a step only when asked, and wants it deployed before the next', async () => {
    const { SESSION_SECRET: old = '', ASSERTION_KEY = '' } = project.readBindings()
    const deployed = { SESSION_SECRET: old, ASSERTION_KEY }
    const deploy = <Result>(value: string, use: (port: number) => Promise<Result>) =>
      withGateway(module, { ...project.readBindings(), SESSION_SECRET: value }, use)
    const before = await deploy(old, (port) => signInAt(port, 'ada'))
    project.write('cookie.txt', `Cookie: ${before}\n`)

    expect(await rotate(production)).toMatchObject({
      status: 3,
      err: expect.stringContaining('read -rs SESSION_SECRET && export SESSION_SECRET'),
    })
    const wrong = { SESSION_SECRET: 'w8Zk3Qv7Xn1Lc5Rb9Ym2Pd6Gs4JfAeHt0' }
    expect(await rotate([...production, '--cookie', 'cookie.txt'], wrong)).toMatchObject({
      status: 1,
      err: expect.stringContaining('SESSION_SECRET is not the secret that is deployed'),
    })
    expect(isThere('.rotation.json')).toBe(false)

    const append = await rotate([...production, '--cookie', 'cookie.txt'], deployed)
    expect([append.status, append.err]).toEqual([0, ''])
    expect(append.out).toContain('the session of --cookie opens')
    const put = 'npx portcullis secret rotate SESSION_SECRET --env production'
    expect(append.out).toContain(
      `  ${put} --print | npx wrangler secret put SESSION_SECRET -e production\n`,
    )
    expect(project.read('.dev.vars')).toBe(fresh.devVars)
    expect(await rotate(production)).toMatchObject({
      status: 1,
      err: expect.stringContaining('The value of step "append" was not printed yet'),
    })

    const appended = (await rotate([...production, '--print'])).out.trimEnd()
    expect(appended).toMatch(new RegExp(`^${old} [\\w-]{43}$`))
    await deploy(appended, async (port) => expect(await openAccount(port, before)).toBe(200))
    expect(await rotate(production)).toMatchObject({
      status: 1,
      err: expect.stringMatching(/^Step "append" must wait (1 minute|\d\d(\.\d)? seconds) more/),
    })

    // The old value is not needed any more.
    expect(await rotate([...production, '--now'])).toMatchObject({ status: 0, err: '' })
    const moved = (await rotate([...production, '--print'])).out.trimEnd()
    expect(moved).toBe(appended.split(' ').reverse().join(' '))
    await deploy(moved, async (port) => expect(await openAccount(port, before)).toBe(200))

    expect(await rotate([...production, '--now'])).toMatchObject({ status: 0, err: '' })
    const removed = (await rotate([...production, '--print'])).out.trimEnd()
    expect(removed).toBe(moved.split(' ')[0])
    const end = await rotate(production)
    expect([end.status, end.out]).toEqual([
      0,
      'The rotation of SESSION_SECRET is complete; .rotation.json no longer contains it.\n',
    ])
    expect(isThere('.rotation.json')).toBe(false)
  }, 300_000)

  it('compares keys of assertions with those that the deployment publishes', async () => {
    const port = await freePort()
    const front: Front = await startFront(port)
    try {
      const origin = `http://localhost:${port}`
      project.write('wrangler.toml', fresh.toml.replaceAll('https://www.example.com', origin))
      const { ASSERTION_KEY = '', ...others } = project.readBindings()
      const bindings = { ...others, PUBLIC_ORIGIN: origin }
      const key = ['ASSERTION_KEY', ...production]
      const deploy = (value: string, use: () => Promise<unknown>): Promise<unknown> =>
        withGateway(module, { ...bindings, ASSERTION_KEY: value }, (version) => {
          front.deploy(version)
          return use()
        })

      await deploy(ASSERTION_KEY, async () => {
        const { out } = await project.portcullis(['secret'])
        const another = { ASSERTION_KEY: /ASSERTION_KEY=(.*)/.exec(out)?.[1] ?? '' }
        expect(await rotate(key, another)).toMatchObject({
          status: 1,
          err: expect.stringContaining('ASSERTION_KEY is not what is deployed'),
        })
        const append = await rotate(key, { ASSERTION_KEY })
        expect([append.status, append.err]).toEqual([0, ''])
        expect(append.out).toContain('publishes the keys of the step before')
        expect(append.out).toContain('Then wait 1 hour: servers behind the gateway fetch the keys')
      })

      const appended = (await rotate([...key, '--print'])).out.trimEnd()
      const [oldKey, newKey] = JSON.parse(appended) as object[]
      expect(oldKey).toEqual(JSON.parse(ASSERTION_KEY))
      await deploy(ASSERTION_KEY, async () =>
        expect(await rotate([...key, '--now'])).toMatchObject({
          status: 1,
          err: expect.stringContaining('ASSERTION_KEY is not what is deployed'),
        }),
      )
      await deploy(appended, async () =>
        expect(await rotate([...key, '--now'])).toMatchObject({ status: 0, err: '' }),
      )
      const moved = (await rotate([...key, '--print'])).out.trimEnd()
      expect(JSON.parse(moved)).toEqual([newKey, oldKey])
    } finally {
      await front.stop()
    }
  }, 300_000)
})
