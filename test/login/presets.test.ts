import { describe, expect, test } from 'vitest'
import {
  apple,
  entra,
  keycloak,
  type LoginOptions,
  login,
  memoryTokens,
  okta,
} from '../../src/login/index.ts'
import { statelessSessions } from '../../src/session/index.ts'
import { secret } from '../session/support.ts'
import {
  appleDouble,
  auth0Double,
  cognitoDouble,
  type Double,
  doubles,
  entraDouble,
  githubDouble,
  gitlabDouble,
  googleDouble,
  keycloakDouble,
  objectId,
  oktaDouble,
  otherTenant,
  readBasic,
  tenant,
} from './doubles.ts'
import { type Browser, createSite, type Data, type Site, sharedKey } from './support.ts'

/** A site with one preset, whose `identify` shows what it got. */
async function createPresetSite(
  name: string,
  { provider, options }: Double,
  more: Partial<LoginOptions<Data>> = {},
) {
  const seen: { claims?: Readonly<Record<string, unknown>>; unverifiedEmail?: string } = {}
  const site = await createSite({
    at: provider,
    login: {
      providers: { [name]: options },
      identify(identity) {
        Object.assign(seen, { claims: identity.claims, unverifiedEmail: identity.unverifiedEmail })
        const claim = ['groups', 'roles', 'groups_direct', 'cognito:groups', 'realm_roles', 'teams']
        const own = [...claim, 'https://acme.example/roles']
        const roles = own.flatMap((one) =>
          identity.roles(one, { admin: ['admins', 'acme/admins'] }),
        )
        return { user: identity.user, roles }
      },
      ...more,
    },
  })
  return { site, seen }
}

/** A whole login; Apple posts its answer from its own site, without our cookies. */
async function signIn(site: Site, { provider }: Double, path?: string): Promise<Response> {
  const person = site.browser()
  return signInAs(person, provider, path)
}

async function signInAs(
  person: Browser,
  provider: Double['provider'],
  path = '/.portcullis/login',
): Promise<Response> {
  const location = new URL(await person.begin(path))
  const isPosted = location.searchParams.get('response_mode') === 'form_post'
  const promised = provider.readMetadata().authorization_response_iss_parameter_supported === true
  const callback = provider.authorize(location.href, promised ? {} : { iss: undefined })
  if (!isPosted) return person.request(callback)
  const { origin, pathname, searchParams } = new URL(callback)
  const posted = await person.request(`${origin}${pathname}`, {
    method: 'POST',
    cookie: '',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'sec-fetch-site': 'cross-site',
      origin: 'https://appleid.apple.com',
    },
    body: searchParams,
  })
  return person.request(posted.headers.get('location') ?? '')
}

