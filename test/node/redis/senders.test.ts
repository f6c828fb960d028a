/** Redis over its own protocol: the clients that people have, and a socket of a Worker. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect as connectNode, createServer, type Server, type Socket } from 'node:net'
import { Readable, Writable } from 'node:stream'
import { Redis as IoRedis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  ioredisSender,
  nodeRedisSender,
  redis,
  type SendCommands,
  script,
  socketSender,
} from '../../../src/redis/index.ts'
import { decodeReplies, encodeCommands } from '../../../src/redis/transport/resp.ts'
import { upstashStore } from '../../../src/store/upstash.ts'
import { storeContract } from '../../../src/testing/index.ts'
import { everythingIn, failureOf } from '../../redis/support.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'
import { startWorkerd } from '../../support/workerd.ts'
import { elapse, noon } from '../store/support.ts'

/** A port of a Redis that can be closed, with every connection, and opened again. */
async function openGate(path: string): Promise<{
  readonly url: string
  /** Bytes that were held back. */
  readonly held: number
  open(): Promise<void>
  close(): Promise<void>
  /** Holds back what clients send, until the gate is closed. */
  hold(): void
}> {
  const sockets = new Set<Socket>()
  let port = 0
  let [held, isHeld] = [0, false]
  const gate = createServer((socket) => {
    const inner = connectNode(path)
    sockets.add(socket)
    socket.on('close', () => inner.destroy()).on('error', () => {})
    inner.on('error', () => socket.destroy())
    socket.on('data', (chunk) => {
      if (isHeld) held += chunk.length
      else inner.write(chunk)
    })
    inner.pipe(socket)
  })
  async function open(): Promise<void> {
    gate.listen(port, '127.0.0.1')
    await once(gate, 'listening')
    port = (gate.address() as { port: number }).port
  }

  await open()
  return {
    url: `redis://127.0.0.1:${port}`,
    get held(): number {
      return held
    },
    open,
    hold(): void {
      isHeld = true
    },
    async close() {
      isHeld = false
      for (const socket of sockets) socket.destroy()
      sockets.clear()
      await new Promise((done) => gate.close(done))
    },
  }
}

const later = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))
const echoing = script('echo', 'return ARGV[1]')

