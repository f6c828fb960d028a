/** The option `clientInfo`: what a session keeps of its client, when that is written, and that nothing else is. */
import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import {
  type ClientInfoOptions,
  clientInfo,
  type SessionInfo,
  session,
  statelessSessions,
  storedSessions,
} from '../../src/session/index.ts'
import { handled, mapStore, memoryAt } from './stored-support.ts'
import { type Data, hours, minutes, noon, secret } from './support.ts'

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const chrome =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36'
const iphone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1'
const desk = { 'user-agent': firefox, 'cf-connecting-ip': '203.0.113.77', 'cf-ipcountry': 'DE' }
const onLinux = {
  ...{ browser: 'Firefox 140', system: 'Linux', deviceKind: 'desktop' },
  ...{ country: 'DE', network: '203.0.113.0/24' },
}

/** A site, and browsers whose headers each test chooses. */
function createSite(
  options: Partial<ClientInfoOptions> | false = {},
  makeStore: ((clock: { now: number }) => object) | 'cookie' = memoryAt,
) {
  const clock = { now: noon }
  const events: string[] = []
  const store = handled((makeStore === 'cookie' ? memoryAt : makeStore)(clock) as never)
  const common = {
    secret,
    user: (data: Data) => data.userId,
    clock: () => clock.now,
    onEvent: (event: { type: string }) => events.push(event.type),
    ...(options !== false && {
      clientInfo: clientInfo({ platform: 'cloudflare', country: 'cloudflare', ...options }),
    }),
  }
  const sessions =
    makeStore === 'cookie'
      ? statelessSessions<Data>(common)
      : storedSessions<Data>({ ...common, store: store.store })
  const app = new Hono()
    .use(session(sessions))
    .post('/login', async (c) => {
      await c.var.session.start({ userId: 'ada' })
      return c.body(null, 204)
    })
    .post('/visit', async (c) => {
      await c.var.session.update((data) => ({ ...data, visits: 1 }))
      return c.body(null, 204)
    })
    .get('/info', async (c) => c.json((await c.var.session.info()) ?? null))
    .get('/list', async (c) => c.json(await c.var.session.list()))
    .get('/version/:version', async (c) => {
      const ifVersion = c.req.param('version')
      await c.var.session.update((data) => ({ ...data, visits: 7 }), { ifVersion })
      return c.body(null, 204)
    })

  function createBrowser() {
    let cookie = ''
    return async (path: string, headers: Record<string, string>, method = 'GET') => {
      const response = await app.request(`https://app.example.test${path}`, {
        method,
        headers: { ...headers, cookie },
      })
      const [set] = response.headers.getSetCookie()
      if (set !== undefined) cookie = set.split(';', 1)[0] ?? ''
      const text = await response.text()
      return {
        status: response.status,
        set,
        info: (text.startsWith('{') ? JSON.parse(text) : undefined) as SessionInfo,
        list: (text.startsWith('[') ? JSON.parse(text) : []) as SessionInfo[],
      }
    }
  }
  return { clock, events, store, sessions, createBrowser }
}

