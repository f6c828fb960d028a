/**
 * `npm run soak [-- minutes [visitors]]`: the gateway in bare workerd, in front of the Express
 * example and a real Redis, while things break: Redis is killed and slow, the origin resets, keys
 * are rotated, clocks step. Ten minutes and 40 visitors unless said otherwise. Every answer is
 * accounted for; a session that was acknowledged and is gone is a failure. `npm run soak --
 * sockets` is in soak-sockets.ts, `npm run soak -- outage` in soak-outage.ts, `npm run soak --
 * console` in soak-console.ts.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { durableRedis } from '../../test/soak/durable-redis.ts'
import { type Ledger, visitor } from '../../test/soak/visitor.ts'
import type { SoakSettings } from '../../test/soak/worker.ts'
import { startWorkerd } from '../../test/support/workerd.ts'
import { startRedisHttp } from '../dev/redis-http.ts'
import { assertionKey, sessionSecret } from '../dev/secret.ts'

// Each ends the process.
if (process.argv[2] === 'sockets') await import('./soak-sockets.ts')
if (process.argv[2] === 'outage') await import('./soak-outage.ts')
if (process.argv[2] === 'console') await import('./soak-console.ts')

const [minutes, visitors] = [Number(process.argv[2] ?? 10), Number(process.argv[3] ?? 40)]
if (!(minutes > 0 && minutes <= 120) || !(visitors >= 2 && visitors <= 200)) {
  console.error('soak: minutes (up to 120) and visitors (2 to 200)')
  process.exit(2)
}
const end = Date.now() + minutes * 60_000
const over = (): boolean => Date.now() > end
const say = (text: string): void =>
  console.log(`${((Date.now() - end) / 1000 + minutes * 60).toFixed(0).padStart(5)} s  ${text}`)

const redis = durableRedis()
await redis.start()
const bridge = await startRedisHttp({ redisSocket: redis.socket })
// The origin needs the gateway's address before it is loaded, the gateway the origin's port before
// it starts.
const sockets = new Set<Socket>()
let handler: Parameters<typeof createServer>[1]
const server: Server = createServer((req, res) => handler?.(req, res))
server.on('connection', (socket) => {
  sockets.add(socket)
  socket.on('close', () => sockets.delete(socket))
})
await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
const control = randomBytes(16).toString('hex')
const upstream = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const bindings = {
  UPSTREAM_URL: upstream,
  REDIS_URL: bridge.url,
  REDIS_TOKEN: bridge.token,
  CONTROL: control,
}
const worker = await startWorkerd({ entry: 'test/soak/worker.ts' }, { bindings })
process.env.PORTCULLIS_URL = worker.url
const { createApp } = await import('../../examples/express-origin/app.ts')
handler = createApp()

const settings: SoakSettings = {
  publicOrigin: worker.url,
  secrets: [sessionSecret()],
  keys: [await assertionKey()],
  offsetMs: 0,
}
async function change(values: Partial<SoakSettings>): Promise<void> {
  Object.assign(settings, values)
  const headers = { authorization: `Bearer ${control}` }
  const { status } = await fetch(`${worker.url}/.soak`, {
    method: 'POST',
    headers,
    body: JSON.stringify(values),
  })

  if (status !== 204) throw new Error(`the settings were refused: ${status}`)
}
await change(settings)

function refusing(
  ...[fault, options, ms]: [...Parameters<typeof bridge.control.fault>, ms: number]
): Promise<unknown> {
  bridge.control.fault(fault, options)
  return sleep(ms)
}

/** What goes wrong, one after the other, each healed before the next. */
const faults: ReadonlyArray<readonly [name: string, happen: () => Promise<unknown>]> = [
  [
    'Redis is killed, and comes back after 2 s',
    () =>
      redis
        .kill()
        .then(() => sleep(2000))
        .then(redis.start),
  ],
  [
    'Redis takes 300 ms for 200 requests',
    () => refusing({ kind: 'delay', ms: 300 }, { times: 200 }, 6000),
  ],
  [
    'Redis takes too long for 20 requests',
    () => refusing({ kind: 'delay', ms: 1500 }, { times: 20 }, 4000),
  ],
  [
    'Redis drops 20 connections before it works',
    () => refusing({ kind: 'drop-before' }, { times: 20 }, 3000),
  ],
  [
    'Redis drops 20 connections after it worked',
    () => refusing({ kind: 'drop-after' }, { times: 20 }, 3000),
  ],
  [
    'the origin resets all connections, five times',
    async () => {
      for (let times = 0; times < 5; times++) {
        for (const socket of sockets) socket.resetAndDestroy()
        await sleep(400)
      }
    },
  ],
  [
    'the origin refuses for 2 s',
    async () => {
      const usual = handler
      handler = (req) => void req.socket.destroy()
      await sleep(2000)
      handler = usual
    },
  ],
  [
    'a new session secret is added, then seals',
    async () => {
      const [newer, ...older] = [sessionSecret(), ...settings.secrets]
      await change({ secrets: [...older, newer] })
      await sleep(3000)

      // Those of a deploy before the last are out of use for an absolute life: here they are kept.
      await change({ secrets: [newer, ...older] })
    },
  ],
  [
    'a new assertion key is published, then signs',
    async () => {
      const [newer, ...older] = [await assertionKey(), ...settings.keys]
      await change({ keys: [...older, newer] })

      // Origins fetch keys at most every half minute.
      await sleep(Math.min(35_000, Math.max(0, end - Date.now())))
      await change({ keys: [newer, ...older].slice(0, 3) })
    },
  ],
  [
    'the clock is half a minute ahead, then behind',
    async () => {
      for (const offsetMs of [30_000, -25_000, 0]) {
        await change({ offsetMs })
        await sleep(2000)
      }
    },
  ],
]

