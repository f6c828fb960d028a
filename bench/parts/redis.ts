/** (e) What each web request costs in requests and commands to Redis. */
import { startRedis, type TestRedis } from '../../test/support/redis.ts'
import type { Goal, Report, Settings } from '../lib/report.ts'
import { startWorkers } from '../lib/workers.ts'

/** Of servers/express.ts, which only compiles where the peers are installed. */
interface Servers {
  startExpress(
    socket: string,
    lean: boolean,
  ): Promise<{ readonly port: number; stop(): Promise<void> }>
}

const pages = ['anonymous', 'again', 'login', 'read', 'write', 'forged', 'logout'] as const
type Page = (typeof pages)[number]

const stacks = [
  ['ours', 'Portcullis', `import { ours } from './stored.ts'\nexport default ours(false)`],
  [
    'limited',
    'Portcullis, and a rate limit',
    `import { ours } from './stored.ts'\nexport default ours(true)`,
  ],
  [
    'hono-sessions',
    'hono-sessions',
    `import { honoSessions } from './stored.ts'\nexport default honoSessions()`,
  ],
  [
    'hono-session',
    '@hono/session',
    `import { honoSession } from './stored.ts'\nexport default honoSession()`,
  ],
] as const

export async function redisTraffic({ log }: Settings): Promise<Report> {
  const redis = await startRedis()
  const bindings = { URL: redis.url, TOKEN: redis.token }
  const workers = await startWorkers(stacks.map(([name, , code]) => ({ name, code, bindings })))
  const rows: string[][] = []
  const requests = new Map<string, number>()
  try {
    for (const [name, label] of stacks) {
      log(label)
      // What is done once, such as loading scripts, was done before.
      await walk(workers.port(name), async () => '')
      const cells = await walk(workers.port(name), async (page) => {
        await settled(redis)
        requests.set(`${name} ${page}`, redis.control.requests)
        const text = redis.control.verbs.map((verbs) => verbs.join(' ')).join(' | ')
        const count = redis.control.requests
        redis.control.reset()
        return count === 0 ? '0' : `${count}: ${text}`
      })
      rows.push([label, ...pages.map((page) => cells.get(page) ?? '')])
    }
    // Not imported above: its packages are installed by the first run.
    const { startExpress } = (await import('../servers/express.ts' as string)) as Servers
    for (const lean of [false, true]) {
      const express = await startExpress(redis.socket, lean)
      try {
        const label = `express-session, connect-redis, ${lean ? 'nothing saved unasked' : 'its defaults'} (Node, TCP)`
        await redis.raw.call('CONFIG', 'RESETSTAT')
        const cells = await walk(express.port, () => commandsOf(redis))
        rows.push([label, ...pages.map((page) => cells.get(page) ?? '')])
      } finally {
        await express.stop()
      }
    }
  } finally {
    await workers.stop()
    await redis.stop()
  }
  const count = (name: string, page: Page): number => requests.get(`${name} ${page}`) ?? Number.NaN
  const goal = (promise: string, most: number, measured: number): Goal => ({
    promise,
    goal: `${most}`,
    measured: `${measured}`,
    holds: measured <= most,
  })
  return {
    title: 'Redis: requests and commands for each web request',
    text:
      'A real Redis; Workers reach it over HTTP as they would Upstash, Express over TCP. `2: GET | SET` is two requests after each other, of one command each. ' +
      "@hono/session does not wait for its writes: they may be lost when the Worker ends, and their errors are nobody's. hono-sessions writes a row for every visitor and every forged cookie.",
    tables: [
      {
        caption: 'Requests: commands',
        columns: [
          '',
          'first visit',
          'another page',
          'login',
          'page that reads',
          'page that writes',
          'forged cookie',
          'logout',
        ],
        rows,
      },
    ],
    goals: [
      goal('requests to Redis, an anonymous request', 0, count('ours', 'anonymous')),
      goal('requests to Redis, a forged cookie', 0, count('ours', 'forged')),
      goal('requests to Redis, a signed-in read with a rate limit', 1, count('limited', 'read')),
      goal('requests to Redis, a write with a rate limit', 2, count('limited', 'write')),
      goal('requests to Redis, a login with a rate limit', 2, count('limited', 'login')),
    ],
  }
}

async function walk(
  port: number,
  seen: (page: Page) => Promise<string>,
): Promise<Map<Page, string>> {
  const jar = new Map<string, string>()
  const cells = new Map<Page, string>()
  let n = 1
  await seen('anonymous')
  for (const page of pages) {
    const path = page === 'again' ? 'anonymous' : page === 'forged' ? 'read' : page
    const forged = [...jar].map(
      ([name, value]) => [name, `${value.slice(0, 30)}AAAAAAAA${value.slice(38)}`] as const,
    )
    const cookie = (page === 'forged' ? forged : [...jar]).map((pair) => pair.join('=')).join('; ')
    const response = await fetch(`http://127.0.0.1:${port}/${path}`, {
      headers: { cookie, 'sec-fetch-site': 'same-origin' },
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${page}: ${response.status} ${text}`)
    if (page === 'write') n++
    if ((page === 'read' || page === 'write') && text !== `n=${n}`)
      throw new Error(`${page} says ${text}`)
    if (page === 'forged' && text !== 'n=undefined' && text !== 'n=null')
      throw new Error(`a forged cookie reads ${text}`)
    if (page !== 'forged') {
      for (const set of response.headers.getSetCookie()) {
        const [name = '', value = ''] = (set.split(';', 1)[0] ?? '').split('=', 2)
        jar.set(name, value)
      }
    }
    cells.set(page, await seen(page))
  }
  return cells
}

/** Peers that do not wait for their writes are given time to send them. */
async function settled(redis: TestRedis): Promise<void> {
  for (let last = -1; last !== redis.control.requests; ) {
    last = redis.control.requests
    await new Promise((done) => setTimeout(done, 30))
  }
}

/** By Redis's own count, without what asks for it. */
async function commandsOf(redis: TestRedis): Promise<string> {
  await new Promise((done) => setTimeout(done, 30))
  const stats = String(await redis.raw.call('INFO', 'commandstats'))
  const found = [...stats.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)]
    .filter(([, name = '']) => !/^(?:info|config|client|hello|ping|select)/.test(name))
    .flatMap(([, name = '', calls]) =>
      Array.from({ length: Number(calls) }, () => name.toUpperCase()),
    )
  await redis.raw.call('CONFIG', 'RESETSTAT')
  return found.length === 0 ? '0' : `${found.length}: ${found.join(' | ')}`
}
