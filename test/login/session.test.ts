import { describe, expect, test } from 'vitest'
import type { AtomicStore } from '../../src/store/index.ts'
import { memoryStore } from '../../src/store/index.ts'
import { otherSecret, secret } from '../session/support.ts'
import { createSite, type Data } from './support.ts'

describe('the session that a login begins', () => {
  test('holds what identify made, and how the person came', async () => {
    const site = await createSite()
    const person = site.browser()
    const done = await person.signIn('/.portcullis/login?return_to=/page')
    expect([done.status, done.headers.get('location')]).toEqual([303, '/page'])
    const login = { provider: 'acme', sub: 'ada', sid: 'sid-1' }
    expect(await person.who()).toEqual({ user: 'acme|ada', roles: [], login })
    expect(await (await person.request('/facts')).json()).toEqual(login)
    expect(await (await person.request('/page')).text()).toBe('page')
    expect(site.events.map(({ type }) => type)).toEqual(['login-started', 'login-succeeded'])
    expect(await (await site.browser().request('/facts')).json()).toBeNull()
  })

  test('a warm login asks the provider once', async () => {
    const site = await createSite()
    await site.browser().signIn()
    const before = site.provider.asked.length
    await site.browser().signIn()
    expect(site.provider.asked.slice(before)).toEqual(['POST /token'])
  })

  test('61: each login has a new id, the old session is dead, and another person’s data is not kept', async () => {
    const site = await createSite()
    const person = site.browser()
    await person.signIn()
    const old = person.cookieHeader
    const id = async (): Promise<string> =>
      ((await (await person.request('/info')).json()) as { id: string }).id
    const first = await id()
    site.provider.claims = { sub: 'bob', sid: 'sid-2' }
    await person.signIn()
    expect(await id()).not.toBe(first)
    expect((await person.who())?.user).toBe('acme|bob')
    const copy = site.browser()
    expect(await (await copy.request('/who', { cookie: old })).json()).toBeNull()
  })

  test('62: authenticatedAt is auth_time, never later than now, and unknown without one', async () => {
    for (const [authTime, expected] of [
      [-600, -600],
      [45, 0],
      [undefined, undefined],
    ] as const) {
      const site = await createSite()
      const { seconds } = site.provider
      site.provider.claims = { auth_time: authTime === undefined ? undefined : seconds + authTime }
      const person = site.browser()
      await person.signIn()
      const info = (await (await person.request('/info')).json()) as { authenticatedAt?: number }
      expect(info.authenticatedAt).toBe(
        expected === undefined ? undefined : (seconds + expected) * 1000,
      )
    }
  })

  test.each<[string, () => never | undefined | Data, number]>([
    ['says no', () => undefined, 403],
    [
      'throws',
      () => {
        throw new Error('no database')
      },
      500,
    ],
    ['returns what is no data', () => ({ user: 1n }) as never, 500],
  ])('63: identify that %s starts nothing', async (_, identify, status) => {
    const site = await createSite({ login: { identify } })
    const person = site.browser()
    const response = await person.signIn()
    expect(response.status).toBe(status)
    expect(await person.who()).toBeNull()
    if (status === 403) expect(site.events.at(-1)?.reason).toBe('not-admitted')
  })

  test('64: an e-mail that is not verified does not count, also as the text "false"', async () => {
    const seen: unknown[] = []
    const site = await createSite({
      login: {
        identify: ({ user, claims, unverifiedEmail }) => {
          seen.push([claims.email, unverifiedEmail])
          return { user, roles: [] }
        },
      },
    })
    const email = 'ada@example.com'
    for (const verified of [true, 'true', false, 'false', undefined, 1]) {
      site.provider.claims = { email, email_verified: verified }
      await site.browser().signIn()
    }
    const [known, unknown] = [
      [email, undefined],
      [undefined, email],
    ]
    expect(seen).toEqual([known, known, unknown, unknown, unknown, unknown])
  })

  test('65, 66: roles come from a list of groups only; an overage is no role and an event', async () => {
    const roles: string[][] = []
    const site = await createSite({
      login: {
        identify: (identity) => {
          roles.push(identity.roles('groups', { admin: 'admins', staff: ['sales', 'support'] }))
          return { user: identity.user, roles: [] }
        },
      },
    })
    const claims = [
      { groups: ['admins', 'sales', 'unknown'] },
      { groups: 'admins' },
      { groups: { 0: 'admins' } },
      {},
      { _claim_names: { groups: 'src1' } },
    ]
    for (const one of claims) {
      site.provider.claims = one
      await site.browser().signIn()
    }
    expect(roles).toEqual([['admin', 'staff'], [], [], [], []])
    expect(site.events.filter(({ type }) => type === 'login-groups-overage')).toEqual([
      { type: 'login-groups-overage', subject: 'acme' },
    ])
  })

  test('67: an id token of 16 KB leaves a session cookie of at most 300 bytes', async () => {
    const site = await createSite()
    site.provider.claims = {
      groups: Array.from({ length: 300 }, (_, at) => `group-${at}-${'x'.repeat(40)}`),
    }
    const person = site.browser()
    expect((await person.signIn()).status).toBe(303)
    const bytes = '__Host-session='.length + (person.cookies.get('__Host-session') ?? '').length
    expect(bytes).toBeLessThanOrEqual(300)

    const stateless = await createSite({ kind: 'stateless' })
    const other = stateless.browser()
    await other.signIn()
    expect((other.cookies.get('__Host-session') ?? '').length).toBeLessThanOrEqual(600)
  })

  test('68: a store that is away at the callback is 503 without a session, and a page with a link', async () => {
    const store = memoryStore()
    let isDown = false
    const refuse = async (): Promise<never> => {
      throw new Error('down')
    }
    const failing: AtomicStore = {
      ...store,
      create: (...args) => (isDown ? refuse() : store.create(...args)),
      rotate: (...args) => (isDown ? refuse() : store.rotate(...args)),
    }
    const site = await createSite({ store: failing })
    const person = site.browser()
    isDown = true
    const response = await person.signIn()
    expect(response.status).toBe(503)
    expect(await response.text()).toContain('href="/.portcullis/login?provider=acme"')
    expect(person.cookies.has('__Host-session')).toBe(false)
    expect(person.attempts).toEqual([])
    isDown = false
    expect((await person.signIn()).status).toBe(303)
  })

  test('69: begun in one isolate, finished in another, used in a third', async () => {
    const store = memoryStore()
    const one = await createSite({ store })
    const two = await createSite({ store, at: one.provider })
    const three = await createSite({ store, at: one.provider })
    const person = one.browser()
    const callback = one.provider.authorize(await person.begin('/.portcullis/login?return_to=/a'))
    const second = two.browser()
    for (const [name, value] of person.cookies) second.cookies.set(name, value)
    expect((await second.request(callback)).headers.get('location')).toBe('/a')
    const third = three.browser()
    for (const [name, value] of second.cookies) third.cookies.set(name, value)
    expect((await third.who())?.user).toBe('acme|ada')
  })

  test('70: where sessions are Strict, the chain that began elsewhere ends on a page of ours', async () => {
    const site = await createSite({ sessions: { sameSite: 'strict' } })
    const person = site.browser()
    const done = await person.signIn('/.portcullis/login?return_to=/a')
    expect(done.status).toBe(200)
    expect(await done.text()).toContain('<meta http-equiv="refresh" content="0;url=/a">')
    expect((await person.who())?.user).toBe('acme|ada')
  })

  test('71: a ring that is rotated between begin and callback works with the old secret in it only', async () => {
    for (const [secrets, status] of [
      [[otherSecret, secret], 303],
      [[otherSecret], 400],
    ] as const) {
      const before = await createSite()
      const after = await createSite({ at: before.provider, secrets })
      const person = before.browser()
      const callback = before.provider.authorize(await person.begin())
      const later = after.browser()
      for (const [name, value] of person.cookies) later.cookies.set(name, value)
      expect((await later.request(callback)).status).toBe(status)
    }
  })

  test('73: a browser that keeps no cookies gets a page with a link, never a redirect', async () => {
    const site = await createSite()
    const person = site.browser()
    const callback = site.provider.authorize(await person.begin())
    const response = await site.browser().request(callback)
    expect([response.status, response.headers.get('location')]).toEqual([400, null])
  })

  test('73: a browser that keeps attempts but no session is told after three turns', async () => {
    const site = await createSite()
    const person = site.browser()
    for (let turn = 0; turn < 3; turn++) {
      expect((await person.signIn('/.portcullis/login?return_to=/page')).status).toBe(303)
      person.cookies.delete('__Host-session')
    }
    const told = await person.request('/.portcullis/login?return_to=/page')
    expect(told.status).toBe(400)
    expect(await told.text()).toContain('did not stay signed in')
    // The page resets the count: its link tries again.
    expect((await person.request('/.portcullis/login')).status).toBe(303)
  })
})