describe('presets', () => {
  test.each(Object.keys(doubles))('%s signs a person in', async (name) => {
    const double = await (doubles[name] as () => Promise<Double>)()
    const { site } = await createPresetSite(name, double)
    const person = site.browser()
    const done = await signInAs(person, double.provider, '/.portcullis/login?return_to=/page')
    expect([done.status, done.headers.get('location')]).toEqual([303, '/page'])
    expect((await person.who())?.user).toMatch(new RegExp(`^${name}\\|.+`))
    expect(site.events.map(({ type }) => type)).toEqual(['login-started', 'login-succeeded'])
  })

  test.each([
    ['okta', oktaDouble],
    ['auth0', auth0Double],
    ['keycloak', keycloakDouble],
    ['gitlab', gitlabDouble],
    ['cognito', cognitoDouble],
  ] as const)('%s says its groups where roles find them', async (name, make) => {
    const double = await make()
    const { site } = await createPresetSite(name, double)
    const person = site.browser()
    await signInAs(person, double.provider)
    expect((await person.who())?.roles).toEqual(['admin'])
  })

  test('all nine stand beside each other, with a page to choose from that names them', async () => {
    const made = await Promise.all(
      Object.entries(doubles).map(async ([name, make]) => [name, await make()] as const),
    )
    const providers = Object.fromEntries(made.map(([name, { options }]) => [name, options]))
    const fetches = made.map(([, { provider }]) => provider)
    const site = await createSite({
      at: fetches[0] as Double['provider'],
      login: {
        providers,
        async fetch(url, init) {
          for (const { provider } of made.map(([, double]) => double)) {
            const { token_endpoint, jwks_uri, issuer } = provider.readMetadata()
            const isItsOwn = [token_endpoint, jwks_uri].includes(url)
            const isAbout = url.startsWith(`${issuer}`.replace(/\/$/, '')) || isItsOwn
            const isApi =
              issuer === 'https://github.com' && url.startsWith('https://api.github.com')
            if (isAbout || isApi) return provider.fetch(url, init)
          }
          throw new Error(url)
        },
      },
    })
    const chooser = await (await site.browser().request('/.portcullis/login')).text()
    for (const label of [
      'Google',
      'Microsoft',
      'Okta',
      'Auth0',
      'acme',
      'GitLab',
      'GitHub',
      'Apple',
    ]) {
      expect(chooser).toContain(`>${label}</a>`)
    }
    for (const [name, { provider }] of made) {
      const person = site.browser()
      const done = await signInAs(person, provider, `/.portcullis/login?provider=${name}`)
      expect([name, done.status]).toEqual([name, 303])
      expect((await person.who())?.login?.provider).toBe(name)
    }
  })
})

describe('google', () => {
  test('admits the accounts of its domains by the claim hd, whatever the parameter was', async () => {
    const double = await googleDouble({ domain: 'acme.example' })
    const { site } = await createPresetSite('google', double)
    expect(new URL(await site.browser().begin()).searchParams.get('hd')).toBe('acme.example')
    expect((await signIn(site, double)).status).toBe(303)
    for (const hd of ['other.example', undefined, ['acme.example']]) {
      double.provider.claims = { ...double.provider.claims, hd }
      expect((await signIn(site, double)).status).toBe(403)
      expect(site.events.at(-1)?.reason).toBe('not-admitted')
    }
  })

  test('asks for a refresh token only where that is wanted', async () => {
    const { site } = await createPresetSite('google', await googleDouble())
    expect(await site.browser().begin()).not.toMatch(/access_type|prompt/)
    const { site: other } = await createPresetSite('google', await googleDouble({ offline: true }))
    const { searchParams } = new URL(await other.browser().begin())
    expect(searchParams.get('access_type')).toBe('offline')
    expect(searchParams.get('prompt')).toBe('consent')
  })

  test('has no logout page: a logout ends here', async () => {
    const double = await googleDouble()
    const { site } = await createPresetSite('google', double)
    const person = site.browser()
    await signInAs(person, double.provider)
    const out = await person.request('/.portcullis/logout', {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin' },
    })
    expect([out.status, out.headers.get('location')]).toEqual([303, '/.portcullis/logged-out'])
  })
})

