import { describe, expect, test } from 'vitest'
import { PortcullisError } from '../../src/errors.ts'
import { github, loginSubject } from '../../src/login/index.ts'
import { revocable } from '../../src/session/index.ts'
import { memoryRevocations, memoryStore } from '../../src/store/index.ts'
import { entraDouble, githubDouble, objectId, tenant } from './doubles.ts'
import { TestProvider } from './provider.ts'
import {
  type Browser,
  createSite,
  origin,
  type Site,
  type SiteOptions,
  sharedKey,
} from './support.ts'

async function send(site: Site, token: string, name = 'acme'): Promise<number> {
  const response = await site.app.request(`${origin}/.portcullis/backchannel-logout/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ logout_token: token }),
  })
  return response.status
}

async function signIn(site: Site): Promise<Browser> {
  const person = site.browser()
  await person.signIn()
  expect((await person.who())?.user).toBe('acme|ada')
  return person
}

/** The store verbs of a logout, and which of their calls fails, counted from 1. */
interface Failing {
  calls: number
  at: number
}

const logoutVerbs = ['endMarked', 'endAll', 'advance']

function failAt<Verbs extends object>(store: Verbs, failing: Failing): Verbs {
  return new Proxy(store, {
    get(target, name) {
      const verb = Reflect.get(target, name)
      if (typeof verb !== 'function' || !logoutVerbs.includes(String(name))) return verb
      return (...args: unknown[]) => {
        failing.calls++
        if (failing.calls !== failing.at) return verb.apply(target, args)
        return Promise.reject(new PortcullisError('ERR_STORE_UNAVAILABLE', 'away'))
      }
    },
  })
}

function createSessions(kind: 'stored' | 'stateless', failing: Failing): SiteOptions {
  if (kind === 'stored') return { store: failAt(memoryStore(), failing) }
  const store = failAt(memoryRevocations(), failing)
  return { kind, sessions: { revocation: revocable({ store }) } }
}

describe.each(['stored', 'stateless'] as const)('a logout of a person from %s sessions', (kind) => {
  test.each([1, 2, 3, 4, 5])(
    '95: that fails at call %i of the store is done by the same message, which works once',
    async (at) => {
      const failing = { calls: 0, at: 0 }
      const site = await createSite(createSessions(kind, failing))
      const person = await signIn(site)
      const token = await site.provider.logoutToken({ sub: 'ada' })
      Object.assign(failing, { calls: 0, at })
      expect(await send(site, token)).toBe(503)
      expect(await send(site, token)).toBe(200)
      expect(await person.who()).toBeNull()
      // What took effect takes effect once.
      const later = await signIn(site)
      expect(await send(site, token)).toBe(400)
      expect((await later.who())?.user).toBe('acme|ada')
    },
  )

  test('91: one that comes twice at the same time ends the sessions, and no later one', async () => {
    const site = await createSite(createSessions(kind, { calls: 0, at: 0 }))
    const person = await signIn(site)
    const token = await site.provider.logoutToken({ sub: 'ada' })
    const statuses = await Promise.all([send(site, token), send(site, token)])
    expect(statuses).toContain(200)
    expect(await person.who()).toBeNull()
    const later = await signIn(site)
    expect(await send(site, token)).toBe(400)
    expect((await later.who())?.user).toBe('acme|ada')
  })
})

describe('a logout of a person whom the option subject names otherwise', () => {
  const pairwise = 'AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ'

  async function createEntraSite(user?: (data: object) => string | undefined): Promise<Site> {
    const { provider, options } = await entraDouble()
    return createSite({
      at: provider,
      login: { providers: { entra: options } },
      ...(user !== undefined && { sessions: { user } }),
    })
  }

  async function signInAtEntra(site: Site): Promise<Browser> {
    const person = site.browser()
    await person.signIn('/.portcullis/login', { iss: undefined })
    expect((await person.who())?.user).toBe(`entra|${tenant}.${objectId}`)
    return person
  }

  test('93: the session keeps the claim sub, and loginSubject finds it by that', async () => {
    const site = await createEntraSite(loginSubject)
    const person = await signInAtEntra(site)
    expect((await person.who())?.login).toMatchObject({
      sub: `${tenant}.${objectId}`,
      tokenSubject: pairwise,
    })
    site.provider.claims = { ...site.provider.claims, sub: 'B', oid: 'bbbbbbbb' }
    const other = site.browser()
    await other.signIn('/.portcullis/login', { iss: undefined })
    expect(await send(site, await site.provider.logoutToken({ sub: pairwise }), 'entra')).toBe(200)
    expect(await person.who()).toBeNull()
    expect(await other.who()).not.toBeNull()
  })

  test('93: a token that holds what subject reads finds the sessions of loginUser', async () => {
    const site = await createEntraSite()
    const person = await signInAtEntra(site)
    const claims = { sub: pairwise, tid: tenant, oid: objectId }
    expect(await send(site, await site.provider.logoutToken(claims), 'entra')).toBe(200)
    expect(await person.who()).toBeNull()
  })

  test('93: a token that lacks it is refused with an event, and never a success that ends nobody', async () => {
    const site = await createEntraSite()
    const person = await signInAtEntra(site)
    expect(await send(site, await site.provider.logoutToken({ sub: pairwise }), 'entra')).toBe(400)
    expect(site.events.at(-1)).toMatchObject({
      type: 'backchannel-logout-refused',
      reason: 'user-unknown',
      subject: 'entra',
    })
    expect(await person.who()).not.toBeNull()
  })

  test('43: a person whom subject cannot name is not signed in under the claim sub', async () => {
    const site = await createSite({
      provider: { subject: (claims) => claims.employee as string },
    })
    const person = site.browser()
    expect((await person.signIn()).status).toBe(400)
    expect(await person.who()).toBeNull()
  })
})

describe('a provider without keys', () => {
  // OpenID Connect Back-Channel Logout 1.0 section 2.8: a token that cannot be validated is 400. Of
  // GitHub there is none that could be: a 503 would ask whoever posts to come again.
  test('90: has no logout token, so any is 400, and nothing is sent to find a key for it', async () => {
    const hub = await githubDouble()
    const sent: string[] = []
    const site = await createSite({
      at: hub.provider,
      login: {
        providers: { github: hub.options },
        fetch: (url, init) => {
          sent.push(url)
          return hub.provider.fetch(url, init)
        },
      },
    })
    const person = site.browser()
    await person.request(hub.provider.authorize(await person.begin(), { iss: undefined }))
    sent.length = 0
    const good = await hub.provider.logoutToken({ sid: 'sid-1' })
    for (const token of [good, good, 'no token', '']) {
      expect(await send(site, token, 'github')).toBe(400)
      expect(site.events.at(-1)).toMatchObject({
        type: 'backchannel-logout-refused',
        subject: 'github',
      })
    }
    expect(sent).toEqual([])
    expect((await person.who())?.user).toBe('github|583231')
  })

  test('90: that is not configured has no such address', async () => {
    const site = await createSite()
    expect(await send(site, await site.provider.logoutToken({ sid: 'sid-1' }), 'other')).toBe(404)
  })
})

describe('the hint of a logout', () => {
  /** A site with OpenID Connect, and GitHub, which has no id tokens. */
  async function createTwoSite(): Promise<{
    site: Site
    signInAtGithub(person: Browser): Promise<void>
  }> {
    const hub = await githubDouble()
    const acme = new TestProvider(await sharedKey(), hub.provider.clock)
    const site = await createSite({
      at: acme,
      login: {
        fetch: (url, init) =>
          url.startsWith(acme.issuer) ? acme.fetch(url, init) : hub.provider.fetch(url, init),
        providers: {
          acme: { issuer: acme.issuer, clientId: 'client', clientSecret: 'a secret' },
          hub: github({ clientId: 'client', clientSecret: 'a secret' }),
        },
      },
    })
    return {
      site,
      async signInAtGithub(person) {
        const location = await person.begin('/.portcullis/login?provider=hub')
        await person.request(hub.provider.authorize(location, { iss: undefined }))
        expect((await person.who())?.login?.provider).toBe('hub')
      },
    }
  }

  const readHints = (person: Browser): string[] =>
    [...person.cookies.keys()].filter((name) => name.includes('hint'))

  test('88: goes where the next login brings no id token', async () => {
    const { site, signInAtGithub } = await createTwoSite()
    const person = site.browser()
    await person.signIn('/.portcullis/login?provider=acme')
    expect(readHints(person)).toHaveLength(1)
    await signInAtGithub(person)
    expect(readHints(person)).toEqual([])
  })

  test('88: of another person is not sent to the provider', async () => {
    const site = await createSite()
    const ada = site.browser()
    await ada.signIn()
    const hints = [...ada.cookies].filter(([name]) => name.includes('hint'))
    site.provider.claims = { sub: 'bob', sid: 'sid-2' }
    const bob = site.browser()
    await bob.signIn()
    for (const [name, value] of hints) bob.cookies.set(name, value)
    const page = await bob.request('/.portcullis/logout', {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin' },
    })
    const next = /href="([^"]+)"/.exec(await page.text())?.[1]?.replaceAll('&#38;', '&') ?? ''
    expect(new URL(next).searchParams.get('id_token_hint')).toBeNull()
    expect(new URL(next).searchParams.get('logout_hint')).toBe('sid-2')
  })
})
