/**
 * `npm run soak -- console [minutes [rounds]]`: what a console costs a gateway in bare workerd at 500 requests a second, by the CPU
 * time of its process in rounds that take turns with the same gateway that has a monitor and no console, and with one that has
 * neither; whether its memory stays flat for the minutes (ten unless said otherwise); and whether a frame of its live stream holds
 * what was in a request.
 */
import { randomBytes } from 'node:crypto'
import { Agent, createServer, type IncomingMessage, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { cpuOf } from '../../bench/lib/cpu.ts'
import { startWorkerd, type Workerd } from '../../test/support/workerd.ts'
import { assertionKey, sessionSecret } from '../dev/secret.ts'

const [minutes, rounds] = [Number(process.argv[3] ?? 10), Number(process.argv[4] ?? 15)]
if (!(minutes >= 0 && minutes <= 60) || !(rounds >= 3 && rounds <= 60)) {
  console.error('soak: console [minutes (up to 60) [rounds (3 to 60)]]')
  process.exit(2)
}
const perSecond = 500
const roundMs = 3000
const mostCost = 1.03
/** Megabytes of heap that a gateway may hold more at the end than after the first third, once garbage was collected. */
const mostGrowth = 1

/** What no frame may hold: each is in requests of every kind. */
const canaries = ['mallory@example.com', 'tok_51c0ffee', 'hunter2', 'private-page', '198.51.100.77']

const upstream = createServer((request, response) => {
  request.resume()
  const nonce = request.headers['portcullis-session-nonce']
  if (request.method === 'POST' && request.url === '/login' && nonce !== undefined) {
    const verbs = { start: { data: { user: 'ada', roles: ['admin'] } } }
    const json = Buffer.from(JSON.stringify(verbs)).toString('base64url')
    response.setHeader('portcullis-session', `${nonce}.${json}`)
  }
  response.end('ok')
}).listen(0, '127.0.0.1')
await new Promise((done) => upstream.once('listening', done))
const upstreamUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
const bindings = {
  PUBLIC_ORIGIN: 'http://localhost',
  UPSTREAM_URL: upstreamUrl,
  SESSION_SECRET: sessionSecret(),
  ASSERTION_KEY: await assertionKey(),
}
const start = (OBSERVED_BY: string): Promise<Workerd> =>
  startWorkerd(
    { entry: 'test/soak/console-gateway.ts' },
    { bindings: { ...bindings, OBSERVED_BY }, inspect: true },
  )
const watched = await start('console')
const monitored = await start('monitor')
const bare = await start('nothing')
const workers = [watched, monitored, bare]
const agent = new Agent({ keepAlive: true, maxSockets: 64 })

let failed = false
try {
  const cookie = await signIn(watched)
  const frames: string[] = []
  void record(watched, cookie, frames)

  for (const worker of workers) await load(worker, roundMs)
  const costs = new Map(workers.map((worker) => [worker, [] as number[]]))
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < workers.length; turn++) {
      const worker = workers[(round + turn) % workers.length] ?? watched
      costs.get(worker)?.push(await measure(worker))
    }
  }
  const [withConsole, withMonitor, withNeither] = workers.map((worker) =>
    median(costs.get(worker) ?? []),
  ) as [number, number, number]
  const ratio = withConsole / withMonitor
  report(
    ratio < mostCost,
    `CPU a request: ${withConsole.toFixed(0)} us with, ${withMonitor.toFixed(0)} us without a console, ratio ${ratio.toFixed(3)}`,
  )
  console.log(
    `  ${withNeither.toFixed(0)} us without a monitor too, ratio ${(withConsole / withNeither).toFixed(3)}`,
  )

  const memory: number[] = []
  for (let minute = 0; minute < minutes; minute++) {
    await load(watched, 60_000)
    memory.push(await readHeap(watched))
    console.log(`  ${minute + 1} min  ${memory.at(-1)?.toFixed(1)} MB`)
  }
  if (minutes >= 3) {
    const base = memory[Math.floor(minutes / 3)] ?? 0
    const growth = (memory.at(-1) ?? 0) - base
    report(growth < mostGrowth, `memory grew by ${growth.toFixed(1)} MB after the first third`)
  }

  const text = frames.join('')
  const secrets = [
    ...canaries,
    cookie.split('=')[1] ?? '',
    bindings.SESSION_SECRET,
    bindings.ASSERTION_KEY,
  ]
  const found = secrets.filter((secret) => text.includes(secret))
  report(
    text.length > 1000 && found.length === 0,
    `${text.length} bytes of frames hold ${found.length} of ${secrets.length} secrets`,
  )
} finally {
  await Promise.all(workers.map((worker) => worker.stop()))
  upstream.close()
  agent.destroy()
}
process.exit(failed ? 1 : 0)

