/** Everything an upstream, a client and a store can do wrong to a gateway in bare workerd: the answer, and what is left behind. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { assertionKey } from '../../../tools/dev/secret.ts'
import { type RawResponse, rawFetch, rawRequest } from '../../support/raw.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'
import { type Script, startTcpOrigin, type TcpOrigin } from '../../support/tcp-origin.ts'
import { startWorkerd, type Workerd } from '../../support/workerd.ts'
import { closedPort } from './support.ts'

let origin: TcpOrigin
let worker: Workerd
let store: TestRedis | undefined
beforeAll(async () => {
  origin = await startTcpOrigin()
  if (!noRedis) store = await startRedis()
  const dead = `http://127.0.0.1:${await closedPort()}`
  worker = await startWorkerd(
    { entry: 'test/node/gateway/upstream-faults.fixture.ts' },
    {
      inspect: true,
      bindings: {
        UPSTREAM_URL: origin.url,
        DEAD_URL: dead,
        UPSTASH_REDIS_REST_URL: store?.url ?? dead,
        UPSTASH_REDIS_REST_TOKEN: store?.token ?? 'none',
        ASSERTION_KEY: await assertionKey(),
      },
    },
  )
}, 60_000)
afterAll(async () => {
  // Whatever happened: nothing was thrown past the gateway, and no promise was left to reject by itself.
  const strange = worker.stderr.filter((line) =>
    /unhandled|uncaught \(|Error: .*\n? +at |script will never/i.test(line),
  )
  await worker.stop()
  await origin.stop()
  await store?.stop()
  expect(strange).toEqual([])
})
beforeEach(() => origin.reset())

const ask = (path: string): Promise<RawResponse> => rawFetch(worker.port, { path })
/** Megabytes that workerd holds. */
const memory = (): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${worker.pid}/status`, 'utf8'))?.[1]) /
  1024
/** Megabytes of the Worker's heap that are no garbage. */
const kept = async (): Promise<number> => {
  expect((await ask('/gc')).text).toBe('ok')
  return (await worker.heap()) / 1e6
}
/** Until workerd has let go of what it keeps for the next request, which is 5 s. */
const noneOpen = (): Promise<void> => expect.poll(() => origin.open, { timeout: 15_000 }).toBe(0)

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const reset: Script = (socket) => void socket.resetAndDestroy()

describe('an upstream', () => {
  it.each<[what: string, status: number, script: Script]>([
    ['hangs before it says anything', 504, () => {}],
    ['hangs in the middle of its head', 504, 'HTTP/1.1 200 OK\r\nContent-Le'],
    ['hangs up', 502, (socket) => void socket.end()],
    ['resets', 502, reset],
    [
      'hangs up in the middle of its head',
      502,
      (socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Le'),
    ],
    ['speaks another protocol', 502, 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    [
      'speaks HTTP without a version',
      502,
      (socket) => void socket.end('<html>hello</html>\r\n\r\n'),
    ],
    ['answers with a status that is none', 502, 'HTTP/1.1 999 Nope\r\nContent-Length: 0\r\n\r\n'],
    ['answers with a status of two digits', 502, 'HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n'],
    [
      'answers with a line that is no header',
      502,
      'HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 2\r\n\r\nok',
    ],
    [
      'answers with NUL in a header',
      502,
      'HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 2\r\n\r\nok',
    ],
    ['answers with a length that is none', 502, 'HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok'],
    [
      'answers with two lengths',
      502,
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok',
    ],
    [
      'switches protocols unasked',
      502,
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
    ],
    ['sends 100 kB of headers', 200, large(100)],
    ['sends 2 MB of headers', 502, large(2000)],
  ])('that %s: %i', async (_, status, script) => {
    origin.answer(script)
    const answer = await ask(status === 504 ? '/hangs' : '/x')
    expect([answer.status, answer.header('x-content-type-options')]).toEqual([status, 'nosniff'])
    if (status > 200) expect(answer.header('content-type')).toBe('application/problem+json')
    origin.answer(ok)
    expect((await ask('/after')).text).toBe('ok')
  })

  it('that is not there: 502', async () => {
    expect((await ask('/dead')).status).toBe(502)
  })

  it('that says 100 first, or nothing of its length, or a byte now and then, is understood', async () => {
    origin.answer(`HTTP/1.1 100 Continue\r\n\r\n${ok}`)
    expect([200, 502]).toContain((await ask('/x')).status)
    origin.answer((socket) => void socket.end('HTTP/1.1 200 OK\r\n\r\nto the end'))
    expect((await ask('/x')).text).toBe('to the end')
    origin.answer((socket) => void drip(socket, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
    expect((await ask('/x')).text).toBe('ok')
  })

  it('that hangs in the middle of its body is left when the client resets', async () => {
    origin.answer('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')
    // A client that only ends what it sends may still read: workerd looks for that one with the next byte.
    const client = await reading('/x')
    await expect.poll(() => client.text).toMatch(/half$/)
    client.socket.resetAndDestroy()
    await noneOpen()
  }, 30_000)

  it('that resets in the middle of its body is not taken for one that was done', async () => {
    let upstream: Socket | undefined
    origin.answer((socket) => {
      upstream = socket
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')
    })
    const client = await reading('/x')
    await expect.poll(() => client.text).toMatch(/half$/)
    const closed = once(client.socket, 'close')
    upstream?.resetAndDestroy()
    await closed
    expect(client.text).toMatch(/\r\nContent-Length: 10\r\n(?:.*\r\n)*\r\nhalf$/i)
  })
})

describe('10 GB', () => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 10000000000\r\n\r\n'
  const chunk = Buffer.alloc(256 * 1024, 'x')
  let written = 0
  /** As much as is taken. */
  const pour: Script = (socket) => {
    written = 0
    socket.write(head)
    const more = (): void => {
      let taken = true
      while (taken && !socket.destroyed) {
        written += chunk.length
        taken = socket.write(chunk)
      }
    }
    socket.on('drain', more)
    more()
  }

  it('pass through memory that stays flat, and end when the client leaves', async () => {
    origin.answer(pour)
    const client = await reading('/film', false)
    await expect.poll(() => client.bytes, { timeout: 15_000 }).toBeGreaterThan(20e6)
    const before = memory()
    await expect.poll(() => client.bytes, { timeout: 60_000 }).toBeGreaterThan(400e6)
    expect(memory() - before).toBeLessThan(32)
    client.socket.resetAndDestroy()
    await noneOpen()
    expect(written).toBeLessThan(2e9)
  }, 90_000)

  it('wait at the upstream while nobody reads them', async () => {
    origin.answer(pour)
    const before = memory()
    const client = await reading('/film', false)
    await expect.poll(() => client.bytes).toBeGreaterThan(0)
    client.socket.pause()
    let last = -1
    // Until nothing moves any more: the buffers between here and there are full.
    const still = (): boolean => {
      const same = last === written
      last = written
      return same
    }
    await expect.poll(still, { interval: 500, timeout: 15_000 }).toBe(true)
    expect(written).toBeLessThan(64e6)
    expect(memory() - before).toBeLessThan(32)
    client.socket.resetAndDestroy()
    await noneOpen()
  }, 60_000)
})

describe.skipIf(noRedis)('with sessions in Redis', () => {
  let cookie: string
  const account = (path = '/account'): Promise<RawResponse> =>
    rawFetch(worker.port, { path, headers: [['Cookie', cookie]] })
  beforeAll(async () => {
    origin.answer((socket, request) => {
      const nonce = /^portcullis-session-nonce: (.*)$/m.exec(request)?.[1]?.trim()
      const order = Buffer.from('{"start":{"data":{"user":"ada"}}}').toString('base64url')
      socket.write(`HTTP/1.1 204 No Content\r\nPortcullis-Session: ${nonce}.${order}\r\n\r\n`)
    })
    const headers = [['Origin', 'http://localhost']] as const
    const answer = await rawFetch(worker.port, { method: 'POST', path: '/login', headers })
    cookie = answer.header('set-cookie')?.split(';')[0] ?? ''
    expect(cookie).toMatch(/^__Host-session=./)
  })
  beforeEach(() => store?.control.reset())

  it('all is well while all is well', async () => {
    expect((await account()).text).toBe('ok')
  })

  it.each([
    ['the store hangs up', '/account', { kind: 'drop-before' }, 503],
    ['the store hangs', '/account', { kind: 'silence' }, 503],
    ['the store says something else', '/account', { kind: 'error-html' }, 503],
    ['both are down', '/dead/account', { kind: 'drop-before' }, 503],
    ['the upstream is down, the store is not', '/dead/account', undefined, 502],
    ['the store is down, and nobody needs it', '/x', { kind: 'drop-before' }, 200],
  ] as const)('%s: %s is answered, and the cookie is kept', async (_, path, fault, status) => {
    if (fault) store?.control.fault(fault, { times: 99 })
    const answer = await account(path)
    expect([answer.status, answer.all('set-cookie')]).toEqual([status, []])
    // Nobody is asked on behalf of somebody that the gateway does not know.
    if (status === 503) expect(origin.requests).toEqual([])
    store?.control.reset()
    // The breaker of the store asks it again after a quarter of a second.
    await expect.poll(async () => (await account()).status).toBe(200)
  })
})

describe('20,000 requests', () => {
  it('of every kind leave no connection and no memory behind', async () => {
    origin.answer((socket, request) => {
      if (request.startsWith('GET /reset')) socket.resetAndDestroy()
      else socket.write(ok)
    })
    const kinds = [
      rawRequest({ path: '/x' }),
      rawRequest({ path: '/x?a=1', headers: [['Cookie', 'a=1; b=2']] }),
      rawRequest({
        method: 'POST',
        path: '/x',
        headers: [['Origin', 'http://localhost']],
        body: 'hello',
      }),
      rawRequest({ path: '/account' }), // 401
      rawRequest({ path: '//x' }), // 308
      rawRequest({ path: '/x', headers: [['X-Kept', 'v'.repeat(500)]] }),
      rawRequest({ path: '/x', host: 'elsewhere.test' }), // 421
      rawRequest({ path: '/.portcullis/health' }),
    ]
    const all = [
      ...kinds,
      ...kinds,
      ...kinds,
      rawRequest({ path: '/reset' }),
      rawRequest({ path: '/dead' }),
    ]
    await many(4000, all)
    const warm = await kept()
    await many(20_000, all)
    // 100 bytes for each request would be 2 MB.
    expect((await kept()) - warm).toBeLessThan(1.5)
    // The process holds garbage besides, as much of it as V8 likes: a bare proxy comes to 200 MB as well.
    expect(memory()).toBeLessThan(600)
    await noneOpen()
  }, 120_000)

  /** So many requests on eight connections, one after the other on each. */
  async function many(count: number, kinds: readonly string[]): Promise<void> {
    let left = count
    const one = async (): Promise<void> => {
      const socket = connect(worker.port, '127.0.0.1')
      await once(socket, 'connect')
      let got = ''
      let done: () => void = () => {}
      socket.setEncoding('latin1').on('data', (part: string) => {
        got += part
        const end = got.indexOf('\r\n\r\n')
        const length = Number(/^content-length: (\d+)/im.exec(got)?.[1] ?? 0)
        if (end >= 0 && got.length >= end + 4 + length) done()
      })
      const broken = once(socket, 'close').then(() => {
        throw new Error('the gateway hung up')
      })
      while (left > 0) {
        left--
        got = ''
        socket.write(kinds[left % kinds.length] ?? '')
        const answered = new Promise<void>((resolve) => {
          done = resolve
        })
        await Promise.race([answered, broken])
      }
      broken.catch(() => {})
      socket.destroy()
    }
    await Promise.all(Array.from({ length: 8 }, one))
  }
})

function large(kilobytes: number): string {
  const line = `: ${'v'.repeat(1000)}\r\n`
  const lines = Array.from({ length: kilobytes }, (_, i) => `X-Large-${i}${line}`)
  return `HTTP/1.1 200 OK\r\n${lines.join('')}Content-Length: 2\r\n\r\nok`
}

async function drip(socket: Socket, text: string): Promise<void> {
  for (const letter of text) {
    socket.write(letter)
    await new Promise((done) => setTimeout(done, 3))
  }
}

/** A client that has asked, and reads what comes. */
async function reading(
  path: string,
  keep = true,
): Promise<{ socket: Socket; text: string; bytes: number }> {
  const socket = connect(worker.port, '127.0.0.1').on('error', () => {})
  await once(socket, 'connect')
  const client = { socket, text: '', bytes: 0 }
  socket.on('data', (part: Buffer) => {
    client.bytes += part.length
    if (keep) client.text += part.toString('latin1')
  })
  socket.write(rawRequest({ path }))
  return client
}
