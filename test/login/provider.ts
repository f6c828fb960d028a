/** A provider in the same process: it does what OpenID Connect says, or what a test makes it say. */
import { CompactSign, exportJWK, generateKeyPair, type JWK } from 'jose'
import { encodeBase64url } from '../../src/crypto/index.ts'

export type Json = Record<string, unknown>

/** A key pair of the provider. */
export interface SigningKey {
  readonly kid: string
  readonly alg: string
  readonly signer: CryptoKey
  readonly jwk: JWK
}

export async function createKey(alg = 'ES256', kid = 'key-1'): Promise<SigningKey> {
  const pair = await generateKeyPair(alg, { extractable: true })
  const jwk = { ...(await exportJWK(pair.publicKey)), kid, use: 'sig', alg }
  return { kid, alg, signer: pair.privateKey as CryptoKey, jwk }
}

export function encodeJson(value: unknown): string {
  return encodeBase64url(new TextEncoder().encode(JSON.stringify(value)))
}

export async function signToken(key: SigningKey, claims: Json, header: Json = {}): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(claims))
  const full = { alg: key.alg, kid: key.kid, ...header }
  return new CompactSign(bytes).setProtectedHeader(full as { alg: string }).sign(key.signer)
}

/** What the provider remembers of a code. */
interface Grant {
  readonly query: URLSearchParams
  readonly claims: Json
}

/** The provider, its levers, and what it was asked. */
export class TestProvider {
  readonly issuer: string
  readonly clock: { now: number }
  key: SigningKey
  /** Every request, as `GET /jwks`. */
  readonly asked: string[] = []
  /** Bodies of the requests to the token endpoint. */
  readonly forms: URLSearchParams[] = []
  /** `Authorization` of the requests to the token endpoint. */
  readonly authorizations: (string | null)[] = []
  /** Members of the metadata to change; undefined leaves one out. */
  metadata: Json = {}
  /** Whether each endpoint answers as it should; a function answers in its place. */
  readonly answers = new Map<string, (request: Request) => Response | Promise<Response>>()
  /** Where its metadata is, if not below its issuer. */
  metadataUrl: string | undefined
  /** Claims of the next id tokens. */
  claims: Json = {}
  header: Json = {}
  /** Changes the token response. */
  tokens: (tokens: Json) => Json | Promise<Json> = (tokens) => tokens
  /** The published keys. Default the current one. */
  keys: JWK[] | undefined
  userinfo: Json = {}
  /** Whether it issues refresh tokens, which rotate: one that comes twice revokes the family (RFC 9700 section 4.14.2). */
  issuesRefreshTokens = false
  /** Seconds that its access tokens live. */
  accessLife = 300
  /** How its refresh tokens fared. */
  readonly refreshes = { served: 0, refused: 0 }
  /** What was revoked, by RFC 7009. */
  readonly revoked: string[] = []
  readonly #families = new Map<string, { readonly family: number; readonly claims: Json }>()
  readonly #usedUp = new Map<string, number>()
  readonly #deadFamilies = new Set<number>()
  readonly #grants = new Map<string, Grant>()
  readonly #pushed = new Map<string, URLSearchParams>()
  #count = 0

  constructor(key: SigningKey, clock: { now: number }, issuer = 'https://id.example') {
    this.key = key
    this.clock = clock
    this.issuer = issuer
  }