function report(isWithin: boolean, text: string): void {
  failed ||= !isWithin
  console.log(`${isWithin ? 'ok    ' : 'FAILED'} ${text}`)
}

async function signIn(worker: Workerd): Promise<string> {
  const response = await open(worker, '/login', { origin: 'http://localhost' }, 'POST')
  response.resume()
  const [cookie] = response.headers['set-cookie'] ?? []
  if (cookie === undefined)
    throw new Error(`nobody was signed in: ${response.statusCode} ${worker.stderr.join('\n')}`)
  return cookie.split(';')[0] ?? ''
}

/** Keeps every frame that an administrator receives, for as long as the soak lasts. */
async function record(worker: Workerd, cookie: string, frames: string[]): Promise<void> {
  for (;;) {
    try {
      const response = await open(worker, '/.portcullis/console/live', { cookie })
      if (response.statusCode !== 200) throw new Error(`the stream is ${response.statusCode}`)
      for await (const text of response.setEncoding('utf8')) frames.push(`${text}`)
    } catch {
      await sleep(1000)
    }
  }
}

function open(
  worker: Workerd,
  path: string,
  headers: Readonly<Record<string, string>>,
  method = 'GET',
): Promise<IncomingMessage> {
  const target = { host: '127.0.0.1', port: worker.port, path, method }
  return new Promise((done, fail) => {
    send({ ...target, headers: { host: 'localhost', ...headers } }, done)
      .once('error', fail)
      .end()
  })
}

/** Sends requests at the rate, and resolves with the microseconds of CPU that each cost the process. */
async function measure(worker: Workerd): Promise<number> {
  const before = cpuOf(worker.pid).used
  const count = await load(worker, roundMs)
  await sleep(200)
  return (cpuOf(worker.pid).used - before) / count
}

async function load(worker: Workerd, milliseconds: number): Promise<number> {
  const begun = Date.now()
  const open = new Set<Promise<void>>()
  let count = 0
  while (Date.now() - begun < milliseconds) {
    const due = ((Date.now() - begun) / 1000) * perSecond
    while (count < due && open.size < 64) {
      const work = ask(worker, count++).finally(() => open.delete(work))
      open.add(work)
    }
    await sleep(4)
  }
  await Promise.all(open)
  return count
}

/** Four in five are pages; the others are refused in different ways. */
function ask(worker: Workerd, index: number): Promise<void> {
  const token = `token=tok_51c0ffee&mail=mallory@example.com&n=${randomBytes(3).toString('hex')}`
  const paths = ['/a%2fb', '/admin/private-page', '/../x', `/private-page?${token}`]
  const path =
    index % 5 === 4 ? (paths[((index / 5) % 4) | 0] ?? '/') : `/private-page/${index % 40}?${token}`
  const headers = {
    host: 'localhost',
    cookie: 'password=hunter2',
    authorization: 'Bearer tok_51c0ffee',
    'cf-connecting-ip': '198.51.100.77',
    'x-mail': 'mallory@example.com',
  }
  return new Promise((done) => {
    const sent = send(
      { host: '127.0.0.1', port: worker.port, path, headers, agent },
      (response: IncomingMessage) => {
        response.resume().once('close', () => done())
      },
    )
    sent.once('error', () => done()).end()
  })
}

/** Megabytes of heap after a collection: what the process takes moves with garbage, and by tens of megabytes. */
async function readHeap(worker: Workerd): Promise<number> {
  const response = await open(worker, '/.gc', {})
  response.resume()
  return (await worker.heap()) / 1e6
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}