describe('a session with the option clientInfo', () => {
  it('lists each session with browser, system, network and country', async () => {
    const { createBrowser, clock } = createSite()
    const [atDesk, onPhone] = [createBrowser(), createBrowser()]
    await atDesk('/login', desk, 'POST')
    clock.now += minutes
    const phone = { 'user-agent': iphone, 'cf-connecting-ip': '2001:db8:7:8::9' }
    await onPhone('/login', phone, 'POST')

    const { list } = await atDesk('/list', desk)
    expect(list.map(({ client }) => client)).toEqual([
      {
        ...{ browser: 'Safari 18', system: 'iOS 18', deviceKind: 'mobile' },
        ...{ network: '2001:db8:7::/48', since: noon + minutes },
      },
      { ...onLinux, since: noon },
    ])
  })

  it('keeps neither the whole address nor the User-Agent', async () => {
    const { createBrowser } = createSite()
    const browser = createBrowser()
    await browser('/login', desk, 'POST')
    const { info } = await browser('/info', desk)
    expect(JSON.stringify(info)).not.toMatch(/113\.77|Gecko|rv:/)
  })

  it('writes nothing while the client stays the same', async () => {
    const { createBrowser, store, clock } = createSite()
    const browser = createBrowser()
    await browser('/login', desk, 'POST')
    store.calls.length = 0
    for (let count = 0; count < 5; count++) {
      clock.now += 2 * minutes
      await browser('/info', { ...desk, 'cf-connecting-ip': `203.0.113.${count}` })
    }
    expect(store.calls).toEqual(['read', 'read', 'read', 'read', 'read'])
  })

  it('records another client with the request that has it, and says since when', async () => {
    const { createBrowser, clock } = createSite()
    const browser = createBrowser()
    await browser('/login', desk, 'POST')
    clock.now += 5 * minutes
    const elsewhere = { ...desk, 'cf-connecting-ip': '198.51.100.4', 'cf-ipcountry': 'JP' }
    const { info } = await browser('/info', elsewhere)
    expect(info.client).toEqual({
      ...onLinux,
      ...{ country: 'JP', network: '198.51.100.0/24', since: noon + 5 * minutes },
    })
  })

  it('writes once in the interval when two clients take turns', async () => {
    const { createBrowser, store, clock } = createSite({ interval: 60 })
    const browser = createBrowser()
    await browser('/login', desk, 'POST')
    store.calls.length = 0
    clock.now += hours / 2
    for (let turn = 0; turn < 12; turn++) {
      await browser('/info', { ...desk, 'user-agent': turn % 2 === 0 ? chrome : firefox })
      clock.now += 10_000
    }
    expect(store.calls.filter((verb) => verb === 'replace')).toHaveLength(2)
  })

  it('gives the app the version after the client was written, so that a form made from it can be saved', async () => {
    const { createBrowser, clock } = createSite()
    const browser = createBrowser()
    await browser('/login', desk, 'POST')
    clock.now += 5 * minutes
    const { info } = await browser('/info', { ...desk, 'user-agent': chrome })
    expect(info.client?.browser).toBe('Chrome 139')
    const saved = await browser(`/version/${info.version}`, { ...desk, 'user-agent': chrome })
    expect(saved.status).toBe(204)
  })

  it('serves a request whose client could not be written', async () => {
    const { createBrowser, clock, store } = createSite()
    const browser = createBrowser()
    await browser('/login', desk, 'POST')
    clock.now += 5 * minutes
    store.calls.length = 0
    store.fail(2, 'before')
    const { status, info } = await browser('/info', { ...desk, 'user-agent': chrome })
    expect(store.calls).toEqual(['read', 'replace'])
    expect(status).toBe(200)
    expect(info.client?.browser).toBe('Firefox 140')
  })

  it('writes once when requests of a new client come in parallel', async () => {
    const { createBrowser, clock } = createSite()
    const browser = createBrowser()
    await browser('/login', desk, 'POST')
    clock.now += 5 * minutes
    const moved = { ...desk, 'user-agent': chrome }
    const answers = await Promise.all(Array.from({ length: 6 }, () => browser('/info', moved)))
    expect(answers.map(({ info }) => info.client?.browser)).toEqual(Array(6).fill('Chrome 139'))
    expect(new Set(answers.map(({ info }) => info.version)).size).toBe(1)
  })

  it('keeps nothing of visitors who have not signed in', async () => {
    const { createBrowser } = createSite()
    const browser = createBrowser()
    await browser('/visit', desk, 'POST')
    expect((await browser('/info', desk)).info).not.toHaveProperty('client')
  })

  it('does not write a store that cannot guard a write, but keeps the client of the login', async () => {
    const { createBrowser, clock, store } = createSite({}, mapStore)
    const browser = createBrowser()
    await browser('/login', desk, 'POST')
    clock.now += 5 * minutes
    store.calls.length = 0
    const { info } = await browser('/info', { ...desk, 'user-agent': chrome })
    expect(store.calls).not.toContain('set')
    expect(info.client?.browser).toBe('Firefox 140')
  })
})

