/**
 * A server behind the gateway, for tests of a gateway's configuration: it verifies the assertion
 * and changes the session. Tests create it with their handler. An assertion that does not verify
 * is answered with 401, and an unusable key is a `ConfigError`.
 */
import { importKeys, parseKeys } from '../../assertion/keys.ts'
import { encodeBase64url } from '../../crypto/index.ts'
import { isPortcullisError } from '../../errors.ts'
import { createIssues } from '../../options/index.ts'
import { createOrigin, type Origin, type OriginSession } from '../../origin/index.ts'
import type { Clock } from '../../types.ts'

/** Options of {@link createTestOrigin}. */
export interface TestOriginOptions {
  /** `publicOrigin` of the gateway. */
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
  /** Its headers. */
  readonly headers: Headers
  /** The user whom the verified assertion names; undefined for a visitor. */
  readonly user: string | undefined
}

/** Answers a request of the gateway. */
export type OriginHandler = (
  request: Request,
  session: OriginSession,
) => Response | Promise<Response>

/** A server behind the gateway. */
export interface TestOrigin {
  /** Answers a request: the upstream `{ app: origin }` of a gateway. */
  fetch(request: Request): Promise<Response>
  /** Every request, in its order. */
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
      const own = new Headers()
      const session = await origin
        .open({
          read: (name) => request.headers.get(name) ?? undefined,
          write: (name, value) => own.set(name, value),
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
      for (const [name, value] of own) headers.set(name, value)
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

/** Secrets of one test, in the form that an environment has them. */
export interface TestSecrets {
  /** Seals sessions. */
  readonly SESSION_SECRET: string
  /** Signs assertions. */
  readonly ASSERTION_KEY: string
}

/**
 * Creates secrets that no other test has.
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
