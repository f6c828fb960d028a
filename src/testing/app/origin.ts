/**
 * Creates a server that plays an upstream behind a gateway, for tests of the gateway's
 * configuration: it verifies the gateway's signed assertion, runs the test's handler, and sends its
 * session changes back. Tests pass it as the upstream `{ app: origin }`. A key that cannot be used
 * throws a `ConfigError`, some only at the first request. An assertion that does not verify is
 * answered with 401, and an error of the handler rejects. All requests are recorded, without a
 * limit.
 */
import { importKeys, parseKeys } from '../../assertion/keys.ts'
import { encodeBase64url } from '../../crypto/index.ts'
import { isPortcullisError } from '../../errors.ts'
import { createIssues } from '../../options/index.ts'
import { createOrigin, type Origin, type OriginSession } from '../../origin/index.ts'
import type { Clock } from '../../types.ts'

/** Options of {@link createTestOrigin}. */
export interface TestOriginOptions {
  /** The gateway's `publicOrigin`. */
  readonly gateway: string
  /** The name of the upstream in the gateway's configuration. */
  readonly audience: string
  /** The value of the gateway's option `assertion.key`, with which assertions are verified. */
  readonly key: string
  /** Returns the time in milliseconds. Default `Date.now`. */
  readonly clock?: Clock
}

/** A request that the origin received. */
export interface ReceivedRequest {
  /** Method and path with its query: `POST /login`. */
  readonly line: string
  /** The request's headers. */
  readonly headers: Headers
  /** The user of the verified assertion; undefined for a visitor. */
  readonly user: string | undefined
}

/** Responds to a request of the gateway. */
export type OriginHandler = (
  request: Request,
  session: OriginSession,
) => Response | Promise<Response>

/** A server behind the gateway. */
export interface TestOrigin {
  /**
   * Responds to a request. It makes the object usable as the upstream `{ app: origin }` of a
   * gateway.
   */
  fetch(request: Request): Promise<Response>
  /** All requests, in the order in which they arrived. */
  readonly received: readonly ReceivedRequest[]
}

/**
 * Creates a server that speaks the session protocol in this process. An assertion that does not verify is answered with 401.
 *
 * @param handler - receives the session; `session.start()` and the others become the header `Portcullis-Session`.
 * @example
 * ```ts
 * const origin = createTestOrigin({ gateway: 'https://app.example.com', audience: 'app', key }, (request, session) => {
 *   if (new URL(request.url).pathname === '/login') session.start({ user: 'ada' })
 *   return new Response(`Hello ${session.user ?? 'visitor'}`)
 * })
 * const gateway = createGateway({ ...config, upstreams: { app: { app: origin, sessions: true } } })
 * ```
 * @throws {ConfigError} `ERR_CONFIG` for a key that cannot be used
 */
export function createTestOrigin(options: TestOriginOptions, handler: OriginHandler): TestOrigin {
  const received: ReceivedRequest[] = []
  const issues = createIssues('createTestOrigin')
  const parsedKeys = parseKeys(options.key, issues.at('key'))
  issues.throwIfAny()
  let opening: Promise<Origin> | undefined

  return {
    received,
    async fetch(request): Promise<Response> {
      opening ??= openOrigin(options, parsedKeys)
      const origin = await opening
      const sessionHeaders = new Headers()
      const session = await origin
        .open({
          read: (name) => request.headers.get(name) ?? undefined,
          write: (name, value) => sessionHeaders.set(name, value),
        })
        .catch((error: unknown) => {
          if (isPortcullisError(error, 'ERR_ASSERTION_INVALID')) return undefined
          throw error
        })

      const { pathname, search } = new URL(request.url)
      const line = `${request.method} ${pathname}${search}`
      received.push({ line, headers: new Headers(request.headers), user: session?.user })
      if (session === undefined) return new Response('The assertion is not valid', { status: 401 })

      const response = await handler(request, session)
      const headers = new Headers(response.headers)
      for (const [name, value] of sessionHeaders) headers.set(name, value)
      const { status, statusText } = response
      return new Response(response.body, { status, statusText, headers })
    },
  }
}

async function openOrigin(
  { gateway, audience, clock }: TestOriginOptions,
  parsedKeys: ReturnType<typeof parseKeys>,
): Promise<Origin> {
  const issues = createIssues('createTestOrigin.key')
  const keys = await importKeys(parsedKeys, issues)
  issues.throwIfAny()
  return createOrigin({
    gateway,
    audience,
    keys: keys?.jwks ?? '{"keys":[]}',
    ...(clock !== undefined && { clock }),
  })
}

/** The secrets of one test, named as in an environment. */
export interface TestSecrets {
  /** The secret that seals sessions. */
  readonly SESSION_SECRET: string
  /** The private key that signs assertions. */
  readonly ASSERTION_KEY: string
}

/**
 * Creates random secrets for one test.
 *
 * @example
 * ```ts
 * const env = { ...(await createTestSecrets()), PUBLIC_ORIGIN: 'https://app.example.com' }
 * const browser = createBrowser({ site: gateway, origin: env.PUBLIC_ORIGIN, env })
 * ```
 */
export async function createTestSecrets(): Promise<TestSecrets> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const pair = (await crypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair
  const { crv, kty, x, y, d } = await crypto.subtle.exportKey('jwk', pair.privateKey)

  return {
    SESSION_SECRET: encodeBase64url(crypto.getRandomValues(new Uint8Array(32))),
    ASSERTION_KEY: JSON.stringify({ kty, crv, x, y, d }),
  }
}
