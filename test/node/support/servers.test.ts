import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type Origin, startOrigin } from '../../support/origin.ts'
import { raw, rawFetch, rawRequest } from '../../support/raw.ts'
import { startWorkerd, type Workerd } from '../../support/workerd.ts'

const echoing = `
export default {
  async fetch(request, env) {
    console.log('asked for ' + request.url)
    if (env.ORIGIN) return fetch(env.ORIGIN + '/from-worker', request)
    return Response.json({
      url: request.url,
      body: await request.text(),
      env,
      node: [typeof process, typeof Buffer, typeof setImmediate],
    })
  },
}`

describe('startWorkerd', () => {
  let worker: Workerd
  beforeAll(async () => {
    worker = await startWorkerd({ module: echoing }, { bindings: { GREETING: 'a "b"\\\n\tü' } })
  })
  afterAll(() => worker.stop())

  it('serves a ready module with text bindings and without the names of Node', async () => {
    const answer = await rawFetch(worker.port, { path: '/x', headers: [['X-A', '1']] })
    expect(JSON.parse(answer.text)).toEqual({
      url: 'http://localhost/x',
      body: '',
      env: { GREETING: 'a "b"\\\n\tü' },
      node: ['undefined', 'undefined', 'undefined'],
    })
  })

  it.each(['/a/%2e%2e/b', '/a%2Fb', '/a//b', '/%', '/a;b?c=%00'])(
    'hands %s to the Worker as it was sent',
    async (path) => {
      const answer = await rawFetch(worker.port, { path })
      expect(JSON.parse(answer.text).url).toBe(`http://localhost${path}`)
    },
  )

  it('collects what the Worker prints', async () => {
    await rawFetch(worker.port, { path: '/printed' })
    await expect.poll(() => worker.stdout).toContain('asked for http://localhost/printed')
  })

  it('bundles an entry', async () => {
    const bundled = await startWorkerd({ entry: 'test/node/support/worker.fixture.ts' })
    try {
      expect(await (await fetch(`${bundled.url}/`)).text()).toBe('two files')
    } finally {
      await bundled.stop()
    }
  })

  it('rejects with what workerd said about a module that does not parse', async () => {
    await expect(startWorkerd({ module: 'export defau' })).rejects.toThrow('SyntaxError')
  })

  it('leaves nothing on the port after stop, which may be called twice', async () => {
    const short = await startWorkerd({ module: echoing })
    await short.stop()
    await short.stop()
    await expect(raw(short.port, rawRequest({}))).rejects.toThrow('ECONNREFUSED')
  })

  it('lets the Worker fetch from loopback', async () => {
    const origin = await startOrigin()
    const proxy = await startWorkerd({ module: echoing }, { bindings: { ORIGIN: origin.url } })
    try {
      const answer = await rawFetch(proxy.port, {
        method: 'POST',
        body: 'hello',
        headers: [['X-Name', 'a']],
      })
      expect(answer.text).toBe('origin')
      expect(origin.last()).toMatchObject({ method: 'POST', url: '/from-worker', text: 'hello' })
      expect(origin.last().header('x-name')).toBe('a')
    } finally {
      await proxy.stop()
      await origin.stop()
    }
  })
})

describe('startOrigin and raw', () => {
  let origin: Origin
  beforeAll(async () => {
    origin = await startOrigin()
  })
  afterEach(() => origin.reset())
  afterAll(() => origin.stop())

  it('records method, raw target, header spelling and order, and body', async () => {
    await raw(
      origin.port,
      'POST /a/../%2e%2e//b HTTP/1.1\r\nhOsT: here\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 3\r\n\r\nabc',
    )
    expect(origin.last()).toMatchObject({
      method: 'POST',
      url: '/a/../%2e%2e//b',
      headers: [
        ['hOsT', 'here'],
        ['X-A', '1'],
        ['x-a', '2'],
        ['Content-Length', '3'],
      ],
      text: 'abc',
      aborted: false,
      upgrade: false,
    })
    expect(origin.last().all('X-A')).toEqual(['1', '2'])
  })

  it('answers with repeated headers, and raw keeps them apart', async () => {
    origin.answer({
      status: 201,
      headers: [
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
      ],
      body: 'made',
    })
    const answer = await rawFetch(origin.port, {})
    expect([answer.status, answer.all('set-cookie'), answer.text]).toEqual([
      201,
      ['a=1', 'b=2'],
      'made',
    ])
  })

  it('answers by looking at the request, in chunks, after an interim answer', async () => {
    origin.answer((received, response) => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' })
      response.writeHead(200)
      response.write('you asked ')
      response.end(`for ${received.url}`)
    })
    const answers = await raw(origin.port, rawRequest({ path: '/x' }))
    expect(answers.map(({ status, text }) => [status, text])).toEqual([
      [103, ''],
      [200, 'you asked for /x'],
    ])
  })

  it('reads two answers of one connection, also after HEAD', async () => {
    const two = rawRequest({ method: 'HEAD', path: '/1' }) + rawRequest({ path: '/2' })
    const answers = await raw(origin.port, two, { responses: 2 })
    expect(answers.map(({ status, text }) => [status, text])).toEqual([
      [200, ''],
      [200, 'origin'],
    ])
    expect(origin.received.map(({ url }) => url)).toEqual(['/1', '/2'])
  })

  it('gives up on an origin that never answers, and says so', async () => {
    origin.answer(() => undefined)
    await expect(rawFetch(origin.port, {}, { timeoutMs: 50 })).rejects.toThrow(
      'no 1 complete answers after 50 ms',
    )
  })

  it('returns no answer when the origin only closes', async () => {
    origin.answer((_, response) => void response.destroy())
    expect(await raw(origin.port, rawRequest({}))).toEqual([])
  })

  it('O11: notes a sender that left in the middle of its body', async () => {
    const cut = rawRequest({ method: 'POST', headers: [['Content-Length', '10']], body: 'abc' })
    // It leaves once it has sent this, however long that takes: the end of a connection never overtakes its bytes.
    const sender = connect(origin.port, '127.0.0.1')
    sender.end(cut)
    sender.resume()
    await once(sender, 'close')
    expect(await origin.waitFor(1)).toMatchObject([{ aborted: true, text: 'abc' }])
  })

  it('counts what is not HTTP', async () => {
    const [answer] = await raw(
      origin.port,
      'GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    )
    expect(answer?.status).toBe(400)
    expect(origin.malformed).toHaveLength(1)
  })

  it('opens WebSockets: echoing, or as told', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${origin.port}/chat`)
    await once(socket, 'open')
    socket.send('hi')
    const [data] = await once(socket, 'message')
    expect(String(data)).toBe('hi')
    socket.close()
    expect(origin.last()).toMatchObject({ url: '/chat', upgrade: true })

    origin.converse((open) => open.close(4001, 'go'))
    const [code, reason] = await once(new WebSocket(`ws://127.0.0.1:${origin.port}/chat`), 'close')
    expect([code, String(reason)]).toEqual([4001, 'go'])
  })
})
