import * as oauth from 'oauth4webapi'
import { describe, expect, test } from 'vitest'
import type { Json, TestProvider } from './provider.ts'
import { createKey, encodeJson } from './provider.ts'
import { createSite, origin, type Site } from './support.ts'

/** What a provider does wrong in one login. */
interface Misdeed {
  readonly claims?: (provider: TestProvider) => Json
  readonly header?: Json
  readonly tokens?: (tokens: Json) => Json | Promise<Json>
  readonly answer?: Readonly<Record<string, string | undefined>>
  readonly metadata?: Json
  readonly prepare?: (provider: TestProvider) => Promise<void>
}

async function misbehave({ provider }: Site, misdeed: Misdeed): Promise<void> {
  await misdeed.prepare?.(provider)
  provider.claims = misdeed.claims?.(provider) ?? {}
  provider.header = misdeed.header ?? {}
  provider.metadata = misdeed.metadata ?? {}
  if (misdeed.tokens !== undefined) provider.tokens = misdeed.tokens
}

/** A whole login by the certified library alone, as its documentation writes one. */
async function signInByReferee({ provider }: Site, misdeed: Misdeed): Promise<boolean> {
  const options = {
    [oauth.customFetch]: (url: string, init: object) => provider.fetch(url, init as RequestInit),
    [oauth.allowInsecureRequests]: true,
  } as const
  const issuer = new URL(provider.issuer)
  try {
    const discovery = await oauth.discoveryRequest(issuer, options)
    const server = await oauth.processDiscoveryResponse(issuer, discovery)
    const client: oauth.Client = {
      client_id: 'client',
      [oauth.clockSkew]: Math.round((provider.clock.now - Date.now()) / 1000),
      [oauth.clockTolerance]: 60,
    }
    const verifier = oauth.generateRandomCodeVerifier()
    const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()]
    const redirectUri = `${origin}/.portcullis/callback/acme`
    const location = new URL(`${server.authorization_endpoint}`)
    location.search = `${new URLSearchParams({
      client_id: 'client',
      response_type: 'code',
      redirect_uri: redirectUri,
      state,
      nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    })}`
    const callback = new URL(provider.authorize(location.href, misdeed.answer))
    const answer = oauth.validateAuthResponse(server, client, callback, state)
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      oauth.ClientSecretBasic('a secret'),
      answer,
      redirectUri,
      verifier,
      options,
    )
    await oauth.processAuthorizationCodeResponse(server, client, response, {
      expectedNonce: nonce,
      requireIdToken: true,
    })
    await oauth.validateApplicationLevelSignature(server, response, options)
    return true
  } catch {
    return false
  }
}

async function signInByLogin(site: Site, { answer = {} }: Misdeed): Promise<boolean> {
  const person = site.browser()
  const begun = await person.request('/.portcullis/login')
  const location = begun.headers.get('location')
  if (location !== null) await person.request(site.provider.authorize(location, answer))
  return (await person.who()) !== null
}

const replaceIdToken =
  (change: (token: string) => string) =>
  (tokens: Json): Json => ({ ...tokens, id_token: change(`${tokens.id_token}`) })

