/** The options of the check around a context, judged. */
import { createIssues } from '../options/issues.ts'
import { choiceOption, optionalFunction, optionalListener } from '../options/values.ts'
import { errorResponse } from '../page/error-response.ts'
import type { Emit, ProjectEnv, Verdict } from '../types.ts'
import {
  type CsrfContext,
  type CsrfGuard,
  type CsrfRejection,
  createCsrfGuard,
  type TokenCheck,
  varyHeaders,
} from './create-guard.ts'
import { type CrossOriginOptions, csrfPolicy } from './policy.ts'

/** Options of {@link csrfGuard}. Absent = default. */
export interface CsrfOptions<C = CsrfContext, E = ProjectEnv> extends CrossOriginOptions<E> {
  /** `'observe'` refuses nothing and tells the same. Default `'enforce'`. */
  readonly mode?: 'enforce' | 'observe'
  /** Asks for a token besides; made by `csrfTokens`. Default none: browsers say where requests come from. */
  readonly token?: TokenCheck<C>
  /** Answers refused requests instead. The answer depends on where they come from: keep it out of caches. */
  readonly refuse?: (verdict: Verdict & { ok: false }, c: C) => Response | Promise<Response>
  /**
   * Takes `csrf-refused`, `csrf-observed` and `csrf-exempted` (an exempt route took what would have been refused), each
   * with its reason and the path, without the query, as subject. Default none.
   */
  readonly onEvent?: Emit
}

/** The guard behind `csrf`. @throws {ConfigError} `ERR_CONFIG` */
export function csrfGuard<C extends CsrfContext>(options: CsrfOptions<C, never>): CsrfGuard<C> {
  const issues = createIssues('csrf')
  const policy = csrfPolicy(options, issues, ['mode', 'token', 'refuse', 'onEvent'])
  const { token } = options ?? {}
  const observing =
    choiceOption(issues, 'mode', options?.mode, ['enforce', 'observe'], 'enforce') === 'observe'
  const refuse = optionalFunction(issues, 'refuse', options?.refuse)
  const onEvent = optionalListener(issues, 'onEvent', options?.onEvent)

  if (token !== undefined && typeof token?.check !== 'function')
    issues.add('token', 'must be made by csrfTokens()')
  issues.throwIfAny()

  return createCsrfGuard(policy, { observing, token, onEvent, refuse: refuse ?? createErrorPage })
}

/** A page or problem+json, whichever is asked for. */
function createErrorPage(
  { reason }: CsrfRejection,
  { req }: CsrfContext,
  requestId: string | undefined,
): Response {
  const headers = [['Vary', varyHeaders(reason)]] as const
  return errorResponse(reason, req.raw, { headers, ...(requestId !== undefined && { requestId }) })
}
