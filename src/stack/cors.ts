/**
 * Creates `cors()`, which lets scripts of other origins read responses by the CORS protocol.
 * Applications call it; `portcullis()` does not. Wrong options throw a `ConfigError` while
 * building, wrong origins of the environment at the first request. A preflight that is not allowed
 * is answered with 403 and the event `request-refused`. Any other cross-origin request reaches the
 * handler, only without CORS headers, so `csrf` must reject the ones that change something.
 */
import type { Context, MiddlewareHandler } from 'hono'
import { parseOrigins } from '../csrf/origins.ts'
import { resolveFrom } from '../options/from.ts'
import { createIssues, type Issues } from '../options/issues.ts'
import { checkKeys } from '../options/keys.ts'
import { booleanOption, optionalListener, parseWholeNumber } from '../options/values.ts'
import type { FromEnv, ProjectEnv } from '../types.ts'
import { createReject, type StackGuardOptions } from './refuse.ts'

/** Options of {@link cors}. */
export interface CorsOptions<E = ProjectEnv> extends StackGuardOptions {
  /**
   * The origins whose scripts may read responses, each as browsers send it:
   * `https://app.example.com`. Or `'*'` alone, for public resources. No patterns, no `null`.
   */
  readonly origins: '*' | FromEnv<readonly string[], E>
  /** The methods that scripts may use. Default GET, HEAD, POST, which forms can send, too. */
  readonly allowMethods?: readonly string[]
  /**
   * The headers that a script may send. Default Content-Type, which JSON needs. A preflight with
   * other headers is rejected; they are never reflected.
   */
  readonly allowHeaders?: readonly string[]
  /**
   * The response headers that a script may read. Default: only those that browsers always expose.
   */
  readonly exposeHeaders?: readonly string[]
  /** How many seconds a browser remembers a preflight. Default 600; Chromium uses at most 7,200. */
  readonly maxAge?: number
  /**
   * Whether browsers send cookies and let scripts read the response. Not allowed with `'*'`.
   * Default false.
   */
  readonly credentials?: boolean
}

const optionKeys: ReadonlyArray<keyof CorsOptions> = [
  'origins',
  'allowMethods',
  'allowHeaders',
  'exposeHeaders',
  'maxAge',
  'credentials',
  'onEvent',
]
const maxAgeRange = { min: 0, max: 86_400, unit: 'seconds' } as const
const variesByPreflight = 'Access-Control-Request-Method, Access-Control-Request-Headers'
const varyHeaders = [['Vary', `Origin, ${variesByPreflight}`]] as const