const misdeeds: readonly [string, Misdeed][] = [
  ['no misdeed', {}],
  ['another issuer', { claims: () => ({ iss: 'https://evil.example' }) }],
  ['an issuer with a slash', { claims: ({ issuer }) => ({ iss: `${issuer}/` }) }],
  ['no issuer', { claims: () => ({ iss: undefined }) }],
  ['another audience', { claims: () => ({ aud: 'other' }) }],
  ['no audience', { claims: () => ({ aud: undefined }) }],
  ['two audiences', { claims: () => ({ aud: ['client', 'other'] }) }],
  ['azp of another', { claims: () => ({ azp: 'other' }) }],
  ['an end in the past', { claims: ({ seconds }) => ({ exp: seconds - 90 }) }],
  ['an end that is a text', { claims: () => ({ exp: 'never' }) }],
  ['no end', { claims: () => ({ exp: undefined }) }],
  ['no beginning', { claims: () => ({ iat: undefined }) }],
  ['a beginning that is a text', { claims: () => ({ iat: 'now' }) }],
  ['a beginning ahead', { claims: ({ seconds }) => ({ iat: seconds + 90 }) }],
  ['nbf ahead', { claims: ({ seconds }) => ({ nbf: seconds + 90 }) }],
  ['nbf that is a text', { claims: () => ({ nbf: 'now' }) }],
  ['another nonce', { claims: () => ({ nonce: 'other' }) }],
  ['no nonce', { claims: () => ({ nonce: undefined }) }],
  ['a nonce that is a list', { claims: () => ({ nonce: ['n'] }) }],
  ['no subject', { claims: () => ({ sub: undefined }) }],
  ['a subject that is a number', { claims: () => ({ sub: 7 }) }],
  ['an empty subject', { claims: () => ({ sub: '' }) }],
  ['auth_time that is a text', { claims: () => ({ auth_time: 'now' }) }],
  ['a key that is not in the set', { header: { kid: 'unknown' } }],
  ['an extension in crit', { header: { crit: ['x'], x: 1 } }],
  ['alg none', { tokens: replaceIdToken((token) => unsign(token)) }],
  ['a cut signature', { tokens: replaceIdToken((token) => token.slice(0, -4)) }],
  ['four parts', { tokens: replaceIdToken((token) => `${token}.e30`) }],
  ['no id token', { tokens: ({ id_token: _, ...tokens }) => tokens }],
  ['an id token that is a number', { tokens: (tokens) => ({ ...tokens, id_token: 7 }) }],
  ['no access token', { tokens: ({ access_token: _, ...tokens }) => tokens }],
  ['no token type', { tokens: ({ token_type: _, ...tokens }) => tokens }],
  ['token type mac', { tokens: (tokens) => ({ ...tokens, token_type: 'mac' }) }],
  ['token type DPoP', { tokens: (tokens) => ({ ...tokens, token_type: 'DPoP' }) }],
  ['a life that is no number', { tokens: (tokens) => ({ ...tokens, expires_in: 'soon' }) }],
  ['a scope that is a list', { tokens: (tokens) => ({ ...tokens, scope: ['openid'] }) }],
  ['an answer of another issuer', { answer: { iss: 'https://evil.example' } }],
  ['an answer without issuer', { answer: { iss: undefined } }],
  ['an answer with another state', { answer: { state: 'other' } }],
  ['an answer without state', { answer: { state: undefined } }],
  ['an answer without code', { answer: { code: undefined } }],
  ['an answer with a made-up code', { answer: { code: 'made-up' } }],
  ['an answer with an error', { answer: { error: 'access_denied' } }],
  ['metadata of another issuer', { metadata: { issuer: 'https://x.example' } }],
  ['no token endpoint', { metadata: { token_endpoint: undefined } }],
  ['a key of another owner', { prepare: replaceKey }],
]

function unsign(token: string): string {
  const [, body = ''] = token.split('.')
  return `${encodeJson({ alg: 'none' })}.${body}.`
}

/** The private half belongs to somebody else; the published half does not. */
async function replaceKey(provider: TestProvider): Promise<void> {
  provider.keys = [provider.key.jwk]
  provider.key = await createKey('ES256', provider.key.kid)
}

/** What the certified library takes and a login must not rest on: see docs/decisions/0009. */
const stricterThanReferee = [
  'azp of another',
  'a beginning ahead',
  'an empty subject',
  'token type DPoP',
]

describe('the certified library as a referee', () => {
  test.each(misdeeds)('119: what it refuses we refuse: %s', async (name, misdeed) => {
    const [first, second] = [await createSite(), await createSite()]
    await misbehave(first, misdeed)
    await misbehave(second, misdeed)
    const verdicts = {
      referee: await signInByReferee(first, misdeed),
      login: await signInByLogin(second, misdeed),
    }
    const isGood = name === 'no misdeed'
    const isOurs = stricterThanReferee.includes(name)
    expect(verdicts).toEqual({ referee: isGood || isOurs, login: isGood })
  })
})
