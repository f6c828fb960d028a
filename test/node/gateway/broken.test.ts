/** What breaks off and what breaks the protocol, in bare workerd and on Node: nothing is left open, no half is taken for a whole. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serve } from '../../../node/index.ts'
import { createGateway } from '../../../src/gateway/index.ts'
import { badFrames, closeCode, frame } from '../../support/bad-frames.ts'
import { rawFetch } from '../../support/raw.ts'
import {
  openSocket,
  type RawSocket,
  type SocketOrigin,
  startSocketOrigin,
} from '../../support/socket-origin.ts'
import { startTcpOrigin, type TcpOrigin } from '../../support/tcp-origin.ts'
import { publicOrigin, startPair } from './support.ts'

interface Host {
  readonly port: number
  stop(): Promise<void>
}

const starts = {
  async workerd(origin: string): Promise<Host> {
    const pair = await startPair({ STREAM_URL: origin })
    return { port: pair.worker.port, stop: () => pair.stop() }
  },
  async Node(origin: string): Promise<Host> {
    const gateway = createGateway({
      publicOrigin,
      hosts: ['localhost'],
      upstreams: { app: { url: origin } },
      routes: [{ path: '/*', to: 'app', access: 'public' }],
    })
    return serve(gateway, { port: 0, signals: false, closeTimeoutMs: 500 })
  },
}
const soon = { timeout: 5000, interval: 20 }

describe.each(['workerd', 'Node'] as const)('WebSockets on %s', (runtime) => {
  let origin: SocketOrigin
  let host: Host
  let count = 0
  beforeAll(async () => {
    origin = await startSocketOrigin()
    host = await starts[runtime](origin.url)
  })
  afterAll(async () => {
    await host.stop()
    await origin.stop()
  })

  /** A client and its upstream, joined. */
  async function joined(
    script?: Buffer | 'reset' | 'end',
  ): Promise<[client: RawSocket, upstream: RawSocket]> {
    const path = `/stream/${runtime}-${count++}`
    if (script !== undefined) origin.send(path, script)
    const client = await openSocket(host.port, path)
    expect(client.head).toMatch(/^HTTP\/1\.1 101 /)
    const upstream = origin.sockets.find(({ head }) => head.startsWith(`GET ${path} `))
    if (upstream === undefined) throw new Error('no upstream was reached')
    return [client, upstream]
  }
  /** An end that was told to close closes, as every WebSocket library does. */
  const obey = (...ends: RawSocket[]): Promise<void> =>
    expect
      .poll(() => {
        for (const end of ends) if (closeCode(end.bytes) !== undefined) end.socket.end()
        return ends.map(({ gone }) => gone)
      }, soon)
      .toEqual(ends.map(() => true))

  const seen = badFrames.filter(({ unseenByWorkerd }) => runtime === 'Node' || !unseenByWorkerd)

  it.each(seen)('P3: $what from a client closes both ends', async ({ bytes, codes }) => {
    const [client, upstream] = await joined()
    client.socket.write(bytes(true))
    await expect.poll(() => closeCode(upstream.bytes), soon).toBeOneOf([...codes])
    await obey(client, upstream)
  })

  it.each(seen)('P3: $what from the upstream closes both ends', async ({ bytes, codes }) => {
    const [client, upstream] = await joined(bytes(false))
    await expect.poll(() => closeCode(client.bytes), soon).toBeOneOf([...codes])
    await obey(client, upstream)
  })

  it('P3: a connection that is reset or ends without a close frame takes the other one along', async () => {
    for (const how of ['reset', 'end'] as const) {
      const [client, upstream] = await joined()
      if (how === 'reset') client.socket.resetAndDestroy()
      else client.socket.end()
      // workerd may drop everything of a client that resets, without a word to anybody.
      const ends = runtime === 'workerd' && how === 'reset' ? [1001, true] : [1001]
      await expect.poll(() => closeCode(upstream.bytes) ?? upstream.gone, soon).toBeOneOf(ends)
      await obey(upstream)
    }
    for (const how of ['reset', 'end'] as const) {
      const [client] = await joined(how)
      await expect.poll(() => closeCode(client.bytes), soon).toBe(1014)
      await obey(client)
    }
  })

  it('P3: good frames pass in both directions, a close frame with its code and reason', async () => {
    const [client, upstream] = await joined(frame(0x81, 'down', false))
    await expect.poll(() => `${client.bytes}`, soon).toContain('down')
    client.socket.write(frame(0x82, 'up', true))
    client.socket.write(frame(0x88, [0x0f, 0xa0, 0x62, 0x79, 0x65], true))
    await expect.poll(() => closeCode(upstream.bytes), soon).toBe(4000)
    upstream.socket.write(frame(0x88, [0x0f, 0xa0], false))
    await obey(client, upstream)
  })

  // A process that hangs reads nothing. The client is gone; its upstream would be held for as long as it hangs.
  it('P3: an upstream that ignores a close frame is dropped after five seconds', async () => {
    for (const bytes of [frame(0xc1, 'hi', true), frame(0x88, [0x03, 0xe8], true)]) {
      const [client, upstream] = await joined()
      client.socket.write(bytes)
      await expect.poll(() => closeCode(upstream.bytes), soon).toBeDefined()
      client.socket.end()
      await expect.poll(() => upstream.gone, { timeout: 15_000, interval: 50 }).toBe(true)
    }
  }, 60_000)

  it('P3: 200 sockets, broken in every way, leave none at the upstream', async () => {
    const clients = await Promise.all(Array.from({ length: 200 }, () => joined()))
    for (const [index, [{ socket }]] of clients.entries()) {
      const bad = seen[index % seen.length]
      if (index % 3 === 0) socket.resetAndDestroy()
      else if (index % 3 === 1) socket.end(bad?.bytes(true) ?? '')
      else socket.write(bad?.bytes(true) ?? '')
    }
    await obey(...clients.map(([, upstream]) => upstream))
    for (const [{ socket }] of clients) socket.destroy()
    await expect.poll(() => origin.open, soon).toBe(0)
  }, 60_000)
})

