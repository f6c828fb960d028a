import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { secret } from '../../session/support.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'
import { startWorkerd, type Workerd } from '../../support/workerd.ts'
import { immortal } from '../store/support.ts'
import { warm } from './support.ts'

/** What a browser does about cookies, over a real connection. */
class Client {
  cookie = ''
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  async send(
    method: string,
    path: string,
  ): Promise<{ status: number; body: unknown; cookies: string[] }> {
    const headers = this.cookie === '' ? {} : { cookie: this.cookie }
    const response = await fetch(`${this.#url}${path}`, { method, headers })
    const cookies = response.headers.getSetCookie()
    for (const text of cookies)
      this.cookie = text.includes('Max-Age=0') ? '' : (text.split(';', 1)[0] ?? '')
    const text = await response.text()
    const json = response.headers.get('content-type')?.includes('json') === true
    return { status: response.status, body: json ? JSON.parse(text) : text, cookies }
  }

  get = (path: string): ReturnType<Client['send']> => this.send('GET', path)
  post = (path: string): ReturnType<Client['send']> => this.send('POST', path)
}

describe.skipIf(noRedis)('stored sessions in bare workerd, with a real Redis', () => {
  let server: TestRedis
  let worker: Workerd
  beforeAll(async () => {
    server = await startRedis()
    await warm(server)
    worker = await startWorkerd(
      { entry: 'test/node/session/stored-worker.fixture.ts' },
      { bindings: { REDIS_URL: server.url, REDIS_TOKEN: server.token, SECRET: secret } },
    )
  })
  afterAll(async () => {
    await worker?.stop()
    await server.stop()
  })
  beforeEach(() => server.flush({ keepScripts: true }))
  const client = () => new Client(worker.url)

  it('count, are kept over a login, and are gone after a logout, for a copy of the cookie too', async () => {
    const browser = client()
    expect((await browser.get('/get')).cookies).toEqual([])
    expect(server.control.requests).toBe(0)
    const first = await browser.post('/count')
    expect([first.body, first.cookies.length]).toEqual([{ visits: 1 }, 1])
    expect(await browser.post('/count')).toMatchObject({ body: { visits: 2 }, cookies: [] })
    await browser.post('/cart/book')
    const copy = client()
    copy.cookie = browser.cookie
    await browser.post('/login/ada')
    expect(await browser.get('/get')).toMatchObject({ body: { userId: 'ada', cart: ['book'] } })
    expect(await copy.get('/get')).toMatchObject({ body: null, cookies: [] })
    expect([(await browser.post('/take')).body, (await browser.post('/take')).body]).toEqual([
      'Welcome',
      null,
    ])
    copy.cookie = browser.cookie
    expect((await browser.post('/logout')).cookies[0]).toMatch(/^__Host-session=; Max-Age=0/)
    expect(await copy.get('/get')).toMatchObject({ body: null, cookies: [] })
    expect(await immortal(server)).toEqual([])
  })

  it('of one request ask Redis as often as they must: 0, 1, 2', async () => {
    const browser = client()
    await browser.post('/login/ada')
    const counts: Record<string, number> = {}
    for (const [method, path] of [
      ['GET', '/static'],
      ['GET', '/get'],
      ['POST', '/count'],
      ['POST', '/take'],
      ['POST', '/login/ada'],
      ['POST', '/logout'],
    ] as const) {
      server.control.reset()
      await browser.send(method, path)
      counts[path] = server.control.requests
    }
    expect(counts).toEqual({
      '/static': 0,
      '/get': 1,
      '/count': 2,
      '/take': 2,
      '/login/ada': 2,
      '/logout': 1,
    })
  })

  it('logout beats a slow writer', async () => {
    const browser = client()
    await browser.post('/login/ada')
    const twin = client()
    twin.cookie = browser.cookie
    const held = server.control.hold({ script: 'session-replace' })
    const slow = twin.post('/cart/book')
    await held.arrived
    await browser.post('/logout')
    held.release()
    expect(await slow).toMatchObject({ status: 204, cookies: [] })
    expect((await twin.get('/get')).body).toBe(null)
  })

  it('fifty updates at once end at exactly fifty', async () => {
    const browser = client()
    await browser.post('/login/ada')
    const all = await Promise.all(Array.from({ length: 50 }, () => browser.post('/count')))
    expect(all.filter(({ status }) => status !== 200)).toEqual([])
    expect((await browser.get('/get')).body).toMatchObject({ visits: 50 })
  })

  it('a message is shown once, of ten that ask at the same time', async () => {
    const browser = client()
    await browser.post('/login/ada')
    const all = await Promise.all(Array.from({ length: 10 }, () => browser.post('/take')))
    expect(all.map(({ body }) => body).filter((body) => body !== null)).toEqual(['Welcome'])
  })

  it('are listed and ended, by their user and by an administrator', async () => {
    const [one, two] = [client(), client()]
    await one.post('/login/ada')
    await two.post('/login/ada')
    const list = (await one.get('/list')).body as Array<{ current: boolean }>
    expect(list.map(({ current }) => current).sort()).toEqual([false, true])
    await one.post('/end-others')
    expect([(await two.get('/get')).body, (await one.get('/get')).body]).toEqual([
      null,
      { userId: 'ada' },
    ])
    expect((await one.get('/admin/ada')).body).toHaveLength(1)
    expect((await one.post('/admin/ada/end')).body).toBe(1)
    expect((await one.get('/get')).body).toBe(null)
  })

  it.each([
    ['silent', { kind: 'silence' }],
    ['stalling', { kind: 'hang' }],
    ['a page', { kind: 'error-html' }],
    ['refusing', { kind: 'unauthorized' }],
    ['dropping', { kind: 'drop-before' }],
  ] as const)(
    'while Redis is %s: 503, the cookie stays, and all is back afterwards',
    async (_, fault) => {
      const browser = client()
      await browser.post('/login/ada')
      const before = browser.cookie
      const undo = server.control.fault(fault, { times: 100 })
      expect(await browser.get('/get')).toMatchObject({
        status: 503,
        body: { status: 503 },
        cookies: [],
      })
      expect((await browser.get('/static')).body).toBe('static')
      expect(browser.cookie).toBe(before)
      const leaving = client()
      leaving.cookie = before
      expect(await leaving.post('/logout')).toMatchObject({
        status: 503,
        cookies: [expect.stringMatching(/^__Host-session=; Max-Age=0/)],
      })
      undo()
      // The breaker asks Redis again after a quarter of a second.
      await expect.poll(async () => (await browser.get('/get')).status).toBe(200)
      // A Redis that stalls did what it was asked; the breaker may have kept the logout from it.
      const outcomes = fault.kind === 'hang' ? [null, { userId: 'ada' }] : [{ userId: 'ada' }]
      expect(outcomes).toContainEqual((await browser.get('/get')).body)
    },
  )

  it('says nothing on its consoles, the token least of all', () => {
    expect(worker.stderr.join('\n')).not.toContain(server.token)
    expect(worker.stdout).toEqual([])
  })
})
