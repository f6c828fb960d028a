/**
 * `npm run soak -- outage [seconds]`: the gateway in bare workerd under 200 requests a second, three in ten with a cookie,
 * while a real Redis is stopped (SIGSTOP) for a minute, and then killed for another. Public pages must stay up, guarded
 * ones answer 503 with no wait after the first time limit, everything must be back within two seconds, and nobody may be
 * logged out. test/node/gateway/store-outage.test.ts is the short version, over three seconds.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type DurableRedis, durableRedis } from '../../test/soak/durable-redis.ts'
import { type Load, type Outcome, send, startLoad } from '../../test/soak/outage-load.ts'
import { startWorkerd } from '../../test/support/workerd.ts'
import { startRedisHttp } from '../dev/redis-http.ts'
import { assertionKey, sessionSecret } from '../dev/secret.ts'

/** How Redis goes away, and comes back. */
interface Outage {
  readonly name: string
  begin(redis: DurableRedis): Promise<unknown> | unknown
  end(redis: DurableRedis): Promise<unknown> | unknown
}

/** When an outage began and ended, in milliseconds of the load, and what became of logouts meanwhile. */
interface Period {
  readonly name: string
  readonly beganAt: number
  /** When Redis was let go on, or started again. */
  readonly endingAt: number
  /** When it answered again. */
  readonly endedAt: number
  readonly logouts: readonly Logout[]
}

/** A logout: whether it was acknowledged, and whether the session was over afterwards. */
interface Logout {
  readonly status: number
  readonly cookie: string
}

const seconds = Number(process.argv[3] ?? 60)
if (!(seconds >= 3 && seconds <= 600)) {
  console.error('soak: outage, and its seconds (3 to 600)')
  process.exit(2)
}
/** The time limit of a question to Redis, by default. */
const deadlineMs = 1000
const promptMs = 50
const backMs = 2000
const users = 20

const outages: readonly Outage[] = [
  {
    name: 'stopped',
    begin: (redis) => redis.pause(),
    end: (redis) => redis.resume(),
  },
  { name: 'killed', begin: (redis) => redis.kill(), end: (redis) => redis.start() },
]

const faults: string[] = []
function expectThat(holds: boolean, what: string): void {
  console.log(`soak: ${holds ? 'holds' : 'DOES NOT HOLD'}: ${what}`)
  if (!holds) faults.push(what)
}

const redis = durableRedis()
await redis.start()
const bridge = await startRedisHttp({ redisSocket: redis.socket })
const { server, url, stop } = await startGateway()
const cookies = await signInAll(users)
const leavers = await signInAll(2 * outages.length)

const load = startLoad(url, cookies)
await sleep(3000)
const periods: Period[] = []
for (const outage of outages) periods.push(await suffer(outage, load))
const outcomes = await load.stop()
for (const period of periods) await report(period)

const opened = await Promise.all(cookies.map((cookie) => isSignedIn(cookie)))
const lost = opened.filter((signedIn) => !signedIn).length
expectThat(lost === 0, `${lost} of ${users} people were logged out`)
const taken = outcomes.filter(({ lostCookie }) => lostCookie).length
expectThat(taken === 0, `${taken} of ${outcomes.length} answers took a cookie away`)

await stop()
await bridge.stop()
await redis.stop()
server.closeAllConnections()
server.close()
process.exit(faults.length > 0 ? 1 : 0)

