import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Fault } from '../../../tools/dev/redis-http/control.ts'
import type { Visitor } from '../../session/stored-support.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'
import { immortal } from '../store/support.ts'
import { rowsIn, siteOn, warm } from './support.ts'

type Handler = Parameters<Visitor['visit']>[0]

const faults: ReadonlyArray<readonly [name: string, fault: Fault]> = [
  ['drops every connection', { kind: 'drop-before' }],
  ['drops every connection after it did the work', { kind: 'drop-after' }],
  ['answers half a sentence', { kind: 'truncate' }],
  ['never says a word', { kind: 'silence' }],
  ['begins to answer and stalls', { kind: 'hang' }],
  ['is a page that says 502', { kind: 'error-html' }],
  ['is a captive portal', { kind: 'error-html', status: 200 }],
  ['answers 500', { kind: 'error-json' }],
  ['answers 401', { kind: 'unauthorized' }],
  ['has another idea of the key', { kind: 'refuse', error: 'WRONGTYPE Operation against a key' }],
  [
    'is out of memory',
    { kind: 'refuse', error: "OOM command not allowed when used memory > 'maxmemory'." },
  ],
  ['is loading', { kind: 'refuse', error: 'LOADING Redis is loading the dataset in memory' }],
  ['answers what no script does', { kind: 'body', body: '[{"result":["found"]}]' }],
  ['says that there is nothing', { kind: 'body', body: '[{"result":null}]' }],
]
/** What a request does, and the data that may be there afterwards besides what was there before. */
const requests: ReadonlyArray<
  readonly [name: string, handler: Handler, after: readonly unknown[]]
> = [
  ['get', (s) => s.get(), []],
  ['set', (s) => s.set('theme', 'dark'), [{ userId: 'ada', theme: 'dark' }]],
  ['update', (s) => s.update((data) => ({ ...data, visits: 1 })), [{ userId: 'ada', visits: 1 }]],
  ['start', (s) => s.start({ userId: 'ada' }), [null]],
  ['end', (s) => s.end(), [null]],
]

