/**
 * `portcullis sessions` in a project of `portcullis init`, from the packed tarball, over a Redis: an administrator sees
 * and ends the sessions that people have at the running gateway.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  type CommandEnd,
  createGatewayProject,
  type GatewayProject,
  openAccount,
  signInAt,
  withGateway,
} from '../support/gateway-project.ts'
import { startRedis } from '../support/redis.ts'

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
let project: GatewayProject
let module: string
let store: Awaited<ReturnType<typeof startRedis>>

beforeAll(async () => {
  ;[project, store] = await Promise.all([createGatewayProject(), startRedis()])
  putSessionsIntoRedis()
  module = project.build()
}, 240_000)
afterAll(async () => {
  await store?.stop()
  await project?.remove()
})

/** The steps of docs/storage.md for a project, in development and for production. */
function putSessionsIntoRedis(): void {
  project.edit('gateway.config.ts', {
    "import { statelessSessions } from 'portcullis/session'": `import { redis } from 'portcullis/redis'
import { clientInfo, storedSessions } from 'portcullis/session'
import { upstashStore } from 'portcullis/store/upstash'`,
    'session: statelessSessions<Data>({': `session: storedSessions<Data>({
      store: upstashStore({ redis: redis.fromEnv({ timeoutMs: 10_000 }) }),
      clientInfo: clientInfo({ platform: 'cloudflare' }),
     `,
  })
  const toml = project.read('wrangler.toml')
  project.write(
    'wrangler.toml',
    toml
      .replaceAll('"ASSERTION_KEY"]', '"ASSERTION_KEY", "UPSTASH_REDIS_REST_TOKEN"]')
      .replaceAll('\nUPSTREAM_URL', `\nUPSTASH_REDIS_REST_URL = "${store.url}"\nUPSTREAM_URL`),
  )
  const devVars = project.read('.dev.vars')
  project.write('.dev.vars', `${devVars}UPSTASH_REDIS_REST_TOKEN='${store.token}'\n`)
}

/** The secrets that production has, as an administrator sets them for the command. */
function readSecrets(): Record<string, string> {
  const { SESSION_SECRET = '', ASSERTION_KEY = '' } = project.readBindings()
  return { SESSION_SECRET, ASSERTION_KEY, UPSTASH_REDIS_REST_TOKEN: store.token }
}

interface Listed {
  readonly sessions: ReadonlyArray<{ readonly id: string; readonly client: object }>
}