/** A token (RFC 9110 section 5.6.2). */
const tokenPattern = /^[\w!#$%&'*+.^`|~-]{1,128}$/

/**
 * Lets scripts of other origins read responses, including errors and rejections of later steps. A
 * preflight from any other origin, for another method or with another header gets 403 and no CORS
 * header. Any other request from such an origin is handled, but its response has no CORS header, so
 * its script cannot read it. To let an allowed origin change something, also trust it in `csrf`.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 * @see Fetch section 3.2
 */
export function cors<E = ProjectEnv>(options: CorsOptions<E>): MiddlewareHandler {
  const policy = compileCors(options as CorsOptions<never>)
  const { isPublic, isAllowed, reject } = policy

  return async function cors(c, next) {
    const requestOrigin = c.req.raw.headers.get('origin')
    const method = requestedMethod(c.req.raw, requestOrigin)
    if (requestOrigin !== null && method !== null) {
      return allowsPreflight(policy, c, requestOrigin, method)
        ? answerPreflight(policy, c, requestOrigin)
        : reject(c, 'origin-not-allowed', varyHeaders)
    }

    // The headers are set before anything else responds, so that scripts can read errors and
    // rejections, too. For a public resource they are also set without an Origin, because a cache
    // may serve that response to a script (Fetch, "CORS protocol and HTTP caches").
    if (isPublic) permit(policy, c.res.headers, '*')
    else if (requestOrigin !== null && isAllowed(requestOrigin, c))
      permit(policy, c.res.headers, requestOrigin)

    await next()
    // A cache must not serve this response to an origin that would receive another one.
    if (!isPublic) c.header('Vary', 'Origin', { append: true })
  }
}

/** The options, validated. */
interface CorsPolicy {
  /** Whether scripts of all origins may read responses. */
  readonly isPublic: boolean
  isAllowed(origin: string, c: Context): boolean
  readonly methods: readonly string[]
  /** The names of headers that a script may send, in lower case. */
  readonly headers: ReadonlySet<string>
  readonly exposedHeaders: string
  readonly credentials: boolean
  /** Headers of every response to a preflight. */
  readonly preflight: ReadonlyArray<readonly [name: string, value: string]>
  readonly reject: ReturnType<typeof createReject>
}

function compileCors(options: CorsOptions<never>): CorsPolicy {
  const issues = createIssues('cors')
  checkKeys(issues, options, optionKeys)
  const { origins, allowMethods, allowHeaders, exposeHeaders, maxAge, credentials, onEvent } =
    Object(options) as CorsOptions<never>
  const isPublic = origins === '*'
  const resolveOrigins = isPublic
    ? undefined
    : resolveFrom(issues, 'origins', origins, parseCorsOrigins)
  const methods = parseTokens(allowMethods, ['GET', 'HEAD', 'POST'], 'allowMethods', issues)
  const headers = parseTokens(allowHeaders, ['Content-Type'], 'allowHeaders', issues)
  const exposedHeaders = parseTokens(exposeHeaders, [], 'exposeHeaders', issues).join(',')
  const seconds = parseWholeNumber(issues, 'maxAge', maxAge, maxAgeRange) ?? 600
  const sendsCredentials = booleanOption(issues, 'credentials', credentials, false)
  if (isPublic && sendsCredentials)
    issues.add('credentials', "must be false where origins is '*'; list the origins instead")
  const reject = createReject(optionalListener(issues, 'onEvent', onEvent))
  issues.throwIfAny()

  return {
    isPublic,
    isAllowed: (origin, c) => resolveOrigins === undefined || resolveOrigins(c.env).has(origin),
    methods,
    headers: new Set(headers.map((headerName) => headerName.toLowerCase())),
    exposedHeaders,
    credentials: sendsCredentials,
    preflight: [
      ...(exposedHeaders === ''
        ? []
        : [['Access-Control-Expose-Headers', exposedHeaders] as const]),
      ['Access-Control-Max-Age', `${seconds}`],
      ['Access-Control-Allow-Methods', methods.join(',')],
      ['Access-Control-Allow-Headers', headers.join(',')],
    ],
    reject,
  }
}

/** Returns the method that a preflight asks for; null for any other request. */
function requestedMethod(
  { method, headers }: Request,
  requestOrigin: string | null,
): string | null {
  return method === 'OPTIONS' && requestOrigin !== null
    ? headers.get('access-control-request-method')
    : null
}

function allowsPreflight(
  { isAllowed, methods, headers }: CorsPolicy,
  c: Context,
  origin: string,
  method: string,
): boolean {
  const requestedHeaders = c.req.raw.headers.get('access-control-request-headers')
  return isAllowed(origin, c) && methods.includes(method) && areAllowed(requestedHeaders, headers)
}

function answerPreflight(policy: CorsPolicy, c: Context, origin: string): Response {
  const { headers } = c.res
  permit(policy, headers, origin)
  for (const [headerName, headerValue] of policy.preflight)
    if (headerValue !== '') headers.set(headerName, headerValue)

  headers.append('Vary', policy.isPublic ? variesByPreflight : varyHeaders[0][1])

  return new Response(null, { status: 204, headers })
}

function permit(
  { isPublic, credentials, exposedHeaders }: CorsPolicy,
  headers: Headers,
  origin: string,
): void {
  headers.set('Access-Control-Allow-Origin', isPublic ? '*' : origin)
  if (credentials) headers.set('Access-Control-Allow-Credentials', 'true')
  if (exposedHeaders !== '') headers.set('Access-Control-Expose-Headers', exposedHeaders)
}

function parseCorsOrigins(value: readonly string[], issues: Issues): ReadonlySet<string> {
  if (Array.isArray(value) && value.length === 0) issues.add('', 'must contain at least one origin')
  return new Set(parseOrigins(value, issues))
}

function parseTokens(
  value: unknown,
  defaultValue: readonly string[],
  option: string,
  issues: Issues,
): readonly string[] {
  if (value === undefined) return defaultValue
  if (!Array.isArray(value)) {
    issues.add(option, 'must be a list')
    return defaultValue
  }

  for (const [index, tokenText] of value.entries()) {
    // `*` would not mean all names where credentials are sent, and would allow too much where they
    // are not.
    if (typeof tokenText !== 'string' || tokenText === '*' || !tokenPattern.test(tokenText))
      issues.add(`${option}.${index}`, 'must be the name of a header or method, not a pattern')
  }

  return value
}

/** Reports whether every header of a list may be sent. Members of the list may be empty. */
function areAllowed(names: string | null, allowedNames: ReadonlySet<string>): boolean {
  if (names === null) return true
  return names.split(',').every((listedName) => {
    const headerName = listedName.trim().toLowerCase()
    return headerName === '' || allowedNames.has(headerName)
  })
}