/** The gateway, and the Express example behind it. */
async function startGateway(): Promise<{ server: Server; url: string; stop(): Promise<void> }> {
  let handler: Parameters<typeof createServer>[1]
  const server = createServer((req, res) => {
    if (req.url === '/public') res.end('a page for everybody')
    else handler?.(req, res)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const control = randomBytes(16).toString('hex')
  const bindings = {
    UPSTREAM_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    REDIS_URL: bridge.url,
    REDIS_TOKEN: bridge.token,
    CONTROL: control,
  }
  const worker = await startWorkerd({ entry: 'test/soak/worker.ts' }, { bindings })
  process.env.PORTCULLIS_URL = worker.url
  const { createApp } = await import('../../examples/express-origin/app.ts')
  handler = createApp()

  const keys = [await assertionKey()]
  const settings = { publicOrigin: worker.url, secrets: [sessionSecret()], keys, offsetMs: 0 }
  const headers = { authorization: `Bearer ${control}` }
  const init = { method: 'POST', headers, body: JSON.stringify(settings) }
  const { status } = await fetch(`${worker.url}/.soak`, init)
  if (status !== 204) throw new Error(`the settings were refused: ${status}`)
  return { server, url: worker.url, stop: () => worker.stop() }
}

async function signInAll(count: number): Promise<string[]> {
  const form = 'user=alice&password=wonderland'
  const made: string[] = []
  for (let person = 0; person < count; person++) {
    const { status, cookies } = await send(url, {
      method: 'POST',
      path: '/login',
      cookie: '',
      form,
    })
    if (status !== 303) throw new Error(`the login answered ${status}`)
    made.push(cookies.map((cookie) => cookie.split(';')[0]).join('; '))
  }
  return made
}

/** Asks again while the store counts as away: an error is no answer to who is signed in. */
async function isSignedIn(cookie: string): Promise<boolean> {
  for (let tries = 0; tries < 100; tries++) {
    const { status } = await send(url, { method: 'GET', path: '/account', cookie })
    if (status === 200) return true
    if (status === 303 || status === 401) return false
    await sleep(200)
  }
  throw new Error('the gateway did not recover')
}

async function suffer({ name, begin, end }: Outage, load: Load): Promise<Period> {
  const beganAt = load.now()
  await begin(redis)
  await sleep((seconds * 1000) / 2)
  const logouts: Logout[] = []
  for (const cookie of leavers.splice(0, 2)) {
    const { status } = await send(url, { method: 'POST', path: '/logout', cookie, form: '' })
    logouts.push({ status, cookie })
  }
  await sleep((seconds * 1000) / 2)
  const endingAt = load.now()
  await end(redis)
  const endedAt = load.now()
  await sleep(5000)
  return { name, beganAt, endingAt, endedAt, logouts }
}

async function report({ name, beganAt, endingAt, endedAt, logouts }: Period): Promise<void> {
  const within = (from: number, to: number): Outcome[] =>
    outcomes.filter(({ startedAt }) => startedAt >= from && startedAt < to)
  const before = within(beganAt - 2500, beganAt)
  // A request that began right before may be answered by a Redis that is back.
  const during = within(beganAt, endingAt - deadlineMs)
  const isPage = ({ kind }: Outcome): boolean => kind !== 'guarded'
  const isGuarded = ({ kind }: Outcome): boolean => kind === 'guarded'

  const pages = during.filter(isPage)
  console.log(`soak: Redis ${name}; public pages before: ${describe(before.filter(isPage))}`)
  const failed = pages.filter(({ status }) => status !== 200).length
  expectThat(failed === 0, `${name}: ${failed} of ${pages.length} public pages failed`)
  expectThat(
    percentile(pages, 99) <= promptMs,
    `${name}: 99 % of public pages within ${promptMs} ms: ${describe(pages)}`,
  )

  const guarded = during.filter(isGuarded)
  const served = guarded.filter(({ status }) => status !== 503).length
  expectThat(served === 0, `${name}: ${served} of ${guarded.length} guarded pages were not 503`)
  // One question at a time looks whether Redis is back, and waits for it.
  const later = guarded.filter(({ startedAt }) => startedAt > beganAt + deadlineMs + 100)
  const probes = Math.ceil((endedAt - beganAt) / deadlineMs)
  const slow = later.filter(({ duration }) => duration > deadlineMs / 2).length
  expectThat(slow <= probes, `${name}: ${slow} guarded pages waited, at most ${probes} look`)
  expectThat(
    percentile(later, 50) <= promptMs,
    `${name}: guarded pages 503 after the first time limit: ${describe(later)}`,
  )

  const after = within(endedAt, endedAt + 5000).filter(isGuarded)
  const lastFault = after.filter(({ status }) => status !== 200).at(-1)?.startedAt ?? endedAt
  expectThat(
    after.length > 20 && lastFault - endedAt <= backMs,
    `${name}: everything back after ${Math.round(lastFault - endedAt)} ms`,
  )
  for (const { status, cookie } of logouts) {
    const over = !(await isSignedIn(cookie))
    expectThat(
      status === 303 ? over : status === 503 && !over,
      `${name}: a logout was answered ${status}, and the session ${over ? 'is over' : 'lives'}`,
    )
    const again = await send(url, { method: 'POST', path: '/logout', cookie, form: '' })
    expectThat(
      again.status === 303 && !(await isSignedIn(cookie)),
      `${name}: the logout that was sent again was answered ${again.status}`,
    )
  }
}

function percentile(list: readonly Outcome[], percent: number): number {
  const durations = list.map(({ duration }) => duration).sort((one, other) => one - other)
  return (
    durations[Math.min(durations.length - 1, Math.floor((durations.length * percent) / 100))] ?? 0
  )
}

function describe(list: readonly Outcome[]): string {
  const at = (percent: number): string => percentile(list, percent).toFixed(1)
  return `${list.length}, median ${at(50)} ms, 95 % ${at(95)}, 99 % ${at(99)}, longest ${at(100)}`
}