it('portcullis sessions list shows devices and times, and no secret', async () => {
  await withGateway(module, project.readBindings(), async (port) => {
    const from = [
      ['User-Agent', firefox],
      ['CF-Connecting-IP', '203.0.113.7'],
    ] as const
    const cookie = await signInAt(port, 'list-ada', from)
    const { status, out, err } = await project.portcullis(['sessions', 'list', 'list-ada'])
    expect([status, err]).toEqual([0, ''])
    const [header, row, count] = out.split('\n')
    expect(header).toMatch(/^ID +DEVICE +CREATED +LAST SEEN +ENDS +NETWORK$/)
    const time = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d`
    expect(row).toMatch(
      new RegExp(
        `^[\\w-]{8}  Firefox 140, Linux  ${time}  ${time}  ${time}  203\\.0\\.113\\.0/24$`,
      ),
    )
    expect(count).toBe('1 session of list-ada; times in UTC')

    const json = await project.portcullis(['sessions', 'list', 'list-ada', '--json'])
    const { sessions } = JSON.parse(json.out) as Listed
    expect(sessions).toMatchObject([
      { client: { browser: 'Firefox 140', network: '203.0.113.0/24' } },
    ])
    // Neither the cookie nor the row in Redis can be found by what the command shows.
    expect(`${out}${json.out}`).not.toContain(cookie.split('=')[1]?.slice(-20))
    expect(await store.raw.text()).not.toContain(sessions[0]?.id)
  })
}, 300_000)

it('portcullis sessions end ends one session, then all, with audit records of the command', async () => {
  const env = { ...readSecrets(), USER: 'ops' }
  const run = (...args: string[]): Promise<CommandEnd> =>
    project.portcullis(['sessions', ...args, '--env', 'production'], env)
  await withGateway(module, project.readBindings(), async (port) => {
    const cookies: string[] = []
    for (const user of ['ada', 'ada', 'ada', 'bob']) cookies.push(await signInAt(port, user))
    const openAll = (): Promise<number[]> =>
      Promise.all(cookies.map((cookie) => openAccount(port, cookie)))
    expect(await openAll()).toEqual([200, 200, 200, 200])

    const { sessions } = JSON.parse((await run('list', 'ada', '--json')).out) as Listed
    expect(sessions.length).toBe(3)
    const one = await run('end', 'ada', '--id', `${sessions[0]?.id.slice(0, 8)}`)
    expect([one.status, one.out]).toEqual([0, 'Ended 1 session of ada.\n'])
    expect(readAudit(one.err)).toMatchObject({
      action: 'session-end',
      reason: 'ended-by-administrator',
      actor: 'administrator',
      actorUser: expect.any(String),
      session: sessions[0]?.id,
      subject: 'portcullis sessions',
    })
    expect((await openAll()).sort()).toEqual([200, 200, 200, 401])
    expect(await openAccount(port, cookies[3] ?? '')).toBe(200)
    const again = await run('end', 'ada', '--id', `${sessions[0]?.id}`)
    expect(again).toMatchObject({ status: 1, out: '' })

    const all = await run('end', 'ada', '--all', '--by', 'someone', '--json')
    const { request, ...result } = JSON.parse(all.out) as { request: string }
    expect(result).toEqual({ user: 'ada', ended: 2 })
    const record = readAudit(all.err)
    expect(record).toMatchObject({
      action: 'session-end-all',
      actor: 'administrator',
      requestId: request,
      subject: 'portcullis sessions',
    })
    expect(record.actorUser).not.toBe(readAudit(one.err).actorUser)
    expect(await openAll()).toEqual([401, 401, 401, 200])
    expect((await run('list', 'ada')).out).toBe('0 sessions of ada\n')
  })
}, 300_000)

function readAudit(lines: string): Record<string, unknown> {
  const line = lines.split('\n').find((text) => text.includes('"event":"audit"'))
  return JSON.parse(line ?? '{}') as Record<string, unknown>
}

it('portcullis sessions says what is wrong, with a code and a status', async () => {
  const run = async (
    args: readonly string[],
    env = readSecrets(),
  ): Promise<[number | null, string]> => {
    const { status, err } = await project.portcullis(['sessions', ...args], env)
    return [status, err]
  }
  for (const args of [
    ['list'],
    ['list', 'ada', '--all'],
    ['end', 'ada'],
    ['end', 'ada', '--all', '--id', 'x'],
    ['end', 'ada', '--all', '--env'],
    ['end', 'ada', '--every'],
  ])
    expect(await run(args)).toEqual([2, expect.stringContaining('portcullis sessions list USER')])

  const production = ['--env', 'production']
  expect(await run(['list', 'ada', ...production], {})).toEqual([
    3,
    expect.stringMatching(/^SESSION_SECRET, ASSERTION_KEY, UPSTASH_REDIS_REST_TOKEN must be set/),
  ])
  expect(await run(['list', 'ada', '--env', 'staging'])).toEqual([
    1,
    'wrangler.toml has no [env.staging]; its environments: production.\n',
  ])
  expect(await run(['end', 'ada', '--id', 'unknown'])).toEqual([
    1,
    'ada has no session unknown: portcullis sessions list ada\n',
  ])
  const wrongToken = { ...readSecrets(), UPSTASH_REDIS_REST_TOKEN: 'a-token-that-redis-refuses' }
  expect(await run(['list', 'ada', ...production], wrongToken)).toEqual([
    1,
    expect.stringMatching(/^ERR_STORE_REFUSED: /),
  ])
  store.control.fault({ kind: 'drop-before' }, { times: Number.POSITIVE_INFINITY })
  expect(await run(['end', 'ada', '--all', ...production])).toEqual([
    1,
    expect.stringMatching(/^ERR_STORE_UNAVAILABLE: /),
  ])
  store.control.reset()
}, 300_000)

it('portcullis sessions names a configuration whose sessions cannot be listed', async () => {
  const config = project.read('gateway.config.ts')
  project.edit('gateway.config.ts', {
    'storedSessions<Data>({': 'statelessSessions<Data>({',
    "import { clientInfo, storedSessions } from 'portcullis/session'":
      "import { clientInfo, statelessSessions } from 'portcullis/session'",
    '      store: upstashStore({ redis: redis.fromEnv({ timeoutMs: 10_000 }) }),\n': '',
  })
  expect(await project.portcullis(['sessions', 'list', 'ada'])).toMatchObject({
    status: 1,
    err: expect.stringMatching(/^ERR_CONFIG: .*cannot be listed/),
  })
  expect(await project.portcullis(['sessions', 'end', 'ada', '--all'])).toMatchObject({
    status: 1,
    err: expect.stringMatching(/^ERR_CONFIG: .*revocation/),
  })
  project.write('gateway.config.ts', config)
}, 240_000)
