/** Cross-origin reads by the CORS protocol, with guard rails: a preflight of an origin that is not allowed is refused. */
import type { Context, MiddlewareHandler } from 'hono'
import { parseOrigins } from '../csrf/origins.ts'
import { resolveFrom } from '../options/from.ts'
import { createIssues, type Issues } from '../options/issues.ts'
import { checkKeys } from '../options/keys.ts'
import { booleanOption, optionalListener, wholeNumber } from '../options/values.ts'
import type { FromEnv, ProjectEnv } from '../types.ts'
import { createReject, type GuardOptions } from './refuse.ts'

/** Options of {@link cors}. */
export interface CorsOptions<E = ProjectEnv> extends GuardOptions {
  /**
   * Origins whose scripts may read answers, each spelled as browsers send it: `https://app.example.com`. Or `'*'` alone, for
   * what is public to everybody anyway. No patterns, no `null`.
   */
  readonly origins: '*' | FromEnv<readonly string[], E>
  /** Methods beyond what a form can send. Default GET, HEAD, POST. */
  readonly allowMethods?: readonly string[]
  /** Headers a script may send. Default Content-Type, which JSON needs. What is not listed is refused, never reflected. */
  readonly allowHeaders?: readonly string[]
  /** Headers of an answer a script may read. Default none beyond what browsers always show. */
  readonly exposeHeaders?: readonly string[]
  /** Seconds a browser remembers a preflight. Default 600; Chromium cuts at 7,200. */
  readonly maxAge?: number
  /** Whether browsers send cookies along and show the answer. Not with `'*'`. Default false. */
  readonly credentials?: boolean
}

const keys: ReadonlyArray<keyof CorsOptions> = [
  'origins',
  'allowMethods',
  'allowHeaders',
  'exposeHeaders',
  'maxAge',
  'credentials',
  'onEvent',
]
/** RFC 9110 section 5.6.2. */
const token = /^[\w!#$%&'*+.^`|~-]{1,128}$/

/**
 * Lets scripts of other origins read answers, errors and refusals further in among them. A preflight from any other origin, for another method or with another header
 * gets 403 and no CORS header; any other request from there runs, without a CORS header, so that its script reads nothing.
 * To let those origins change something, trust them in `csrf` too.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 * @see Fetch section 3.2
 */
export function cors<E = ProjectEnv>(options: CorsOptions<E>): MiddlewareHandler {
  const issues = createIssues('cors')
  checkKeys(issues, options, keys)
  const given = Object(options) as CorsOptions<never>
  const everybody = given.origins === '*'
  const origins = everybody
    ? undefined
    : resolveFrom(
        issues,
        'origins',
        given.origins as FromEnv<readonly string[], never> | undefined,
        parseCorsOrigins,
      )
  const allowMethods = parseTokens(
    given.allowMethods,
    ['GET', 'HEAD', 'POST'],
    'allowMethods',
    issues,
  )
  const allowHeaders = parseTokens(given.allowHeaders, ['Content-Type'], 'allowHeaders', issues)
  const exposeHeaders = parseTokens(given.exposeHeaders, [], 'exposeHeaders', issues)
  const maxAge = wholeNumber(issues, 'maxAge', given.maxAge, 600, {
    min: 0,
    max: 86_400,
    unit: 'seconds',
  })
  const credentials = booleanOption(issues, 'credentials', given.credentials, false)
  if (everybody && credentials) issues.add('credentials', "must be false where origins is '*'")
  const refuse = createReject(optionalListener(issues, 'onEvent', given.onEvent))
  issues.throwIfAny()

  const isAllowed = (origin: string, c: Context): boolean =>
    origins === undefined || origins(c.env).has(origin)
  const names = new Set(allowHeaders.map((name) => name.toLowerCase()))
  const exposed = exposeHeaders.join(',')
  const answered = [
    ...(exposed === '' ? [] : [['Access-Control-Expose-Headers', exposed] as const]),
    ['Access-Control-Max-Age', `${maxAge}`],
    ['Access-Control-Allow-Methods', allowMethods.join(',')],
    ['Access-Control-Allow-Headers', allowHeaders.join(',')],
  ] as const

  function permit(headers: Headers, origin: string): void {
    headers.set('Access-Control-Allow-Origin', everybody ? '*' : origin)
    if (credentials) headers.set('Access-Control-Allow-Credentials', 'true')
    if (exposed !== '') headers.set('Access-Control-Expose-Headers', exposed)
  }

  return async function cors(c, next) {
    const { method, headers: asked } = c.req.raw
    const origin = asked.get('origin')
    const wanted =
      method === 'OPTIONS' && origin !== null ? asked.get('access-control-request-method') : null
    if (origin !== null && wanted !== null) {
      const list = asked.get('access-control-request-headers')
      const good = isAllowed(origin, c) && allowMethods.includes(wanted) && areAllowed(list, names)
      if (!good) return refuse(c, 'origin-not-allowed', varies)
      const { headers } = c.res
      permit(headers, origin)
      for (const [name, value] of answered) if (value !== '') headers.set(name, value)
      headers.append('Vary', everybody ? variesByPreflight : varies[0][1])
      return new Response(null, { status: 204, headers })
    }
    // Set before anything else answers: what fails or refuses further in is readable too. Where it is for everybody, also where
    // nobody asked from elsewhere: a cache may hand that answer to a script (Fetch, "CORS protocol and HTTP caches").
    if (everybody) permit(c.res.headers, '*')
    else if (origin !== null && isAllowed(origin, c)) permit(c.res.headers, origin)
    await next()
    // A cache must not hand this answer to an origin that would get another one.
    if (!everybody) c.header('Vary', 'Origin', { append: true })
  }
}

const variesByPreflight = 'Access-Control-Request-Method, Access-Control-Request-Headers'
const varies = [['Vary', `Origin, ${variesByPreflight}`]] as const

function parseCorsOrigins(value: readonly string[], issues: Issues): ReadonlySet<string> {
  if (Array.isArray(value) && value.length === 0) issues.add('', 'must hold at least one origin')
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
  for (const [index, name] of value.entries()) {
    // `*` would not mean everything where credentials are sent, and too much where they are not.
    if (typeof name !== 'string' || name === '*' || !token.test(name))
      issues.add(`${option}.${index}`, 'must be a name')
  }
  return value
}

/** Whether every header of a list may be sent; one pass, and browsers send a short one. Members may be empty. */
function areAllowed(names: string | null, allowed: ReadonlySet<string>): boolean {
  if (names === null) return true
  return names.split(',').every((name) => {
    const trimmed = name.trim().toLowerCase()
    return trimmed === '' || allowed.has(trimmed)
  })
}
