/**
 * Creates the guard behind `graphqlGuard()`: inspects a request, rejects it or, in observe mode,
 * only reports it. The middleware calls it for each request. A body that is too long is rejected
 * in both modes; wrong options are a `ConfigError` while building.
 */
import { emitEvent } from '../events.ts'
import { createIssues } from '../options/issues.ts'
import { optionalFunction, optionalListener, parseChoice } from '../options/values.ts'
import type { Emit, Reason, Verdict } from '../types.ts'
import { createGraphqlError } from './error-response.ts'
import { inspectGraphql } from './inspect.ts'
import { compileLimits, type GraphqlLimits } from './limits.ts'

/** A Hono Context, as far as this guard needs one. */
export interface GraphqlContext {
  readonly req: { raw: Request }
  readonly var: { readonly requestId?: unknown } | Readonly<Record<string, unknown>>
}

/** Options of {@link graphqlGuard}. Absent = default. */
export interface GraphqlGuardOptions<C = GraphqlContext> extends GraphqlLimits {
  /** Whether the schema may be asked for (`__schema`, `__type`): by all, or by whom a function says. Default false. */
  readonly introspection?: boolean | ((c: C) => boolean | Promise<boolean>)
  /** `'observe'` rejects nothing and emits the same events; bodies that are too long are refused all the same. Default `'enforce'`. */
  readonly mode?: 'enforce' | 'observe'
  /** Returns the response to a rejected request. */
  readonly refuse?: (verdict: Verdict & { ok: false }, c: C) => Response | Promise<Response>
  /** Receives `graphql-refused` and `graphql-observed` with the reason. Default none. */
  readonly onEvent?: Emit
}

/** The guard behind `graphqlGuard`: an answer, or undefined, and then `c.req.raw` holds the body that was read. */
export function createGraphqlGuard<C extends GraphqlContext>(
  options: GraphqlGuardOptions<C>,
): (c: C) => Promise<Response | undefined> {
  const issues = createIssues('graphqlGuard')
  const limits = compileLimits(options, issues, ['introspection', 'mode', 'refuse', 'onEvent'])
  const given = Object(options) as GraphqlGuardOptions<C>
  const { introspection = false } = given
  if (typeof introspection !== 'boolean' && typeof introspection !== 'function') {
    issues.add('introspection', 'must be true, false or a function')
  }
  const observing = parseChoice(issues, 'mode', given.mode, ['enforce', 'observe']) === 'observe'
  const refuse = optionalFunction(issues, 'refuse', given.refuse)
  const onEvent = optionalListener(issues, 'onEvent', given.onEvent)
  issues.throwIfAny()

  function rejectRequest(
    reason: Reason,
    c: C,
    watched: boolean,
  ): Response | undefined | Promise<Response> {
    const id = c.var.requestId
    const request = typeof id === 'string' ? id : undefined
    const event = {
      type: watched ? 'graphql-observed' : 'graphql-refused',
      reason,
      ...(request !== undefined && { request }),
    } as const
    emitEvent(onEvent, event, c)
    if (watched) return undefined
    return refuse === undefined
      ? createGraphqlError(reason, c.req.raw, request)
      : refuse({ ok: false, reason }, c)
  }

  return async (c) => {
    const { raw } = c.req
    const found = await inspectGraphql(raw, limits)
    const { body } = found
    if (body !== undefined) c.req.raw = new Request(raw, { body })
    if (!found.ok) {
      // A body that was not read to its end cannot be handed on.
      const watched = observing && (body !== undefined || raw.body === null || !raw.bodyUsed)
      return rejectRequest(found.reason, c, watched)
    }
    if (!found.introspects || introspection === true) return undefined
    const allowed = introspection !== false && (await introspection(c)) === true
    return allowed ? undefined : rejectRequest('graphql-introspection', c, observing)
  }
}