  /** The seconds that it is. */
  get seconds(): number {
    return Math.floor(this.clock.now / 1000)
  }

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const request = new Request(url, { ...init, redirect: 'manual' })
    const { pathname } = new URL(url)
    this.asked.push(`${request.method} ${pathname}`)
    const answer = this.answers.get(pathname)
    if (answer !== undefined) return answer(request)
    const address = decodeURI(url)
    const metadata = this.readMetadata()
    switch (address) {
      case this.metadataUrl ?? `${this.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`:
        return Response.json(metadata)
      case metadata.jwks_uri:
        return Response.json({ keys: this.keys ?? [this.key.jwk] })
      case metadata.pushed_authorization_request_endpoint:
        return this.#push(request)
      case metadata.token_endpoint:
        return this.#exchange(request)
      case metadata.revocation_endpoint:
        this.revoked.push(new URLSearchParams(await request.text()).get('token') ?? '')
        return new Response(null)
      case metadata.userinfo_endpoint:
        return Response.json({ sub: 'ada', ...this.userinfo })
      default:
        return new Response('not here', { status: 404 })
    }
  }

  readMetadata(): Json {
    const { issuer } = this
    return {
      issuer,
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/jwks`,
      userinfo_endpoint: `${issuer}/userinfo`,
      end_session_endpoint: `${issuer}/end`,
      revocation_endpoint: `${issuer}/revoke`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256', 'RS256'],
      authorization_response_iss_parameter_supported: true,
      ...this.metadata,
    }
  }

  /** What the browser gets for the authorization request: the address of the callback with a code. */
  authorize(location: string, more: Readonly<Record<string, string | undefined>> = {}): string {
    const url = new URL(location)
    const pushed = this.#pushed.get(url.searchParams.get('request_uri') ?? '')
    const query = pushed ?? url.searchParams
    this.#count++
    const code = `code-${this.#count}`
    this.#grants.set(code, { query, claims: { ...this.claims } })
    const back = new URL(query.get('redirect_uri') ?? '')
    const answer = { code, state: query.get('state') ?? '', iss: this.issuer, ...more }
    for (const [name, value] of Object.entries(answer)) {
      if (value !== undefined) back.searchParams.set(name, value)
    }
    return back.href
  }

  /** A logout token of this provider. */
  logoutToken(claims: Json = {}, header: Json = { typ: 'logout+jwt' }): Promise<string> {
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
    this.#count++
    const usual = {
      iss: this.issuer,
      aud: 'client',
      iat: this.seconds,
      exp: this.seconds + 120,
      jti: `jti-${this.#count}`,
      events,
    }
    return signToken(this.key, { ...usual, ...claims }, header)
  }

  async #push(request: Request): Promise<Response> {
    const uri = `urn:request:${this.#pushed.size}`
    this.#pushed.set(uri, new URLSearchParams(await request.text()))
    return Response.json({ request_uri: uri, expires_in: 60 }, { status: 201 })
  }

  async #exchange(request: Request): Promise<Response> {
    const form = new URLSearchParams(await request.text())
    this.forms.push(form)
    this.authorizations.push(request.headers.get('authorization'))
    if (form.get('grant_type') === 'refresh_token') return this.#refresh(form)
    const code = form.get('code') ?? ''
    const grant = this.#grants.get(code)
    this.#grants.delete(code)
    const verifier = new TextEncoder().encode(form.get('code_verifier') ?? '')
    const challenge = encodeBase64url(
      new Uint8Array(await crypto.subtle.digest('SHA-256', verifier)),
    )
    const isGood =
      grant?.query.get('code_challenge') === challenge &&
      grant.query.get('redirect_uri') === form.get('redirect_uri')
    if (!isGood || grant === undefined)
      return Response.json({ error: 'invalid_grant' }, { status: 400 })

    const claims = {
      iss: this.issuer,
      aud: 'client',
      sub: 'ada',
      iat: this.seconds,
      exp: this.seconds + 300,
      nonce: grant.query.get('nonce'),
      auth_time: this.seconds - 30,
      sid: 'sid-1',
      ...grant.claims,
    }
    this.#count++
    return this.#issue(claims, this.#count)
  }

  /** Ends every grant: an administrator closed the account. */
  revokeGrants(): void {
    for (const { family } of this.#families.values()) this.#deadFamilies.add(family)
  }

  async #refresh(form: URLSearchParams): Promise<Response> {
    const token = form.get('refresh_token') ?? ''
    const held = this.#families.get(token)
    const reused = this.#usedUp.get(token)
    if (reused !== undefined) this.#deadFamilies.add(reused)
    if (held === undefined || this.#deadFamilies.has(held.family)) {
      this.refreshes.refused++
      return Response.json({ error: 'invalid_grant' }, { status: 400 })
    }
    this.refreshes.served++
    this.#families.delete(token)
    this.#usedUp.set(token, held.family)
    const { nonce: _, ...claims } = held.claims
    const times = { iat: this.seconds, exp: this.seconds + 300 }
    return this.#issue({ ...claims, ...times, ...this.claims }, held.family)
  }

  async #issue(claims: Json, family: number): Promise<Response> {
    this.#count++
    const refreshToken = `refresh-${this.#count}`
    if (this.issuesRefreshTokens) this.#families.set(refreshToken, { family, claims })
    const tokens = {
      access_token: this.issuesRefreshTokens ? `access-${this.#count}` : 'access',
      token_type: 'Bearer',
      expires_in: this.accessLife,
      id_token: await signToken(this.key, claims, this.header),
      ...(this.issuesRefreshTokens && { refresh_token: refreshToken }),
    }
    return Response.json(await this.tokens(tokens))
  }
}