describe('a stateless session with the option clientInfo', () => {
  it('keeps the client of its login, and takes another with the next renewal of the cookie', async () => {
    const { createBrowser, clock } = createSite({}, 'cookie')
    const browser = createBrowser()
    await browser('/login', desk, 'POST')
    const moved = { ...desk, 'user-agent': chrome }
    clock.now += 5 * minutes
    const early = await browser('/info', moved)
    expect(early.set).toBeUndefined()
    expect(early.info.client).toEqual({ ...onLinux, since: noon })

    clock.now += 5 * minutes
    expect((await browser('/info', moved)).set).toBeDefined()
    const { info } = await browser('/info', moved)
    expect(info.client).toMatchObject({ browser: 'Chrome 139', since: noon + 10 * minutes })
  })
})

describe('where the client is read from', () => {
  it('reads the country from request.cf in a Worker, whatever a header says', async () => {
    const { sessions } = createSite()
    const request = new Request('https://app.example.test/', {
      headers: { ...desk, 'cf-ipcountry': 'KP' },
    })
    Object.defineProperty(request, 'cf', { value: { country: 'FR' } })
    const handle = sessions.open({ request, headers: new Headers() }, 'at-once')
    await handle.start({ userId: 'ada' })
    expect((await handle.info())?.client?.country).toBe('FR')
  })

  it.each([
    { title: 'no country without the option', options: { country: false }, missing: 'country' },
    { title: 'no network without a platform', options: { platform: 'none' }, missing: 'network' },
  ] as const)('keeps $title', async ({ options, missing }) => {
    const { createBrowser } = createSite(options)
    const browser = createBrowser()
    await browser('/login', desk, 'POST')
    const { info } = await browser('/info', desk)
    expect(info.client?.browser).toBe('Firefox 140')
    expect(info.client).not.toHaveProperty(missing)
  })

  it('keeps nothing in a context that has no headers, such as a cookie store of Next', async () => {
    const { sessions } = createSite()
    const cookies = new Map<string, string>()
    const context = {
      cookies: {
        get: (name: string) => {
          const value = cookies.get(name)
          return value === undefined ? undefined : { value }
        },
        set: (name: string, value: string) => cookies.set(name, value),
      },
    }
    const handle = sessions.open(context, 'at-once')
    await handle.start({ userId: 'ada' })
    expect(await handle.info()).not.toHaveProperty('client')
  })
})

describe('a session without the option', () => {
  it('keeps and shows nothing of its client', async () => {
    const { createBrowser } = createSite(false)
    const browser = createBrowser()
    await browser('/login', desk, 'POST')
    expect((await browser('/info', desk)).info).not.toHaveProperty('client')
  })

  it.each([
    { title: 'no platform', options: {}, problem: 'session.clientInfo.platform' },
    {
      title: 'a country that nobody names',
      options: { platform: 'none', country: 'geoip' },
      problem: 'session.clientInfo.country',
    },
    {
      title: 'an interval of a week',
      options: { platform: 'none', interval: 604_800 },
      problem: 'session.clientInfo.interval',
    },
    {
      title: 'a misspelt option',
      options: { platform: 'none', intervall: 9 },
      problem: 'session.clientInfo.intervall',
    },
  ])('is refused with $title', ({ options, problem }) => {
    const make = () => statelessSessions({ secret, clientInfo: clientInfo(options as never) })
    expect(make).toThrow(problem)
  })

  it('is refused with something else than clientInfo()', () => {
    const make = () => statelessSessions({ secret, clientInfo: true as never })
    expect(make).toThrow('session.clientInfo must be clientInfo({ ... })')
  })
})