describe.skipIf(noRedis)('redis({ send })', () => {
  let server: TestRedis
  let relay: Server
  let io: IoRedis
  let node: ReturnType<typeof createClient>
  let port = 0
  let writes = 0
  beforeAll(async () => {
    server = await startRedis()
    // The test's Redis listens on a Unix socket; this is its port.
    relay = createServer((socket) => {
      const inner = connectNode(server.socket)
      socket.on('data', (chunk) => {
        writes++
        inner.write(chunk)
      })
      socket.on('close', () => inner.destroy())
      socket.on('error', () => inner.destroy())
      inner.on('error', () => socket.destroy())
      inner.pipe(socket)
    }).listen(0, '127.0.0.1')
    await once(relay, 'listening')
    port = (relay.address() as { port: number }).port
    io = new IoRedis(`redis://127.0.0.1:${port}`)
    node = createClient({ url: `redis://127.0.0.1:${port}` })
    node.on('error', () => {})
    await node.connect()
  })
  afterAll(async () => {
    io.disconnect()
    node.destroy()
    relay.close()
    await server.stop()
  })
  beforeEach(() => server.flush({ keepScripts: true }))

  const socket = (url: string): SendCommands =>
    socketSender({
      url,
      connect({ hostname, port: at }) {
        const opened = connectNode({ host: hostname, port: at })
        opened.on('error', () => {})
        return {
          readable: Readable.toWeb(opened) as ReadableStream<Uint8Array>,
          writable: Writable.toWeb(opened) as WritableStream<Uint8Array>,
          close: async () => void opened.destroy(),
        }
      },
    })

  describe.each<[name: string, send: () => SendCommands]>([
    ['ioredis', () => ioredisSender(io)],
    ['node-redis', () => nodeRedisSender(node)],
    ['a socket', () => socket(`redis://127.0.0.1:${port}`)],
  ])('over %s', (_, send) => {
    storeContract({ describe, it, expect }, async () => {
      await server.flush({ keepScripts: true })
      let now = noon
      return {
        store: upstashStore({ redis: redis({ send: send(), timeoutMs: 10_000 }) }),
        now: () => now,
        async elapse(ms): Promise<void> {
          now += ms
          await elapse(server, ms)
        },
      }
    })

    it('sends what one request asks in one round trip', async () => {
      const client = redis({ send: send(), timeoutMs: 10_000 })
      await client.call({}, echoing, [], ['warm'])
      const batch = client.ask({})
      const replies = ['1', '2', '3'].map((text) => batch.call(echoing, [], [text]))
      writes = 0
      await batch.send()
      expect(await Promise.all(replies)).toEqual(['1', '2', '3'])
      expect(writes).toBe(1)
    })

    it('tells a refusal of Redis from an outage, and quotes neither', async () => {
      const client = redis({ send: send(), timeoutMs: 10_000 })
      await server.raw.call('SET', 'portcullis:s:KEY', 'SECRET')
      const failure = await failureOf(
        upstashStore({ redis: client }).read({ key: 'KEY' }, { now: 1, idle: 1, slice: 1 }, {}),
      )
      expect(failure).toMatchObject({ code: 'ERR_STORE_REFUSED', reason: 'wrongtype' })
      expect(everythingIn(failure)).not.toContain('KEY')
    })
  })

  it('is unavailable where nobody listens, without a word of the address', async () => {
    const closed = new IoRedis({ port: 1, lazyConnect: true, maxRetriesPerRequest: 0 })
    closed.on('error', () => {})
    for (const send of [ioredisSender(closed), socket('redis://:hunter2@127.0.0.1:1')]) {
      const failure = await failureOf(redis({ send, timeoutMs: 2000 }).call({}, echoing, [], ['a']))
      expect(failure).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
      expect(everythingIn(failure)).not.toContain('hunter2')
    }
    closed.disconnect()
  })

  // A login that was answered with 503, and a logout too, must not happen minutes later, when nobody expects them.
  it.each(['ioredis', 'node-redis'])(
    'leaves no command in the queue of %s for when Redis is back',
    async (kind) => {
      const gate = await openGate(server.socket)
      const ioClient = new IoRedis(gate.url, { lazyConnect: true, retryStrategy: () => 50 })
      const nodeClient = createClient({ url: gate.url, socket: { reconnectStrategy: () => 50 } })
      for (const each of [ioClient, nodeClient]) each.on('error', () => {})
      const send =
        kind === 'ioredis' ? ioredisSender(ioClient) : nodeRedisSender(await nodeClient.connect())
      try {
        // One client for all: it has learned which form of the scripts this Redis has.
        const store = upstashStore({ redis: redis({ send, timeoutMs: 500 }) })
        const row = { record: 'R', now: noon, idle: 9e5, end: noon + 9e6, write: 'W' }
        const create = (key: string): Promise<unknown> =>
          store.create({ ...row, key }, {}).catch(() => undefined)
        await expect.poll(() => create('BEFORE'), { timeout: 20_000 }).toEqual({ is: 'ok' })
        await gate.close()
        await expect.poll(() => (kind === 'ioredis' ? ioClient.status : 'close')).not.toBe('ready')
        await expect.poll(() => nodeClient.isReady).toBe(false)
        expect(await create('DURING')).toBe(undefined)
        await gate.open()
        // Both clients keep the order of their commands: whatever was left is executed before this one.
        await expect.poll(() => create('AFTER'), { timeout: 20_000 }).toEqual({ is: 'ok' })
        expect(Object.keys(await server.raw.dump()).filter((key) => key.includes(':s:'))).toEqual([
          'portcullis:s:AFTER',
          'portcullis:s:BEFORE',
        ])
      } finally {
        ioClient.disconnect()
        if (nodeClient.isOpen) nodeClient.destroy()
        await gate.close()
      }
    },
  )

  describe('a connection of ioredis that is lost while a command is on its way', () => {
    /** The options of docs/storage.md, as the page has them. */
    function readRecommended(): object {
      const page = readFileSync(new URL('../../../docs/storage.md', import.meta.url), 'utf8')
      const [, text = ''] = /new Redis\(url, \{([^}]+)\}\)/.exec(page) ?? []
      const pairs = text.split(',').map((pair) => pair.trim().split(': '))
      return Object.fromEntries(pairs.map(([name, value]) => [name, value === 'true']))
    }

    /** Loses a connection with an INCR on it that never reached Redis, and returns what the counter is afterwards. */
    async function countAfterLoss(options: object): Promise<{ outcome: string; count: string }> {
      const gate = await openGate(server.socket)
      const client = new IoRedis(gate.url, { ...options, retryStrategy: () => 20 })
      client.on('error', () => {})
      try {
        const send = ioredisSender(client)
        const context = { env: {}, signal: AbortSignal.timeout(20_000) }
        await send([['SET', 'n', '0']], context)
        gate.hold()
        const sent = Promise.resolve(send([['INCR', 'n']], context)).then(
          () => 'answered',
          ({ message }: Error) => message,
        )
        await expect.poll(() => gate.held).toBeGreaterThan(0)
        await gate.close()
        const outcome = await Promise.race([sent, later(5_000).then(() => 'nothing')])
        await gate.open()
        await expect.poll(() => client.status, { timeout: 20_000 }).toBe('ready')
        // What the client sends again it sends before this.
        const [reply] = await send([['GET', 'n']], context)
        return { outcome, count: `${reply?.result}` }
      } finally {
        client.disconnect()
        await gate.close()
      }
    }

    it('sends it again later with the defaults of ioredis, which is why the page names others', async () => {
      expect((await countAfterLoss({})).count).toBe('1')
    })

    it('fails it at once and sends it never again with the options of docs/storage.md', async () => {
      const recommended = readRecommended()
      expect(recommended).toEqual({
        lazyConnect: true,
        enableOfflineQueue: false,
        autoResendUnfulfilledCommands: false,
      })
      expect(await countAfterLoss(recommended)).toEqual({
        outcome: 'the connection was lost',
        count: '0',
      })
    })

    it('costs a session neither its time limit nor its answer: the store asks again', async () => {
      const gate = await openGate(server.socket)
      const client = new IoRedis(gate.url, { ...readRecommended(), retryStrategy: () => 20 })
      client.on('error', () => {})
      const events: string[] = []
      const onEvent = ({ type }: { type: string }): void => void events.push(type)
      try {
        const send = ioredisSender(client)
        const store = upstashStore({ redis: redis({ send, timeoutMs: 20_000, onEvent }) })
        const row = { record: 'R', now: noon, idle: 9e5, end: noon + 9e6 }
        expect(await store.create({ ...row, key: 'ONE', write: 'W1' }, {})).toEqual({ is: 'ok' })
        gate.hold()
        const creating = store.create({ ...row, key: 'TWO', write: 'W2' }, {})
        await expect.poll(() => gate.held).toBeGreaterThan(0)
        await gate.close()
        await gate.open()
        expect(await creating).toEqual({ is: 'ok' })
        // A Redis that does not know a flag of the scripts is told so once.
        expect(events.filter((type) => type !== 'store-script-flag-refused')).toEqual([])
      } finally {
        client.disconnect()
        await gate.close()
      }
    })

    it('has one listener of each event, however many requests wait', async () => {
      const client = new IoRedis({ port: 1, lazyConnect: true, retryStrategy: () => 20 })
      client.on('error', () => {})
      const context = { env: {}, signal: AbortSignal.timeout(200) }
      const waiting = Array.from({ length: 50 }, () =>
        ioredisSender(client)([['GET', 'n']], context),
      )
      const before = ['ready', 'close', 'end'].map((event) => client.listenerCount(event))
      await Promise.allSettled(waiting)
      client.disconnect()
      expect(before).toEqual([1, 1, 1])
    })
  })

  it('refuses a wrong password', async () => {
    const send = socket(`redis://somebody:hunter2@127.0.0.1:${port}/1`)
    await expect(redis({ send }).call({}, echoing, [], ['a'])).rejects.toMatchObject({
      code: 'ERR_STORE_REFUSED',
      reason: 'wrongpass',
    })
  })

  it('runs in workerd over cloudflare:sockets', async () => {
    const worker = await startWorkerd(
      { entry: new URL('socket-worker.fixture.ts', import.meta.url).pathname },
      { bindings: { REDIS_URL: `redis://127.0.0.1:${port}/2` } },
    )
    try {
      expect(await (await fetch(worker.url)).json()).toEqual(['1', 'ünï', { is: 'found' }])
    } finally {
      await worker.stop()
    }
  })
})