describe.each(['workerd', 'Node'] as const)('bodies on %s', (runtime) => {
  let origin: TcpOrigin
  let host: Host
  beforeAll(async () => {
    origin = await startTcpOrigin()
    host = await starts[runtime](origin.url)
  })
  afterAll(async () => {
    await host.stop()
    await origin.stop()
  })

  /** Sends bytes behind a head, ends the connection where told, and returns the status. */
  async function upload(framing: string, body: string, end: boolean): Promise<number> {
    origin.reset()
    const socket = connect(host.port, '127.0.0.1').on('error', () => {})
    socket.write(
      `POST /stream/x HTTP/1.1\r\nHost: localhost\r\nOrigin: ${publicOrigin}\r\n${framing}\r\n\r\n${body}`,
    )
    if (end) socket.end()
    const [answer] = (await once(socket, 'data')) as [Buffer]
    socket.destroy()
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(`${answer}`)?.[1])
  }

  it.each([
    ['that breaks off in a chunk', 'Transfer-Encoding: chunked', '5\r\nhel', true],
    ['that breaks off between chunks', 'Transfer-Encoding: chunked', '5\r\nhello\r\n', true],
    [
      'that breaks off after 100 kB',
      'Transfer-Encoding: chunked',
      `186a0\r\n${'x'.repeat(100_000)}\r\n`,
      true,
    ],
    [
      'with a chunk size that is none',
      'Transfer-Encoding: chunked',
      '5\r\nhello\r\nzz\r\nxx\r\n0\r\n\r\n',
      false,
    ],
    ['with a negative chunk size', 'Transfer-Encoding: chunked', '-5\r\nhello\r\n0\r\n\r\n', false],
    [
      'with a chunk size beyond all bodies',
      'Transfer-Encoding: chunked',
      'fffffffffffffffff\r\nhello',
      false,
    ],
    [
      'with a chunk longer than it says',
      'Transfer-Encoding: chunked',
      '5\r\nhelloXX0\r\n\r\n',
      false,
    ],
    ['shorter than its length', 'Content-Length: 5', 'hel', true],
    ['of a length and no bytes', 'Content-Length: 5', '', true],
  ])(
    'P4: one %s is 400, and no whole request reaches the upstream',
    async (_, framing, body, end) => {
      expect(await upload(framing, body, end)).toBe(400)
      expect(origin.requests).toEqual([])
      await expect.poll(() => origin.open, soon).toBe(0)
    },
  )

  // RFC 9112 section 7.1.1: a recipient must ignore extensions that it does not know. workerd's parser knows none.
  it('P4: one with chunk extensions passes whole, or is 400 where the runtime cannot read it', async () => {
    for (const body of [
      '5;a=b\r\nhello\r\n0\r\n\r\n',
      '5\r\nhello\r\n0;a\r\n\r\n',
      '5;a="b;c"\r\nhello\r\n0\r\n\r\n',
    ]) {
      expect(await upload('Transfer-Encoding: chunked', body, false)).toBe(
        runtime === 'Node' ? 200 : 400,
      )
      expect(origin.requests.length).toBe(runtime === 'Node' ? 1 : 0)
      if (runtime === 'Node') expect(origin.requests[0]).toMatch(/\r\n\r\n5\r\nhello\r\n0\r\n\r\n$/)
    }
  })

  it('P4: whole ones pass', async () => {
    expect(await upload('Transfer-Encoding: chunked', '5\r\nhello\r\n0\r\n\r\n', false)).toBe(200)
    expect(await upload('Content-Length: 5', 'hello', false)).toBe(200)
    expect(await upload('Content-Length: 0', '', false)).toBe(200)
    expect(origin.requests.length).toBe(1)
  })

  it('P5: a Location in raw UTF-8 arrives as it was sent', async () => {
    const raw = (text: string): string => Buffer.from(text).toString('latin1')
    for (const [sent, expected] of [
      [`${origin.url}/café?q=é#ü`, `${publicOrigin}/café?q=é#ü`],
      ['/日本', '/日本'],
      ['https://elsewhere.example/é', 'https://elsewhere.example/é'],
      [`${origin.url}/a/../café`, `${publicOrigin}/caf%C3%A9`],
    ] as const) {
      origin.answer(`HTTP/1.1 302 Found\r\nLocation: ${raw(sent)}\r\nContent-Length: 0\r\n\r\n`)
      const answer = await rawFetch(host.port, { path: '/stream/x' })
      expect(answer.header('location')).toBe(raw(expected))
    }
  })
})