describe.skipIf(noRedis)('while Redis', () => {
  let server: TestRedis
  beforeAll(async () => {
    server = await startRedis()
    await warm(server)
  })
  afterAll(() => server.stop())
  beforeEach(() => server.flush({ keepScripts: true }))

  async function signedIn() {
    // Logs in and comes back with patience, and meets the fault with little: what is to work may be slow.
    const observer = siteOn(server)
    const patient = observer.visitor()
    await patient.login()
    const site = siteOn(server, { timeoutMs: 300 })
    const browser = site.visitor()
    for (const [name, value] of patient.cookies) browser.cookies.set(name, value)
    return { site, browser, owner: patient, observer }
  }

  /** Problem+json, no cookie but the one that `end` expires. */
  function check(
    { status, body, cookies, response }: Awaited<ReturnType<Visitor['visit']>>,
    ending: boolean,
  ): void {
    expect([status, body.status, body.title]).toEqual([503, 503, 'Service Unavailable'])
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(cookies).toEqual(ending ? [expect.stringMatching(/^__Host-session=; Max-Age=0/)] : [])
    expect(JSON.stringify(body)).not.toMatch(/redis|portcullis|token|script/i)
  }

  it('counts as away a logout is sent all the same: a session that it does not reach lives on', async () => {
    const { site, browser, owner } = await signedIn()
    const reader = site.visitor()
    for (const [name, value] of browser.cookies) reader.cookies.set(name, value)
    expect(await browser.get()).toEqual({ userId: 'ada' })
    const undo = server.control.fault({ kind: 'silence' }, { times: 1000 })
    expect((await reader.visit((s) => s.get())).status).toBe(503)
    server.control.reset()
    undo()

    // Sooner than anybody looks whether Redis is back.
    expect((await reader.visit((s) => s.get())).status).toBe(503)
    expect(server.control.requests).toBe(0)
    expect((await browser.logout()).status).toBe(200)
    expect(await owner.get()).toBe(null)
  })

  describe.each(faults)('%s', (_, fault) => {
    it.each(requests)(
      '%s is 503 within the budget, and all is back when it is back',
      async (name, handler, after) => {
        const { site, browser, owner } = await signedIn()
        const cookie = browser.cookies.get('__Host-session')
        const undo = server.control.fault(fault, { times: 1000 })
        const began = Date.now()
        check(await browser.visit(handler), name === 'end')
        // One budget for everything that is sent: the timeout is 300 ms for each of at most two questions.
        expect(Date.now() - began).toBeLessThan(12_000)
        if (name === 'end') expect(site.heard()).toContain('session-end-incomplete')
        else expect(browser.cookies.get('__Host-session')).toBe(cookie)
        undo()
        const back = await owner.visit((s) => s.get())
        expect(back.cookies).toEqual([])
        expect([{ userId: 'ada' }, ...after]).toContainEqual(back.body)
        // What was not executed has changed nothing.
        if (!/drop-after|truncate|hang/.test(fault.kind))
          expect(back.body).toEqual({ userId: 'ada' })
      },
    )

    it('a request without a session, and one that does not look, are served', async () => {
      const { site, browser } = await signedIn()
      server.control.fault(fault, { times: 1000 })
      expect((await site.visitor().visit((s) => s.get())).status).toBe(200)
      expect((await browser.visit(() => 'static')).body).toBe('static')
    })
  })

  it('is not there at all: 503, and the session when it is', async () => {
    const { browser, owner } = await signedIn()
    const nowhere = siteOn({ ...server, url: 'http://127.0.0.1:1' }, { timeoutMs: 300 }).visitor()
    nowhere.cookies.set('__Host-session', browser.cookies.get('__Host-session') ?? '')
    check(await nowhere.visit((s) => s.get()), false)
    check(await nowhere.visit((s) => s.end()), true)
    expect(await owner.get()).toEqual({ userId: 'ada' })
  })

  it('holds something of another type under the key: 503, not a login', async () => {
    const { browser } = await signedIn()
    const [[key = ''] = []] = await rowsIn(server)
    await server.raw.call('SET', key, 'x')
    check(await browser.visit((s) => s.get()), false)
    expect(await server.raw.call('GET', key)).toBe('x')
  })

  it('holds a row that nobody of us wrote: no session, or 503, and never a crash', async () => {
    const { browser } = await signedIn()
    const [[key = ''] = []] = await rowsIn(server)
    for (const [field, value] of [
      ['d', 'x'],
      ['v', 'x'],
      ['t', 'x'],
      ['x', ''],
      ['d', ''],
    ] as const) {
      await server.raw.call('HSET', key, field, value)
      const { status, body, cookies } = await browser.visit((s) => s.get())
      expect([status === 503 || body === null, cookies]).toEqual([true, []])
    }
  })

  describe('fails at one request, whichever', () => {
    // A full answer of an error, so that nothing is tried again; and an answer that is lost twice, so that it is in vain.
    const kinds: ReadonlyArray<readonly [name: string, fault: Fault, times: number]> = [
      ['before it does its work', { kind: 'error-html' }, 1],
      ['after it did its work', { kind: 'drop-after' }, 2],
    ]
    const all: typeof requests = [
      ...requests,
      ['a message', (s) => s.takeFlash('notice'), []],
      ['endAll', (s) => s.endAll(), [null]],
      ['endAll but this', (s) => s.endAll({ exceptCurrent: true }), []],
      ['list', (s) => s.list(), []],
      ['start with keep', (s) => s.start({ userId: 'ada' }, { keep: ['cart'] }), [null]],
    ]
    it.each(all.flatMap((request) => kinds.map((kind) => [...request, ...kind] as const)))(
      'in %s',
      async (name, handler, after, _when, fault, times) => {
        const counted = await signedIn()
        await counted.browser.visit((s) => s.flash('notice', 'Saved'))
        server.control.reset()
        await counted.browser.visit(handler)
        const count = server.control.requests
        expect(count).toBeGreaterThan(0)
        const ending = name === 'end' || name === 'endAll'
        for (let n = 0; n < count; n++) {
          await server.flush({ keepScripts: true })
          const { browser, owner, observer } = await signedIn()
          await browser.visit((s) => s.flash('notice', 'Saved'))
          const cookie = browser.cookies.get('__Host-session')
          server.control.fault(fault, { times, after: n })
          check(await browser.visit(handler), ending)
          if (!ending) expect(browser.cookies.get('__Host-session')).toBe(cookie)
          server.control.reset()
          const data = await owner.get()
          expect([{ userId: 'ada' }, ...after]).toContainEqual(data)
          // Of a login at most one of two sessions lives: not both, and no half of one.
          const rows = (await rowsIn(server)).filter(([, row]) => 'v' in row)
          const listed = await observer.sessions.list({ user: 'ada' })
          expect(listed.length).toBeLessThanOrEqual(1)
          if (data !== null) expect(listed).toHaveLength(1)
          if (name !== 'endAll' && rows.length > 0) expect(rows).toHaveLength(listed.length)
          expect(await immortal(server)).toEqual([])
        }
      },
    )
  })
})