describe('Redis’s protocol', () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
  it('counts bytes, not characters', () => {
    expect(new TextDecoder().decode(encodeCommands([['SET', 'é', '']]))).toBe(
      '*3\r\n$3\r\nSET\r\n$2\r\né\r\n$0\r\n\r\n',
    )
  })

  it('waits for the rest, wherever the bytes were cut', () => {
    const whole = bytes('+OK\r\n*3\r\n$2\r\né\r\n:-7\r\n*1\r\n$-1\r\n-ERR no\r\n*-1\r\n')
    const replies = ['OK', ['é', -7, [null]], { error: 'ERR no' }, null]
    for (let length = 0; length < whole.length; length++)
      expect(decodeReplies(whole.subarray(0, length), 4)).toBe(undefined)
    expect(decodeReplies(whole, 4)).toEqual(replies)
  })

  it.each(['HTTP/1.1 400 Bad Request\r\n', '+OK\n', `${'*1\r\n'.repeat(20)}:1\r\n`])(
    'takes %j for no reply',
    (text) => {
      expect(() => decodeReplies(bytes(text), 1)).toThrow(
        'The server did not answer with a reply of the Redis protocol',
      )
    },
  )

  it.each([
    ['https://example.upstash.io', 'must be a redis:// or rediss:// URL with a host'],
    ['redis://host/name', 'must have the number of a database as its path'],
    ['redis://user:%zz@host', 'must write each % of the user and the password as %25'],
  ])('refuses the address %s', (url, problem) => {
    expect(() => socketSender({ url, connect: (() => {}) as never })).toThrow(problem)
  })
})
