/**
 * Helps a JavaScript server behind the gateway: it verifies the assertion of a request (a signed JWT in
 * the header `Portcullis-Assertion`), and lets handlers change the session. Applications call
 * `createOrigin()` once, and `open` or one of its middlewares for each request.
 *
 * Wrong options throw `ERR_CONFIG`. An assertion that is not the gateway's, not for this server, or
 * expired rejects with `ERR_ASSERTION_INVALID`; keys that cannot be fetched with
 * `ERR_UPSTREAM_UNREACHABLE`. A request **without** an assertion is not rejected: `user` is undefined
 * then, and the application decides.
 */
import { createAssertionReader } from '../assertion/verify.ts'
import { PortcullisError } from '../errors.ts'
import { checkKeys, createIssues, type Issues, parseWholeNumber } from '../options/index.ts'
import type { Clock } from '../types.ts'
import { type ConnectMiddleware, createExpress } from './express.ts'
import { createFastifyHook, type FastifyHook } from './fastify.ts'
import { createKoa, type KoaMiddleware } from './koa.ts'
import { type HeaderAccess, OriginSession } from './session.ts'

/** Options of {@link createOrigin}. */
export interface OriginOptions {
  /** The gateway's public origin, such as `https://app.example.com`: the issuer of assertions. */
  readonly gateway: string
  /** The name of this server in the gateway's configuration: the audience of assertions. */
  readonly audience: string
  /**
   * URL of the gateway's keys. Default `/.portcullis/jwks.json` of the gateway. Set an address of your network if this
   * server cannot reach the public one.
   */
  readonly jwks?: string
  /** The gateway's keys, as the text of a JWK Set; then nothing is fetched. */
  readonly keys?: string
  /** Least seconds between two fetches of the keys because of an unknown key id, 0 to 3,600. Default 30. */
  readonly cooldown?: number
  /** Returns the current time; for tests. Default `Date.now`. */
  readonly clock?: Clock
}

/** A server behind the gateway. */
export interface Origin {
  /**
   * Opens the session of one request, for any framework. A request without an assertion gives a session without a user.
   *
   * @throws {PortcullisError} `ERR_ASSERTION_INVALID` for an assertion that is not the gateway's, not for this server,
   * or
   *   expired: answer 401. `ERR_UPSTREAM_UNREACHABLE` where the keys cannot be fetched: answer 503.
   */
  open<Claims = unknown>(headers: HeaderAccess): Promise<OriginSession<Claims>>
  /** Middleware for Express, Connect and `node:http`: `request.portcullis`. Errors go to `next`. */
  express(): ConnectMiddleware
  /** An `onRequest` hook for Fastify: `request.portcullis`. */
  fastify(): FastifyHook
  /** Middleware for Koa: `ctx.state.portcullis`. */
  koa(): KoaMiddleware
}

const optionNames: ReadonlyArray<keyof OriginOptions> = [
  'gateway',
  'audience',
  'jwks',
  'keys',
  'cooldown',
  'clock',
]

/**
 * Creates the helper of a server behind the gateway. Assertions are verified with `jose`, and only ES256 is accepted.
 *
 * @example
 * const portcullis = createOrigin({ gateway: 'https://app.example.com', audience: 'app' })
 * app.use(portcullis.express())
 * app.post('/login', async (request, response) => {
 *   const account = await checkPassword(request.body)
 *   request.portcullis.start({ user: account.id, roles: account.roles })
 *   response.redirect(303, '/')
 * })
 *
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 */
export function createOrigin(options: OriginOptions): Origin {
  const { issuer, audience, readAssertion, clock } = parseOptions(options)

  async function open<Claims>(headers: HeaderAccess): Promise<OriginSession<Claims>> {
    const assertionToken = headers.read('portcullis-assertion')
    if (assertionToken === undefined) return new OriginSession<Claims>(undefined, headers)
    const claims = await readAssertion(assertionToken, { issuer, audience, now: clock() })
    if (claims === undefined)
      throw new PortcullisError(
        'ERR_ASSERTION_INVALID',
        'Portcullis-Assertion is not signed by the gateway, not for this server, or has expired',
      )

    return new OriginSession<Claims>(claims, headers)
  }

  return {
    open,
    express: () => createExpress(open),
    fastify: () => createFastifyHook(open),
    koa: () => createKoa(open),
  }
}

interface OriginSettings {
  readonly issuer: string
  readonly audience: string
  readonly readAssertion: ReturnType<typeof createAssertionReader>
  readonly clock: Clock
}

function parseOptions(options: OriginOptions): OriginSettings {
  const issues = createIssues('createOrigin')
  checkKeys(issues, options, optionNames)
  const { gateway, audience, jwks, keys, clock = Date.now } = options ?? {}
  const issuer = parseIssuer(gateway, issues)
  if (typeof audience !== 'string' || audience === '')
    issues.add('audience', 'must be the name of this server in the gateway’s configuration')

  if (typeof clock !== 'function') issues.add('clock', 'must be a function')

  const keySetOption = URL.canParse(jwks ?? '', issuer) && jwks !== '' ? jwks : undefined
  if (jwks !== undefined && (keySetOption === undefined || !/^https?:/.test(jwks)))
    issues.add('jwks', 'must be an http or https URL')

  if (keys !== undefined && !isKeySet(keys))
    issues.add('keys', 'must be the text of a JWK Set: a JSON object with the list keys')
  const cooldownBounds = { min: 0, max: 3600, unit: 'seconds' }
  const cooldown = parseWholeNumber(issues, 'cooldown', options?.cooldown, cooldownBounds) ?? 30
  issues.throwIfAny()

  const keySetUrl = new URL(keySetOption ?? '/.portcullis/jwks.json', issuer)
  const keySource = keys !== undefined ? { keys } : { at: keySetUrl, cooldownMs: cooldown * 1000 }

  return { issuer, audience, readAssertion: createAssertionReader(keySource), clock }
}

function parseIssuer(gatewayOption: unknown, issues: Issues): string {
  const gatewayUrl =
    typeof gatewayOption === 'string' && URL.canParse(gatewayOption)
      ? new URL(gatewayOption)
      : undefined
  if (
    gatewayUrl !== undefined &&
    /^https?:$/.test(gatewayUrl.protocol) &&
    gatewayUrl.href === `${gatewayUrl.origin}/`
  )
    return gatewayUrl.origin

  issues.add('gateway', 'must be the public origin of the gateway, such as https://app.example.com')

  return 'https://gateway.invalid'
}

function isKeySet(keySetText: unknown): boolean {
  try {
    return Array.isArray(JSON.parse(String(keySetText)).keys)
  } catch {
    return false
  }
}