describe('entra', () => {
  test('knows people by tenant and object id, never by an e-mail that anybody can set', async () => {
    const double = await entraDouble()
    const { site, seen } = await createPresetSite('entra', double)
    const person = site.browser()
    await signInAs(person, double.provider)
    expect((await person.who())?.user).toBe(`entra|${tenant}.${objectId}`)
    expect(seen.claims).not.toHaveProperty('email')
    expect(seen.unverifiedEmail).toBe('ceo@other.example')
  })

  test.each([true, 1, '1', 'true'])(
    'takes an e-mail whose domain the tenant owns: xms_edov %s',
    async (edov) => {
      const double = await entraDouble()
      double.provider.claims = { ...double.provider.claims, xms_edov: edov }
      const { site, seen } = await createPresetSite('entra', double)
      await signIn(site, double)
      expect(seen.claims?.email).toBe('ceo@other.example')
    },
  )

  test.each([false, 0, '0', undefined])('takes no e-mail with xms_edov %s', async (edov) => {
    const double = await entraDouble()
    double.provider.claims = { ...double.provider.claims, xms_edov: edov, email_verified: true }
    const { site, seen } = await createPresetSite('entra', double)
    await signIn(site, double)
    expect(seen.claims).not.toHaveProperty('email')
  })

  test.each(['tid', 'oid'])('refuses a token without %s', async (name) => {
    const double = await entraDouble()
    double.provider.claims = { ...double.provider.claims, [name]: undefined }
    const { site } = await createPresetSite('entra', double)
    expect((await signIn(site, double)).status).toBe(400)
  })

  test('admits the tenants of its list, by tid and iss together', async () => {
    const double = await entraDouble({ tenants: [tenant] })
    const { site } = await createPresetSite('entra', double)
    expect((await signIn(site, double)).status).toBe(303)
    const good = double.provider.claims
    const issuer = `https://login.microsoftonline.com/${otherTenant}/v2.0`
    for (const change of [
      { tid: otherTenant, iss: issuer },
      { iss: issuer },
      { tid: otherTenant },
      { tid: undefined },
    ]) {
      double.provider.claims = { ...good, ...change }
      expect((await signIn(site, double)).status).toBe(400)
    }
  })

  test('a key that is for another tenant signs for nobody here', async () => {
    const double = await entraDouble({ tenants: [tenant] })
    const { site } = await createPresetSite('entra', double)
    const { jwk } = await sharedKey('RS256')
    const consumers = 'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0'
    double.provider.keys = [{ ...jwk, issuer: consumers } as never]
    expect((await signIn(site, double)).status).toBe(400)
    expect(site.events.at(-1)?.reason).toBe('key-unknown')
    const { site: other } = await createPresetSite('entra', double)
    double.provider.keys = [
      { ...jwk, issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' } as never,
    ]
    expect((await signIn(other, double)).status).toBe(303)
  })

  test('a list of tenants that is empty or missing is a fault, and admits nobody', () => {
    const session = statelessSessions({ secret })
    const options = { clientId: 'c', clientSecret: 's' }
    for (const tenants of [[], undefined]) {
      const entry = entra({ ...options, ...(tenants && { tenants }) })
      expect(() => login({ session, providers: { entra: entry } })).toThrow(
        'login.providers.entra.tenants must be a non-empty list of strings',
      )
    }
  })

  test('groups that were left out are no roles, and an event', async () => {
    const double = await entraDouble()
    double.provider.claims = {
      ...double.provider.claims,
      _claim_names: { groups: 'src1' },
      _claim_sources: { src1: { endpoint: 'https://graph.windows.net/x' } },
    }
    const { site } = await createPresetSite('entra', double)
    const person = site.browser()
    await signInAs(person, double.provider)
    expect((await person.who())?.roles).toEqual([])
    expect(site.events).toContainEqual({ type: 'login-groups-overage', subject: 'entra' })
  })
})

describe('okta and auth0', () => {
  test('an issuer is the server that was named, and comes from the environment where it is a function', async () => {
    const made = okta({ domain: (c: { env: { HOST: string } }) => c.env.HOST, clientId: 'c' })
    const issuer = made.issuer as (c: { env: { HOST?: string } }) => string | undefined
    expect(issuer({ env: { HOST: 'acme.okta.com' } })).toBe('https://acme.okta.com')
    expect(issuer({ env: {} })).toBeUndefined()
  })

  test('auth0 sends its audience, and admits the organization that was asked for only', async () => {
    const double = await auth0Double({
      audience: 'https://api.acme.example',
      organization: 'org_1',
    })
    const { site } = await createPresetSite('auth0', double)
    const { searchParams } = new URL(await site.browser().begin())
    expect(searchParams.get('audience')).toBe('https://api.acme.example')
    expect(searchParams.get('organization')).toBe('org_1')
    expect((await signIn(site, double)).status).toBe(403)
    double.provider.claims = { ...double.provider.claims, org_id: 'org_1' }
    expect((await signIn(site, double)).status).toBe(303)
  })
})

describe('keycloak', () => {
  test('flattens the roles of the realm and of this client', async () => {
    const double = await keycloakDouble()
    const { site, seen } = await createPresetSite('keycloak', double)
    await signIn(site, double)
    expect(seen.claims?.realm_roles).toEqual(['offline_access', 'admins'])
    expect(seen.claims?.client_roles).toEqual(['editor'])
  })

  test.each([undefined, 'admins', { roles: 'admins' }, [], null])(
    'reads no role of realm_access %j',
    async (access) => {
      const double = await keycloakDouble()
      double.provider.claims = { ...double.provider.claims, realm_access: access }
      const { site, seen } = await createPresetSite('keycloak', double)
      await signIn(site, double)
      expect(seen.claims?.realm_roles).toEqual([])
    },
  )

  test('pushes its parameters where that is wanted', async () => {
    const double = await keycloakDouble({ par: true })
    const { site } = await createPresetSite('keycloak', double)
    const { searchParams } = new URL(await site.browser().begin())
    expect([...searchParams.keys()]).toEqual(['client_id', 'request_uri'])
  })

  test('writes the issuer without a second slash', () => {
    const options = { clientId: 'c', clientSecret: 's', realm: 'a b' }
    const { issuer } = keycloak({ ...options, url: 'https://id.acme.example//' })
    expect(issuer).toBe('https://id.acme.example/realms/a%20b')
  })
})

describe('cognito', () => {
  test('a logout goes to its own page with the parameters that it wants', async () => {
    const double = await cognitoDouble()
    const { site } = await createPresetSite('cognito', double)
    const person = site.browser()
    await signInAs(person, double.provider)
    const page = await person.request('/.portcullis/logout', {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin' },
    })
    const url = new URL(
      /href="([^"]+)"/.exec(await page.text())?.[1]?.replaceAll('&#38;', '&') ?? '',
    )
    expect(url.origin + url.pathname).toBe(
      'https://acme.auth.eu-central-1.amazoncognito.com/logout',
    )
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: 'client',
      logout_uri: 'https://app.example/.portcullis/logged-out',
    })
  })
})

