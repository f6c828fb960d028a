/**
 * Verifies the access tokens (JWTs, RFC 9068) that API clients send in `Authorization: Bearer`
 * instead of a session cookie. Applications pass `bearerTokens()` to `gatewayLogin()`, which calls
 * `validate` for a request to a route with the option `bearer`, and `createChallenge` and
 * `describe` for clients that have no token yet.
 *
 * A header of another form, an unknown issuer, a bad signature or claim, or a token bound to a key
 * (`cnf`) is denied with 401; a missing scope, or a user whom `identify` does not admit, with 403;
 * signing keys that cannot be fetched give `unavailable` (503). Each denial emits `bearer-refused`.
 * Wrong options become issues while the gateway is built. Errors that `identify` throws pass
 * through. A revoked token is accepted until it expires, since the provider is not asked about it.
 */
import { sha256 } from '../../crypto/index.ts'
import { checkKeys, type Issues } from '../../options/index.ts'
import { connectProvider, emitEvent } from '../context.ts'
import { readPerson } from '../flow/person.ts'
import { tokenFace } from '../gateway/bearer.ts'
import { createFacts } from '../identify.ts'
import { readTokenTime } from '../protocol/protocol.ts'
import { readSignedToken, verifySignedToken } from '../protocol/signed-token.ts'
import {
  validateIssuerClaim,
  validateSubjectClaim,
  validateTimeClaims,
} from '../protocol/token-claims.ts'
import { isTextList } from '../providers/validate-provider.ts'
import type { LoginSettings } from '../settings.ts'
import type { TokenContext } from '../tokens/contract.ts'
import { type Claims, isObject, LoginError, type LoginReason } from '../types.ts'
import type { BearerOption, BearerRule, BearerTokens, BearerVerdict } from './contract.ts'

/** Options of {@link bearerTokens}. */
export interface BearerTokensOptions {
  /**
   * `aud` of the tokens: the identifier of this API, such as `https://app.example.com/mcp`. A URL of this site is
   * also published as protected resource metadata (RFC 9728).
   */
  readonly audience: string
  /** Names of the providers whose tokens are accepted. Default all of the login. */
  readonly providers?: readonly string[]
  /**
   * `client_id`s by the name of a provider whose tokens have no `aud`, as those of Amazon Cognito: `{ pool: ['my-api']
   * }`. Tokens of other providers need an `aud` all the same. Default none.
   */
  readonly clientIds?: Readonly<Record<string, readonly string[]>>
  /** Scopes to publish. Default none. */
  readonly scopes?: readonly string[]
}

const wellKnown = '/.well-known/oauth-protected-resource'
const bearerScheme = /^bearer +([\w.~+/=-]+)$/i
/** RFC 9068 section 2.1. A token of another type, such as an id token, is not an access token. */
const accessTokenType = /^(?:application\/)?at\+jwt$/i

/**
 * Accepts access tokens of the login's providers on routes with `bearer`, for the option `bearer` of `gatewayLogin()`.
 *
 * @see RFC 9068, RFC 6750, RFC 9470, RFC 9728
 * @example
 * gatewayLogin({ providers, bearer: bearerTokens({ audience: 'https://app.example.com/mcp' }) })
 */
export function bearerTokens(options: BearerTokensOptions): BearerOption {
  return {
    createBearer(settings, issues) {
      validateOptions(options, settings, issues)
      return createBearer({ ...options }, settings)
    },
  }
}

