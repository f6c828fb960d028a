import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../../src/store/index.ts'
import { minutes } from '../support.ts'
import { BoundBrowser, bound, Device, readChallenge, siteOver } from './support.ts'

const device = new Device()

describe('a device-bound session', () => {
  it('is offered by start alone, not by a write or a mere read', async () => {
    const { browser } = siteOver()
    const visitor = browser(device)
    const answers = [
      await visitor.fetch('/visit', { method: 'POST' }),
      await visitor.fetch('/who'),
      await visitor.fetch('/login', { method: 'POST' }),
      await visitor.fetch('/visit', { method: 'POST' }),
      await visitor.fetch('/who'),
      await visitor.fetch('/logout', { method: 'POST' }),
    ]
    const offered = answers.map(({ headers }) => headers.has('secure-session-registration'))
    expect(offered).toEqual([false, false, true, false, false, false])
  })

  it('tells the browser what to hold back, and which cookie to look for', async () => {
    const { browser } = siteOver({ exclude: ['/static'], initiators: ['shop.example.test'] })
    const visitor = browser(device)
    const response = await visitor.register(await device.offer(await visitor.login()))
    const { headers } = response
    expect([
      response.status,
      headers.get('content-type'),
      headers.get('cache-control'),
      headers.getSetCookie(),
    ]).toEqual([200, 'application/json', 'no-store', []])
    expect(await response.json()).toEqual({
      session_identifier: expect.stringMatching(/^[\w-]{16}$/),
      refresh_url: '/.portcullis/dbsc/refresh',
      scope: {
        include_site: false,
        scope_specification: [
          { type: 'exclude', path: '/.portcullis/dbsc' },
          { type: 'exclude', path: '/static' },
        ],
      },
      credentials: [
        {
          type: 'cookie',
          name: '__Host-session-bound',
          attributes: 'Path=/; Secure; HttpOnly; SameSite=Lax',
        },
      ],
      allowed_refresh_initiators: ['shop.example.test'],
    })
  })

  it('is not enforced before its first proof, and then at once', async () => {
    const { browser, heard } = siteOver()
    const visitor = browser(device)
    const challenge = await visitor.login()
    expect((await visitor.fetch('/private')).status).toBe(200)
    await visitor.register(await device.offer(challenge))
    expect((await visitor.fetch('/private')).status).toBe(200)
    expect(await visitor.json('/who')).toMatchObject({ info: { bound: false } })

    const proved = await visitor.prove()
    expect(proved.headers.getSetCookie()).toEqual([
      expect.stringMatching(
        /^__Host-session-bound=[\w.-]+; Max-Age=600; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
      ),
    ])
    expect((await visitor.fetch('/private')).status).toBe(200)
    expect(await visitor.json('/who')).toMatchObject({ info: { bound: true } })

    visitor.cookies.delete(bound)
    expect((await visitor.fetch('/private')).status).toBe(401)
    expect(heard()).toEqual([
      'session-key-offered: ES256',
      'session-bound: ES256',
      'session-rejected: not-bound',
    ])
  })

  it('binds an RSA key of 2,048 bits as well', async () => {
    const rsa = new Device('RS256')
    const { browser, heard } = siteOver()
    const visitor = browser(rsa)
    await visitor.bind()
    expect(await visitor.json('/who')).toMatchObject({ info: { bound: true } })
    expect(heard()).toEqual(['session-key-offered: RS256', 'session-bound: RS256'])
  })

  it('goes on with a refresh for as long as the session lives', async () => {
    const { browser, clock } = siteOver()
    const visitor = browser(device)
    await visitor.bind()
    for (let i = 0; i < 5; i++) {
      clock.now += 10 * minutes
      visitor.cookies.delete(bound)
      expect((await visitor.prove()).status).toBe(200)
      expect((await visitor.fetch('/private')).status).toBe(200)
    }
  })

  it('ends its bound cookie ten minutes and a minute of grace after the proof', async () => {
    const { browser, clock, heard } = siteOver()
    const visitor = browser(device)
    await visitor.bind()
    clock.now += 11 * minutes
    expect((await visitor.fetch('/private')).status).toBe(200)
    clock.now += 1
    heard()
    expect((await visitor.fetch('/private')).status).toBe(401)
    expect(heard()).toEqual(['session-rejected: bound-expired'])
  })

  it('keeps what the session holds when it refreshes', async () => {
    const { browser } = siteOver()
    const visitor = browser(device)
    await visitor.bind()
    await visitor.fetch('/visit', { method: 'POST' })
    visitor.cookies.delete(bound)
    await visitor.prove()
    expect(await visitor.json('/who')).toMatchObject({
      data: { userId: 'ada', visits: 1 },
      info: { bound: true, signedIn: true },
    })
  })

  it('is marked in the list of the user’s sessions', async () => {
    const { browser } = siteOver()
    const [first, second] = [browser(device), browser(device)]
    await first.bind()
    await second.login()
    const list = (await second.json('/list')) as Array<{ bound: boolean; current: boolean }>
    expect(list.map(({ bound, current }) => ({ bound, current }))).toEqual(
      expect.arrayContaining([
        { bound: true, current: false },
        { bound: false, current: true },
      ]),
    )
  })

  it('says when the device proved itself, by the cookie of this very request', async () => {
    const { browser, clock } = siteOver()
    const visitor = browser(device)
    await visitor.bind()
    const at = clock.now
    clock.now += 5 * minutes
    expect(await visitor.json('/who')).toMatchObject({ info: { provedAt: at } })
  })

  it('begins anew with the next login, whose browser forgets the old one', async () => {
    const { browser } = siteOver()
    const visitor = browser(device)
    await visitor.bind()
    const old = visitor.instructions?.session_identifier
    const challenge = await visitor.login()
    expect(visitor.cookies.has(bound)).toBe(false)
    const forgotten = await visitor.refresh(undefined, old)
    expect([forgotten.status, await forgotten.json()]).toEqual([
      200,
      { session_identifier: old, continue: false },
    ])
    await visitor.register(await device.offer(challenge))
    await visitor.prove()
    expect(await visitor.json('/who')).toMatchObject({ info: { bound: true } })
  })

  it('is replaced by a login although its browser cannot prove it any more', async () => {
    const { browser } = siteOver()
    const visitor = browser(device)
    await visitor.bind()
    visitor.cookies.delete(bound)
    expect(await visitor.json('/who')).toEqual({ data: null, info: null })
    const challenge = await visitor.login()
    expect(await visitor.json('/who')).toMatchObject({ data: { userId: 'ada' } })
    await visitor.register(await device.offer(challenge))
    expect((await visitor.prove()).status).toBe(200)
    expect(await visitor.json('/list')).toHaveLength(1)
  })

  it('signs out without a proof, and takes both cookies away', async () => {
    const { app, browser } = siteOver()
    const visitor = browser(device)
    await visitor.bind()
    const copy = visitor.copy(app, device)
    await visitor.fetch('/logout', { method: 'POST' })
    expect([...visitor.cookies.keys()]).toEqual([])
    expect((await copy.fetch('/private')).status).toBe(401)
    const answer = await copy.prove()
    expect(await answer.json()).toEqual({
      session_identifier: copy.instructions?.session_identifier,
      continue: false,
    })
  })

  it('ends for good when it signs out without its bound cookie', async () => {
    const { app, browser } = siteOver()
    const visitor = browser(device)
    await visitor.bind()
    const copy = visitor.copy(app, device)
    visitor.cookies.delete(bound)
    await visitor.fetch('/logout', { method: 'POST' })
    expect((await copy.fetch('/private')).status).toBe(401)
  })

  it.each(['/logout', '/login'])('survives no %s in the middle of its refresh', async (path) => {
    const memory = memoryStore()
    const state = { act: async () => {} }
    const { browser, app } = siteOver(
      {},
      {
        clock: Date.now,
        store: {
          ...memory,
          async replace(...args) {
            const { act } = state
            state.act = async () => {}
            await act()
            return memory.replace(...args)
          },
        },
      },
    )
    const visitor = browser(device)
    await visitor.bind()
    const copy = visitor.copy(app, device)
    const token = await device.prove(readChallenge(await visitor.refresh()))
    state.act = async () => void (await copy.fetch(path, { method: 'POST' }))
    const late = await visitor.refresh(token)
    expect([late.status, late.headers.getSetCookie()]).toEqual([503, []])
    expect(await (await visitor.prove()).json()).toMatchObject({ continue: false })
    expect((await visitor.fetch('/private')).status).toBe(401)
    expect((await copy.fetch('/private')).status).toBe(path === '/login' ? 200 : 401)
  })

  it('writes nothing for a request that did not prove itself', async () => {
    const { browser } = siteOver()
    const visitor = browser(device)
    await visitor.bind()
    const value = visitor.cookies.get(bound) ?? ''
    visitor.cookies.delete(bound)
    expect((await visitor.fetch('/visit', { method: 'POST' })).status).toBe(503)
    visitor.cookies.set(bound, value)
    expect((await visitor.json('/who')) as object).toHaveProperty('data', { userId: 'ada' })
  })

  it('offers nothing over plain http, where no browser binds', async () => {
    const { browser } = siteOver({}, { insecurePlainHttp: true })
    const response = await browser(device).fetch('/login', { method: 'POST' })
    expect(response.headers.get('secure-session-registration')).toBeNull()
    expect(response.headers.getSetCookie()).toHaveLength(1)
  })
})