describe('apple', () => {
  test('makes its secret of the key, five minutes each, and posts its answer', async () => {
    const double = await appleDouble()
    const { site, seen } = await createPresetSite('apple', double)
    const { searchParams } = new URL(await site.browser().begin())
    expect(searchParams.get('response_mode')).toBe('form_post')
    expect(searchParams.get('scope')).toBe('openid name email')
    expect((await signIn(site, double)).status).toBe(303)
    const secret = double.provider.forms[0]?.get('client_secret') ?? ''
    const { exp, iat } = JSON.parse(atob(secret.split('.')[1]?.replaceAll('-', '+') ?? ''))
    expect(exp - iat).toBe(300)
    // A text in place of a boolean.
    expect(seen.claims?.email).toBe('ada@privaterelay.appleid.com')
  })

  test('a name in the form is nobody’s identity: it is not read', async () => {
    const double = await appleDouble()
    const { site } = await createPresetSite('apple', double)
    const person = site.browser()
    const callback = new URL(double.provider.authorize(await person.begin(), { iss: undefined }))
    const user = JSON.stringify({ name: { firstName: 'Mallory' }, email: 'ceo@acme.example' })
    callback.searchParams.set('user', user)
    const posted = await person.request(`${callback.origin}${callback.pathname}`, {
      method: 'POST',
      cookie: '',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: callback.searchParams,
    })
    expect(posted.headers.get('location')).not.toContain('Mallory')
  })

  test('a key that is no file of Apple’s is a fault', () => {
    const session = statelessSessions({ secret })
    const own = { clientId: 'c', teamId: 'TEAM123456', keyId: 'KEY1234567', key: 'a secret' }
    expect(() => login({ session, providers: { apple: apple(own) } })).toThrow(
      'login.providers.apple.auth.key must be the content of the .p8 file from Apple',
    )
  })

  test('a secret by another team’s key is refused, and the event names our secret', async () => {
    const double = await appleDouble({ teamId: 'OTHER12345' })
    const { site } = await createPresetSite('apple', double)
    expect((await signIn(site, double)).status).toBe(502)
    expect(site.events.at(-1)?.reason).toBe('client-refused')
  })
})