/** Validates the options. A misspelled provider name is an issue, since its tokens would all be denied silently. */
function validateOptions(
  options: BearerTokensOptions,
  { providerNames }: LoginSettings,
  issues: Issues,
): void {
  checkKeys(issues, options, ['audience', 'providers', 'clientIds', 'scopes'])
  const { audience, providers, clientIds, scopes } = { ...options }
  if (typeof audience !== 'string' || audience === '') {
    issues.add(
      'audience',
      'must be the identifier of this API, such as https://app.example.com/mcp',
    )
  }
  for (const [option, list] of Object.entries({ providers, scopes })) {
    if (list !== undefined && !isTextList(list)) {
      issues.add(option, 'must be a non-empty list of strings')
    }
  }
  const unknown = 'must be the name of a provider of this login'
  if (isTextList(providers) && providers.some((name) => !providerNames.includes(name))) {
    issues.add('providers', unknown)
  }
  if (clientIds === undefined) return
  if (!isObject(clientIds)) {
    issues.add(
      'clientIds',
      "must be an object with a list for each provider name, such as { pool: ['my-api'] }",
    )
    return
  }
  for (const [name, list] of Object.entries(clientIds)) {
    if (!providerNames.includes(name)) issues.add(`clientIds.${name}`, unknown)
    if (!isTextList(list)) issues.add(`clientIds.${name}`, 'must be a non-empty list of strings')
  }
}

function createBearer(options: BearerTokensOptions, settings: LoginSettings): BearerTokens {
  const { audience, scopes } = options
  const names = options.providers ?? settings.providerNames

  function findPath(origin: string): string | undefined {
    if (!URL.canParse(audience) || new URL(audience).origin !== origin) return undefined
    const { pathname } = new URL(audience)
    return pathname === '/' ? wellKnown : wellKnown + pathname
  }

  return {
    face: tokenFace,
    createChallenge(origin, { scope }) {
      const path = findPath(origin)
      const parts = [
        ...(path === undefined ? [] : [`resource_metadata="${origin}${path}"`]),
        ...(scope === undefined ? [] : [`scope="${scope}"`]),
      ]
      return parts.length === 0 ? 'Bearer' : `Bearer ${parts.join(', ')}`
    },
    describe(origin, env) {
      const path = findPath(origin)
      if (path === undefined) return undefined
      const issuers = names.map((name) => settings.readProvider(name, env).issuer)
      const metadata = {
        resource: audience,
        authorization_servers: issuers,
        bearer_methods_supported: ['header'],
        ...(scopes !== undefined && { scopes_supported: scopes }),
      }
      return { path, metadata }
    },
    async validate(context, header, rule) {
      const [, token] = bearerScheme.exec(header) ?? []
      if (token === undefined) return deny(settings, context, 'malformed')
      try {
        return await acceptToken(options, settings, context, { token, rule, names })
      } catch (error) {
        if (!(error instanceof LoginError)) throw error
        const { reason } = error
        // The provider's keys cannot be fetched, so nobody knows whether the token is good.
        if (reason === 'provider-unreachable' || reason === 'provider-malformed') {
          emitEvent(settings, context, { type: 'bearer-refused', reason })
          return { status: 'unavailable' }
        }
        return deny(settings, context, reason)
      }
    },
  }
}

interface OfferedToken {
  readonly token: string
  readonly rule: BearerRule
  readonly names: readonly string[]
}

