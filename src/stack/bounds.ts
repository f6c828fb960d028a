/**
 * Creates middleware that limits the form of a request: `allowMethods()` its method,
 * `limitRequests()` its URL and headers, `limitBodies()` its body. `portcullis()` and applications
 * call them. Wrong options throw a `ConfigError` while building. A request beyond a limit is
 * answered with 400, 405, 413, 414, 415 or 431 and the event `request-refused`. A body whose length
 * is not announced is counted while the handler reads it, so the handler may have acted on the
 * first part of it.
 */
import type { MiddlewareHandler } from 'hono'
import { createIssues, type Issues } from '../options/issues.ts'
import { checkKeys } from '../options/keys.ts'
import { optionalListener, parseWholeNumber } from '../options/values.ts'
import { copyStagedHeaders } from '../page/staged.ts'
import {
  type BodyError,
  bodyBounds,
  boundBody,
  checkBody,
  defaultBodyBytes,
} from '../request/body/body.ts'
import { compileContentTypes } from '../request/body/content-type.ts'
import { compileRequestLimits, type RequestLimits } from '../request/limits.ts'
import { createReject, type StackGuardOptions } from './refuse.ts'

const everyMethod = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

/** A method in capitals, since methods are case-sensitive. */
const methodName = /^[A-Z][A-Z-]{0,31}$/

/**
 * Responds with 405 and Allow to every other method than these. `GET` includes `HEAD`. TRACE, TRACK
 * and CONNECT cannot be listed: they are for proxies, and TRACE would show scripts headers that
 * they must not see.
 *
 * @param methods - default GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS. Without OPTIONS there are
 *   no CORS preflights.
 * @throws {ConfigError} `ERR_CONFIG`
 * @see RFC 9110 section 15.5.6
 */
export function allowMethods(
  methods: readonly string[] = everyMethod,
  { onEvent }: StackGuardOptions = {},
): MiddlewareHandler {
  const issues = createIssues('allowMethods')
  const allowedMethods = parseMethods(methods, issues)
  const rejectRequest = createReject(optionalListener(issues, 'onEvent', onEvent))
  issues.throwIfAny()
  const allow = [['Allow', [...allowedMethods].join(', ')]] as const

  return async function allowMethods(c, next) {
    return allowedMethods.has(c.req.raw.method)
      ? next()
      : rejectRequest(c, 'method-not-allowed', allow)
  }
}

function parseMethods(methodsOption: unknown, issues: Issues): ReadonlySet<string> {
  const methods = new Set<string>()
  if (!Array.isArray(methodsOption) || methodsOption.length === 0) {
    issues.add('methods', "must be a non-empty list of methods, such as ['GET', 'POST']")
    return methods
  }

  for (const [index, method] of methodsOption.entries()) {
    const isValid =
      typeof method === 'string' &&
      methodName.test(method) &&
      !/^(?:TRACE|TRACK|CONNECT)$/.test(method)
    if (!isValid)
      issues.add(
        `methods.${index}`,
        'must be a method in capitals other than TRACE, TRACK and CONNECT',
      )

    methods.add(method)
    if (method === 'GET') methods.add('HEAD')
  }

  return methods
}

/** Options of {@link limitRequests}. */
export interface LimitOptions extends RequestLimits, StackGuardOptions {}

/**
 * Rejects requests whose URL (414), query (400) or headers (431) are larger than browsers and
 * honest clients send. Register it before middleware that parses them.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function limitRequests(options: LimitOptions = {}): MiddlewareHandler {
  const issues = createIssues('limitRequests')
  const { onEvent, ...limits } = Object(options) as LimitOptions
  const checkRequestLimits = compileRequestLimits(limits, issues)
  const rejectRequest = createReject(optionalListener(issues, 'onEvent', onEvent))
  issues.throwIfAny()

  return async function limitRequests(c, next) {
    const verdict = checkRequestLimits(c.req.raw)
    return verdict.ok ? next() : rejectRequest(c, verdict.reason)
  }
}

/** Options of {@link limitBodies}. */
export interface BodyOptions extends StackGuardOptions {
  /**
   * The most bytes of a body. Default 10,485,760 (10 MB), as Next and most proxies accept. 0
   * accepts no body.
   */
  readonly maxBytes?: number
  /** Accepted content types of bodies, such as `['application/json', 'image/*']`; others get 415. Default: all. */
  readonly contentTypes?: readonly string[]
}

/**
 * Responds with 413 to bodies that are too long: before they are read if their Content-Length says
 * so, otherwise when the first byte too many is read, whatever the handler has done by then.
 * Responds with 400 to a malformed Content-Length. Nothing is buffered, so a handler may stream.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function limitBodies(options: BodyOptions = {}): MiddlewareHandler {
  const issues = createIssues('limitBodies')
  checkKeys(issues, options, ['maxBytes', 'contentTypes', 'onEvent'])
  const knownOptions = Object(options) as BodyOptions
  const maxBytes =
    parseWholeNumber(issues, 'maxBytes', knownOptions.maxBytes, bodyBounds) ?? defaultBodyBytes

  const matchesType =
    knownOptions.contentTypes === undefined
      ? undefined
      : compileContentTypes(knownOptions.contentTypes, issues.at('contentTypes'))
  const rejectRequest = createReject(optionalListener(issues, 'onEvent', knownOptions.onEvent))
  issues.throwIfAny()

  return async function limitBodies(c, next) {
    const { raw: rawRequest } = c.req
    const verdict = checkBody(rawRequest, { maxBytes, types: matchesType })
    if (!verdict.ok) return rejectRequest(c, verdict.reason)
    if (verdict.body === undefined) return next()
    let bodyError: BodyError | undefined
    const body = boundBody(verdict.body, {
      maxBytes,
      length: verdict.length,
      onRefuse: (error) => {
        bodyError = error
      },
    })

    // Node requires `duplex` where a body is a stream; the types of the DOM lack it.
    c.req.raw = new Request(rawRequest, { body, duplex: 'half' } as RequestInit)
    await next()
    if (bodyError === undefined) return
    const rejection = rejectRequest(c, bodyError.reason)
    // The response of a handler that got a part of the body is dropped. Headers that were set
    // before, such as a session cookie, stay.
    copyStagedHeaders(c.res.headers, rejection.headers)
    c.res.body?.cancel().catch(() => {})
    c.res = undefined
    c.res = rejection
  }
}
