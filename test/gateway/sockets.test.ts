import { describe, expect, it } from 'vitest'
import { limitStream } from '../../src/proxy/sockets.ts'
import { statelessSessions } from '../../src/session/index.ts'
import { bench, type Data, secret, signIn } from './support.ts'

const text = (part: string): Uint8Array => new TextEncoder().encode(part)

/** A stream that a test feeds, and that says when it is given up. */
function fed(): {
  stream: ReadableStream<Uint8Array>
  feed: (part: string) => void
  end: () => void
  fail: () => void
  left: Promise<void>
} {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  let leave: () => void = () => {}
  const left = new Promise<void>((done) => (leave = done))
  const stream = new ReadableStream<Uint8Array>({
    start(given): void {
      controller = given
    },
    cancel: () => leave(),
  })
  return {
    stream,
    left,
    feed: (part) => controller?.enqueue(text(part)),
    end: () => controller?.close(),
    fail: () => controller?.error(new Error('reset')),
  }
}

const events = (body: ReadableStream<Uint8Array>): Response =>
  new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } })

describe('a stream of events', () => {
  it('ends cleanly when the route says so, with what came, and the upstream is left', async () => {
    const at = await bench({
      routes: [{ path: '/*', to: 'app', access: 'public', maxSocketSeconds: 1 }],
    })
    const { stream, feed, left } = fed()
    at.answer = () => events(stream)
    feed('data: 1\n\n')
    expect(await (await at.ask('/x')).text()).toBe('data: 1\n\n')
    await left
  })

  it("ends with the session's absolute end where that is sooner", async () => {
    let now = 1_790_000_000_000
    const clock = (): number => now
    const lives = { maxAge: 3600, idleTimeout: 3600, clock }
    const at = await bench({
      clock,
      session: statelessSessions<Data>({ secret, user: (data) => data.user, ...lives }),
    })
    const cookie = await signIn(at, { user: 'u' })
    now += 3_600_000 - 1000
    const { stream, feed, left } = fed()
    at.answer = () => events(stream)
    feed('data: 1\n\n')
    const response = await at.ask('/account', { headers: { cookie } })
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('data: 1\n\n')
    await left
  })

  it('arrives piece by piece, and no piece is asked for before it is read', async () => {
    const { stream, feed, end } = fed()
    const reader = limitStream(stream, 60_000).getReader()
    feed('a')
    expect(await reader.read()).toEqual({ done: false, value: text('a') })
    feed('b')
    expect(await reader.read()).toEqual({ done: false, value: text('b') })
    end()
    expect((await reader.read()).done).toBe(true)
  })

  it('that breaks off is no clean end', async () => {
    const { stream, fail } = fed()
    const reader = limitStream(stream, 60_000).getReader()
    fail()
    await expect(reader.read()).rejects.toThrow('reset')
  })

  it('is given up when its client leaves', async () => {
    const { stream, left } = fed()
    await limitStream(stream, 60_000).cancel('left')
    await left
  })

  it.each([
    ['text/event-stream', false],
    ['text/event-streams', 3600],
    ['text/plain', 3600],
    ['text/plain; x=text/event-stream', 3600],
  ] as const)('%s with a limit of %s passes as it is', async (type, maxSocketSeconds) => {
    const at = await bench({
      routes: [{ path: '/*', to: 'app', access: 'public', maxSocketSeconds }],
    })
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const answer = new Response(readable, { headers: { 'content-type': type } })
    at.answer = () => answer
    const response = await at.ask('/x')
    const writer = writable.getWriter()
    const wrote = writer.write(text('as it is')).then(() => writer.close())
    expect(await response.text()).toBe('as it is')
    await wrote
  })
})

describe('the option maxSocketSeconds', () => {
  it.each([0, 86_401, 1.5, true])('does not take %s', async (maxSocketSeconds) => {
    const routes = [{ path: '/*', to: 'app', access: 'public', maxSocketSeconds }] as never
    await expect(bench({ routes })).rejects.toThrow(
      'routes.0.maxSocketSeconds must be a whole number of seconds from 1 to 86400',
    )
  })
})