describe('step-up and silent logins', () => {
  test('74: max_age must be met by auth_time, also where it was stripped from the address', async () => {
    const site = await createSite()
    const person = site.browser()
    site.provider.claims = { auth_time: site.provider.seconds - 10 }
    expect((await person.signIn('/.portcullis/login?max_age=60')).status).toBe(303)
    // The address was changed on its way: the provider asked nobody again.
    site.provider.claims = { auth_time: site.provider.seconds - 3600 }
    expect((await person.signIn('/.portcullis/login?max_age=60')).status).toBe(403)
  })

  test.each([
    ['ignores max_age', -3600],
    ['sends no auth_time', undefined],
    ['sends text', 'now'],
  ])('75: a provider that %s is 403 once, and no loop', async (_, authTime) => {
    const site = await createSite()
    const { seconds } = site.provider
    site.provider.claims = {
      auth_time: typeof authTime === 'number' ? seconds + authTime : authTime,
    }
    const response = await site.browser().signIn('/.portcullis/login?max_age=60')
    expect([403, 400]).toContain(response.status)
    expect(response.headers.get('location')).toBeNull()
  })

  test('76: acr that is reached passes, and one that is not is 403', async () => {
    const site = await createSite()
    const person = site.browser()
    site.provider.claims = { acr: 'phr' }
    expect((await person.signIn('/.portcullis/login?acr=phr%20phrh')).status).toBe(303)
    expect((await person.who())?.login?.acr).toBe('phr')
    for (const acr of ['1', undefined, ['phr']]) {
      site.provider.claims = { acr }
      const status = (await person.signIn('/.portcullis/login?acr=phrh')).status
      expect(status).toBe(403)
    }
  })

  test('77: acr is an essential claim where claims are supported, else acr_values, never both', async () => {
    for (const isSupported of [true, false]) {
      const site = await createSite({ provider: { acr: ['phr'] } })
      site.provider.metadata = { claims_parameter_supported: isSupported }
      const asked = new URL(await site.browser().begin()).searchParams
      expect([asked.get('acr_values'), asked.get('claims')]).toEqual(
        isSupported
          ? [null, '{"id_token":{"acr":{"essential":true,"values":["phr"]}}}']
          : ['phr', null],
      )
    }
  })

  test('78: prompt=none that is refused goes back to the page, and is not tried again for 5 min', async () => {
    const site = await createSite()
    const person = site.browser()
    const path = '/.portcullis/login?prompt=none&return_to=/a'
    const url = new URL(site.provider.authorize(await person.begin(path)))
    expect(new URL(await person.begin(path)).searchParams.get('prompt')).toBe('none')
    url.searchParams.delete('code')
    url.searchParams.set('error', 'login_required')
    const back = await person.request(url.href)
    expect([back.status, back.headers.get('location')]).toEqual([303, '/a'])
    const again = await person.request(path)
    expect([again.status, again.headers.get('location')]).toEqual([303, '/a'])
    person.cookies.delete('__Host-login-none')
    expect((await person.signIn(path)).headers.get('location')).toBe('/a')
    expect((await person.who())?.user).toBe('acme|ada')
  })

  test('79: a step-up by another person is their session', async () => {
    const site = await createSite()
    const person = site.browser()
    await person.signIn()
    site.provider.claims = { sub: 'bob' }
    await person.signIn('/.portcullis/login?max_age=60')
    expect((await person.who())?.user).toBe('acme|bob')
  })
})