async function acceptToken(
  options: BearerTokensOptions,
  settings: LoginSettings,
  context: TokenContext,
  { token, rule, names }: OfferedToken,
): Promise<BearerVerdict> {
  const bad: LoginReason = 'access-token-bad'
  const { iss } = readSignedToken(token, bad).claims
  const name = names.find((candidate) => isIssuer(settings, context, candidate, iss))
  if (name === undefined) throw new LoginError(bad, 'iss')
  const protocol = await connectProvider(settings, context, name)
  const { provider, connection, waitUntil } = protocol
  const isTenanted = provider.options.tenants !== undefined
  const { algorithms } = provider
  const verifying = { algorithms, bad, isTenanted, waitUntil }
  const { header, claims } = await verifySignedToken(token, connection, verifying)
  const clientIds = new Map(Object.entries(options.clientIds ?? {})).get(name)
  validateType(header.typ, claims, clientIds)
  validateIssuerClaim(provider, claims)
  validateAudience(options.audience, claims, clientIds)
  validateTimeClaims(claims, readTokenTime(protocol))
  validateSubjectClaim(claims)
  // RFC 9449 section 7.1, RFC 8705: the token is bound to a key, which a Bearer request does not prove.
  if (claims.cnf !== undefined) throw new LoginError(bad, 'cnf')
  if (!hasScopes(claims, rule.scope)) {
    emitEvent(settings, context, { type: 'bearer-refused', reason: 'scope', subject: name })
    const challenge = `Bearer error="insufficient_scope", scope="${rule.scope}"`
    return { status: 'denied', code: 403, challenge }
  }

  const facts = createFacts(provider, claims)
  const source = { facts, accessToken: token, claims }
  const person = await readPerson(withoutUserinfo(protocol), source, (event) =>
    emitEvent(settings, context, event),
  )
  const data = person && (await settings.identify(person))
  if (data === undefined || data === null) {
    emitEvent(settings, context, { type: 'bearer-refused', reason: 'not-admitted', subject: name })
    return { status: 'denied', code: 403, challenge: 'Bearer error="insufficient_scope"' }
  }

  return {
    status: 'accepted',
    data: { ...data, login: facts },
    token: await readToken(token, claims),
  }
}

function isIssuer(
  settings: LoginSettings,
  { env }: TokenContext,
  name: string,
  iss: unknown,
): boolean {
  const { issuer, options } = settings.readProvider(name, env)
  if (options.oauth !== undefined || typeof iss !== 'string') return false
  if (options.tenants === undefined) return iss === issuer

  return options.tenants.some((tenant) => iss === issuer.replace('{tenantid}', tenant))
}

/** Turns off the userinfo request: the token was issued for this API, so the userinfo endpoint would reject it. */
function withoutUserinfo<P extends { readonly provider: object }>(protocol: P): P {
  const provider = protocol.provider as { readonly options: object }
  const options = { ...provider.options, userinfo: false }
  return { ...protocol, provider: { ...provider, options } }
}

function validateType(
  typ: string | undefined,
  claims: Claims,
  clientIds: readonly string[] | undefined,
): void {
  if (accessTokenType.test(typ ?? '')) return
  // Access tokens of Cognito have no `typ`; their claim `token_use` says what they are.
  if (clientIds !== undefined && claims.token_use === 'access') return
  throw new LoginError('access-token-bad', 'typ')
}

function validateAudience(
  audience: string,
  claims: Claims,
  clientIds: readonly string[] = [],
): void {
  const list: readonly unknown[] = Array.isArray(claims.aud) ? claims.aud : [claims.aud]
  if (list.includes(audience)) return
  if (claims.aud === undefined && clientIds.includes(claims.client_id as string)) return
  throw new LoginError('access-token-bad', 'aud')
}

/** RFC 9068 section 2.2.3: `scope` is one string with spaces; some providers send a list, or name it `scp`. */
function hasScopes({ scope, scp }: Claims, requiredScopes: string | undefined): boolean {
  if (requiredScopes === undefined) return true
  const granted = scope ?? scp
  const list: readonly unknown[] = Array.isArray(granted) ? granted : `${granted ?? ''}`.split(' ')

  return requiredScopes.split(' ').every((required) => list.includes(required))
}

async function readToken(
  token: string,
  { iat, exp, auth_time: authTime }: Claims,
): Promise<Extract<BearerVerdict, { status: 'accepted' }>['token']> {
  return {
    id: await sha256(`bearer ${token}`),
    issuedAt: Number(iat) * 1000,
    expiresAt: Number(exp) * 1000,
    ...(typeof authTime === 'number' && { authenticatedAt: authTime * 1000 }),
  }
}

function deny(settings: LoginSettings, context: TokenContext, reason: string): BearerVerdict {
  emitEvent(settings, context, { type: 'bearer-refused', reason })
  return { status: 'denied', code: 401, challenge: 'Bearer error="invalid_token"' }
}