describe('github', () => {
  test('60: knows people by the number of the account, with a verified e-mail', async () => {
    const double = await githubDouble()
    const { site, seen } = await createPresetSite('github', double)
    const person = site.browser()
    await signInAs(person, double.provider)
    expect(await person.who()).toMatchObject({
      user: 'github|583231',
      login: { provider: 'github', sub: '583231' },
    })
    expect(seen.claims).toMatchObject({
      preferred_username: 'ada',
      name: 'Ada',
      email: 'ada@acme.example',
    })
  })

  test('sends PKCE and state, and no scope of OpenID Connect', async () => {
    const { site } = await createPresetSite('github', await githubDouble())
    const { searchParams, origin, pathname } = new URL(await site.browser().begin())
    expect(origin + pathname).toBe('https://github.com/login/oauth/authorize')
    expect(searchParams.get('code_challenge_method')).toBe('S256')
    expect(searchParams.get('scope')).toBe('read:user user:email')
  })

  test.each([
    ['bad_verification_code', 400, 'code-refused'],
    ['incorrect_client_credentials', 502, 'client-refused'],
    ['redirect_uri_mismatch', 502, 'provider-error'],
    ['constructor', 502, 'provider-error'],
  ])('60: %s with status 200 signs nobody in', async (error, status, reason) => {
    const double = await githubDouble()
    double.error = error
    const { site } = await createPresetSite('github', double)
    expect((await signIn(site, double)).status).toBe(status)
    expect(site.events.at(-1)?.reason).toBe(reason)
  })

  test.each([
    ['no number', { id: '583231' }],
    ['no id', { id: undefined }],
    ['a fraction', { id: 1.5 }],
  ])('60: an account with %s is none', async (_, change) => {
    const double = await githubDouble()
    Object.assign(double.account.user, change)
    const { site } = await createPresetSite('github', double)
    expect((await signIn(site, double)).status).toBe(502)
  })

  test('an e-mail that is not verified, or not primary, is none', async () => {
    const double = await githubDouble()
    double.account.emails = [
      { email: 'ceo@acme.example', verified: false, primary: true },
      { email: 'old@acme.example', verified: true, primary: false },
    ]
    const { site, seen } = await createPresetSite('github', double)
    await signIn(site, double)
    expect(seen.claims).not.toHaveProperty('email')
  })

  test('admits the members of its organizations only, and reads teams', async () => {
    const double = await githubDouble({ organizations: ['acme'], teams: true })
    const { site } = await createPresetSite('github', double)
    expect(await site.browser().begin()).toContain('read%3Aorg')
    const person = site.browser()
    await signInAs(person, double.provider)
    expect((await person.who())?.roles).toEqual(['admin'])
    double.account.orgs = [{ login: 'other' }]
    expect((await signIn(site, double)).status).toBe(403)
    expect(site.events.at(-1)?.reason).toBe('not-admitted')
  })

  test('is never fresh: nobody knows when somebody signed in there', async () => {
    const double = await githubDouble()
    const { site } = await createPresetSite('github', double)
    expect((await signIn(site, double, '/.portcullis/login?max_age=60')).status).toBe(403)
  })

  test('86: a logout deletes its token by its own API', async () => {
    const double = await githubDouble()
    const { clock } = double.provider
    const tokens = memoryTokens({ clock: () => clock.now })
    const { site } = await createPresetSite('github', double, { tokens })
    const person = site.browser()
    await signInAs(person, double.provider)
    expect(await (await person.request('/token')).text()).toBe('gho_1')
    await person.request('/.portcullis/logout', {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin' },
    })
    expect(double.deleted.map(({ body }) => body)).toEqual(['{"access_token":"gho_1"}'])
    expect(readBasic(double.deleted[0]?.authorization ?? '')).toBe('client:a secret')
  })
})
