/** A login at `oidc-provider`, which is certified by the OpenID Foundation. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createKey, type TestProvider } from '../../login/provider.ts'
import { createSite, origin, type Site } from '../../login/support.ts'

describe('a login at a certified provider', () => {
  let server: Server
  let issuer = ''
  let site: Site
  const posted: string[] = []

  beforeAll(async () => {
    server = createServer()
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const clock = { now: Date.now() }
    const at = {
      clock,
      issuer,
      fetch: (url: string, init: RequestInit) => fetch(url, init),
    } as unknown as TestProvider
    const provider = { clientId: 'client', clientSecret: 'a secret of the client' }
    site = await createSite({ at, provider, login: { clock: Date.now } })
    const oidc = await createProvider(issuer, site, posted)
    const serve = oidc.callback()
    server.on('request', async (request, response) => {
      if (!request.url?.startsWith('/interaction/')) return serve(request, response)
      const { prompt } = await oidc.interactionDetails(request, response)
      const result =
        prompt.name === 'login' ? { login: { accountId: 'ada', acr: 'phr' } } : { consent: {} }
      return oidc.interactionFinished(request, response, result)
    })
  })
  afterAll(() => void server.close())

  test('1, 31, 81, 89: code, PKCE, id token, logout at the provider, back-channel logout', async () => {
    const person = site.browser()
    const jar = new Map<string, string>()
    const callback = await follow(await person.begin('/.portcullis/login?return_to=/page'), jar)
    expect(new URL(callback).searchParams.get('iss')).toBe(issuer)
    const done = await person.request(callback)
    expect([done.status, done.headers.get('location')]).toEqual([303, '/page'])
    expect(await person.who()).toMatchObject({
      user: 'acme|ada',
      login: { provider: 'acme', sub: 'ada' },
    })
    expect((await person.who())?.login?.sid).toEqual(expect.any(String))

    const cookie = person.cookieHeader
    const page = await person.request('/.portcullis/logout', {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin' },
    })
    const end = /href="([^"]+)"/.exec(await page.text())?.[1]?.replaceAll('&#38;', '&') ?? ''
    expect(end.startsWith(`${issuer}/session/end?`)).toBe(true)
    expect(await (await site.browser().request('/who', { cookie })).json()).toBeNull()
  })

  test('76, 77: an essential acr is reached', async () => {
    const person = site.browser()
    const callback = await follow(
      await person.begin('/.portcullis/login?acr=phr&max_age=60'),
      new Map(),
    )
    expect((await person.request(callback)).status).toBe(303)
    expect((await person.who())?.login?.acr).toBe('phr')
  })

  test('89: a logout at the provider ends the session here by its back channel', async () => {
    const person = site.browser()
    const jar = new Map<string, string>()
    await person.request(await follow(await person.begin(), jar))
    const before = posted.length
    const form = await ask(`${issuer}/session/end`, jar)
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(await form.text())?.[1] ?? ''
    await ask(`${issuer}/session/end/confirm`, jar, new URLSearchParams({ xsrf, logout: 'yes' }))
    await expect.poll(() => posted.length).toBe(before + 1)
    expect(posted.at(-1)).toBe('200')
    expect(await person.who()).toBeNull()
  })
})

/** What the provider says of a request, as far as a grant needs it. */
interface GrantContext {
  readonly oidc: {
    readonly provider: Provider
    readonly client?: { readonly clientId: string }
    readonly session?: { readonly accountId?: string }
  }
}

/** The provider, whose messages to the site go to the app. */
async function createProvider(issuer: string, site: Site, posted: string[]): Promise<Provider> {
  const { signer } = await createKey('RS256')
  // `key_ops` would say that the published key signs, and may not verify.
  const { key_ops: _, ext: __, ...jwk } = await crypto.subtle.exportKey('jwk', signer)
  const oidc = new Provider(issuer, {
    clients: [
      {
        client_id: 'client',
        client_secret: 'a secret of the client',
        redirect_uris: [`${origin}/.portcullis/callback/acme`],
        post_logout_redirect_uris: [`${origin}/.portcullis/logged-out`],
        backchannel_logout_uri: `${origin}/.portcullis/backchannel-logout/acme`,
        backchannel_logout_session_required: true,
      },
    ],
    jwks: { keys: [{ ...jwk, kid: 'rsa', use: 'sig', alg: 'RS256' }] as never },
    cookies: { keys: ['a key of the test'] },
    acrValues: ['phr'],
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      claimsParameter: { enabled: true },
    },
    claims: { openid: ['sub'], profile: ['name'], email: ['email'] },
    interactions: {
      url: (_: unknown, interaction: { uid: string }) => `/interaction/${interaction.uid}`,
    },
    findAccount: (_: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, name: 'Ada' }),
    }),
    async loadExistingGrant(context: GrantContext) {
      const grant = new context.oidc.provider.Grant({
        clientId: context.oidc.client?.clientId ?? '',
        accountId: context.oidc.session?.accountId ?? '',
      })
      grant.addOIDCScope('openid profile email')
      await grant.save()
      return grant
    },
    async fetch(url: URL | RequestInfo, init?: RequestInit) {
      const response = await site.app.request(new Request(String(url), init))
      posted.push(`${response.status}`)
      return response
    },
  } as never)
  oidc.proxy = false
  return oidc
}

/** Asks the provider as a browser does. */
async function ask(
  url: string,
  jar: Map<string, string>,
  body?: URLSearchParams,
): Promise<Response> {
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  const response = await fetch(url, {
    redirect: 'manual',
    headers: { cookie, accept: 'text/html' },
    ...(body !== undefined && { method: 'POST', body }),
  })
  for (const line of response.headers.getSetCookie()) {
    const [pair = ''] = line.split(';', 1)
    const at = pair.indexOf('=')
    jar.set(pair.slice(0, at), pair.slice(at + 1))
  }
  return response
}

/** Follows the provider's own redirects until it sends the browser back. */
async function follow(location: string, jar: Map<string, string>): Promise<string> {
  let url = location
  for (let turn = 0; turn < 8 && !url.startsWith(origin); turn++) {
    const response = await ask(url, jar)
    const next = response.headers.get('location')
    if (next === null)
      throw new Error(`${response.status} ${(await response.text()).slice(0, 300)}`)
    url = new URL(next, url).href
  }
  return url
}