const ledger: Ledger = { requests: 0, answers: new Map(), checked: 0, lost: [], unexplained: [] }
const rss = (): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${worker.pid}/status`, 'utf8'))?.[1]) / 1024
const memory: number[] = []
const sampler = setInterval(() => memory.push(rss()), 5000)
let injected = 0
async function trouble(): Promise<void> {
  for (let at = 0; !over(); at++) {
    await sleep(2000)
    const [name, happen] = faults[at % faults.length] as (typeof faults)[number]
    say(
      `${name} (${ledger.requests} requests, ${ledger.checked} checks, lost ${ledger.lost.length})`,
    )
    await happen()
    injected++
    bridge.control.reset()
  }
}
await Promise.all([
  trouble(),
  ...Array.from({ length: visitors }, (_, at) =>
    visitor(worker.url, ledger, at, over, at % 8 === 7),
  ),
])
clearInterval(sampler)

// What was started has ended: nothing of a visitor is under way, so no connection may be held.
const uncaught = worker.stderr.filter((line) => !line.startsWith('{"fault":'))
const third = Math.max(1, Math.floor(memory.length / 3))
const mean = (list: readonly number[]): number =>
  list.reduce((sum, each) => sum + each, 0) / Math.max(1, list.length)
// The first third warms up.
const [middle, last] = [mean(memory.slice(third, 2 * third)), mean(memory.slice(2 * third))]
const grown = memory.length >= 12 && last > middle * 1.15 + 16
await worker.stop()
await bridge.stop()
await redis.stop()
server.closeAllConnections()
server.close()

const answers = [...ledger.answers]
  .sort(([a], [b]) => a.localeCompare(b))
  .map(([what, count]) => `${what}: ${count}`)
for (const each of [...ledger.lost, ...ledger.unexplained].slice(0, 20))
  console.error(`soak: ${each}`)
for (const line of uncaught.slice(0, 20)) console.error(`soak: workerd said ${line}`)
if (grown) console.error(`soak: memory grew from ${middle.toFixed(0)} to ${last.toFixed(0)} MB`)
console.log(`soak: answers ${answers.join(', ')}`)
console.log(
  `soak: memory ${middle.toFixed(0)} MB in the middle third, ${last.toFixed(0)} MB in the last`,
)
console.log(
  `soak: ${ledger.requests} requests, ${injected} faults injected, ${ledger.checked} sessions checked, ` +
    `${ledger.unexplained.length} answers unexplained, lost: ${ledger.lost.length}`,
)
const wrong = ledger.lost.length + ledger.unexplained.length + uncaught.length + (grown ? 1 : 0)
process.exit(wrong > 0 || ledger.checked === 0 ? 1 : 0)