describe('the endpoints', () => {
  it('take POST only, and say so', async () => {
    const { app } = siteOver()
    for (const path of ['/.portcullis/dbsc/register', '/.portcullis/dbsc/refresh'])
      for (const method of ['GET', 'OPTIONS', 'PUT']) {
        const response = await app.request(`https://app.example.test${path}`, { method })
        expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST'])
        expect(response.headers.has('access-control-allow-origin')).toBe(false)
      }
  })

  it('leave every other address to the application', async () => {
    const { app } = siteOver()
    const paths = [
      '/.portcullis/dbsc/',
      '/.portcullis/dbsc/refresh/x',
      '/x?/.portcullis/dbsc/refresh',
      '/.well-known/device-bound-sessions',
    ]
    for (const path of paths)
      expect(
        (await app.request(`https://app.example.test${path}`, { method: 'POST' })).status,
      ).toBe(404)
  })

  it('take what browsers send bare and what the draft quotes', async () => {
    const { browser } = siteOver()
    const visitor = browser(device)
    const challenge = await visitor.login()
    expect((await visitor.register(`"${await device.offer(challenge)}"`)).status).toBe(200)
    const id = visitor.instructions?.session_identifier
    const next = readChallenge(await visitor.refresh(undefined, `"${id}"`))
    expect((await visitor.refresh(`"${await device.prove(next)}"`, `"${id}";a=1`)).status).toBe(200)
  })

  it('answer a browser that names no session about the session of its cookie', async () => {
    const { app, browser } = siteOver()
    const visitor = browser(device)
    await visitor.bind()
    const nameless = new BoundBrowser(app, device)
    for (const [name, value] of visitor.cookies) nameless.cookies.set(name, value)
    expect((await nameless.prove()).status).toBe(200)
  })
})
