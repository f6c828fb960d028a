/**
 * Creates the guard behind `graphqlGuard()`: inspects a request and rejects it, or only reports it in observe mode. The
 * middleware calls it for each request. A body that is too long is rejected in both modes; wrong options are a
 * `ConfigError` while building.
 */
import { emitEvent } from '../events.ts'
import { createIssues } from '../options/issues.ts'
import { optionalFunction, optionalListener, parseChoice } from '../options/values.ts'
import type { Emit, Reason, Verdict } from '../types.ts'
import { createGraphqlError } from './error-response.ts'
import { inspectGraphql } from './inspect.ts'
import { compileLimits, type GraphqlLimits } from './limits.ts'

/** The part of a Hono Context that this guard uses. */
export interface GraphqlContext {
  readonly req: { raw: Request }
  readonly var: { readonly requestId?: unknown } | Readonly<Record<string, unknown>>
}

/** Options of {@link graphqlGuard}. Absent = default. */
export interface GraphqlGuardOptions<C = GraphqlContext> extends GraphqlLimits {
  /**
   * Whether requests may read the schema (`__schema`, `__type`): all of them, or those that a function allows. Default
   * false.
   */
  readonly introspection?: boolean | ((c: C) => boolean | Promise<boolean>)
  /**
   * `'observe'` rejects nothing and emits the same events; only bodies that are too long are still rejected. Default
   * `'enforce'`.
   */
  readonly mode?: 'enforce' | 'observe'
  /** Returns the response to a rejected request. */
  readonly refuse?: (verdict: Verdict & { ok: false }, c: C) => Response | Promise<Response>
  /** Receives the events `graphql-refused` and `graphql-observed`, with the reason. Default none. */
  readonly onEvent?: Emit
}

/**
 * Creates a function that returns the response to a rejected request, or undefined. In that case `c.req.raw` has the
 * body that was read.
 *
 * @throws {ConfigError} `ERR_CONFIG` if an option is wrong
 */
export function createGraphqlGuard<C extends GraphqlContext>(
  options: GraphqlGuardOptions<C>,
): (c: C) => Promise<Response | undefined> {
  const issues = createIssues('graphqlGuard')
  const limits = compileLimits(options, issues, ['introspection', 'mode', 'refuse', 'onEvent'])
  const givenOptions = Object(options) as GraphqlGuardOptions<C>
  const { introspection = false } = givenOptions
  if (typeof introspection !== 'boolean' && typeof introspection !== 'function') {
    issues.add('introspection', 'must be true, false or a function')
  }
  const isObserving =
    parseChoice(issues, 'mode', givenOptions.mode, ['enforce', 'observe']) === 'observe'
  const refuse = optionalFunction(issues, 'refuse', givenOptions.refuse)
  const onEvent = optionalListener(issues, 'onEvent', givenOptions.onEvent)
  issues.throwIfAny()

  function rejectRequest(
    reason: Reason,
    c: C,
    onlyReports: boolean,
  ): Response | undefined | Promise<Response> {
    const id = c.var.requestId
    const request = typeof id === 'string' ? id : undefined
    const event = {
      type: onlyReports ? 'graphql-observed' : 'graphql-refused',
      reason,
      ...(request !== undefined && { request }),
    } as const
    emitEvent(onEvent, event, c)
    if (onlyReports) return undefined
    return refuse === undefined
      ? createGraphqlError(reason, c.req.raw, request)
      : refuse({ ok: false, reason }, c)
  }

  return async (c) => {
    const { raw } = c.req
    const result = await inspectGraphql(raw, limits)
    const { body } = result
    if (body !== undefined) c.req.raw = new Request(raw, { body })
    if (!result.ok) {
      // A body that was not read to its end cannot be passed on.
      const onlyReports = isObserving && (body !== undefined || raw.body === null || !raw.bodyUsed)
      return rejectRequest(result.reason, c, onlyReports)
    }
    if (!result.introspects || introspection === true) return undefined
    const isAllowed = introspection !== false && (await introspection(c)) === true
    return isAllowed ? undefined : rejectRequest('graphql-introspection', c, isObserving)
  }
}
