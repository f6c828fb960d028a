/**
 * Validates the options of a gateway whose value another function creates: `session`, `login`,
 * `throttle`, `audit` and `pages`, and the option `assertion`. `compile.ts` calls all of them while
 * building, and `vercel.ts` uses some for its own options. A value of another kind is reported as an
 * issue that names the function to call. Values are recognized by their methods only, so any object
 * with these methods is accepted.
 */
import type { GatewayLoginHandler, GatewaySources } from '../../login/gateway/types.ts'
import type { AuditTrail } from '../../monitor/index.ts'
import { checkKeys, type Issues, parseWholeNumber } from '../../options/index.ts'
import { isRecord } from '../../options/is-object.ts'
import type { PageTemplate } from '../../page/index.ts'
import type { SessionStrategy } from '../../session/index.ts'
import type { Clock, Emit } from '../../types.ts'
import type { AssertionOptions, GatewayConfig } from '../config.ts'
import type { LoginThrottling } from '../throttle/types.ts'
import type { CompiledUpstream } from './upstreams.ts'

const lifetimeRange = { min: 5, max: 60, unit: 'seconds' } as const

/** Validates the option `assertion`, and returns its lifetime in seconds. */
export function validateAssertion(
  assertion: AssertionOptions<never> | undefined,
  session: unknown,
  upstreams: ReadonlyMap<string, CompiledUpstream>,
  issues: Issues,
): number {
  if (assertion !== undefined) {
    checkKeys(issues.at('assertion'), assertion, ['key', 'lifetime'])
    if (!session) issues.add('assertion', 'needs the option session')
    if (isRecord(assertion) && assertion.key === undefined) {
      issues.add('assertion.key', 'is required')
    }
  }

  for (const { name: upstreamName, sessions } of upstreams.values()) {
    if (!sessions) continue
    if (!session) issues.add(`upstreams.${upstreamName}.sessions`, 'needs the option session')
    if (!assertion) issues.add(`upstreams.${upstreamName}.sessions`, 'needs the option assertion')
  }

  return parseWholeNumber(issues, 'assertion.lifetime', assertion?.lifetime, lifetimeRange) ?? 60
}

/** Validates the option `session`. */
export function validateSession(
  value: unknown,
  issues: Issues,
): SessionStrategy<object> | undefined {
  if (value === undefined) return undefined
  if (isRecord(value) && typeof value.open === 'function' && typeof value.check === 'function') {
    return value as unknown as SessionStrategy<object>
  }

  issues.add('session', 'must be a strategy, such as statelessSessions({ ... })')

  return undefined
}

/** Validates the option `login` and creates the login handler of this gateway from it. */
export function validateLogin(
  { login, signIn }: Partial<Pick<GatewayConfig<string, never, never>, 'login' | 'signIn'>>,
  sources: GatewaySources,
  issues: Issues,
): GatewayLoginHandler | undefined {
  if (login === undefined) return undefined
  if (signIn !== undefined)
    issues.add('signIn', 'cannot be combined with login, which has a sign-in page')
  const loginIssues = issues.at('login')
  if (typeof login?.start === 'function') return login.start(sources, loginIssues)
  loginIssues.add('', 'must be gatewayLogin({ ... }) of portcullis/login')

  return undefined
}

/** Validates the option `throttle` and creates the login throttling of this gateway from it. */
export function validateThrottle(
  value: unknown,
  sources: { readonly clock: Clock; readonly emit: Emit },
  issues: Issues,
): LoginThrottling | undefined {
  if (value === undefined) return undefined
  if (isRecord(value) && typeof value.start === 'function')
    return value.start(sources, issues.at('throttle')) as LoginThrottling

  issues.add('throttle', 'must be gatewayThrottle({ ... }), which comes from portcullis/gateway')

  return undefined
}

/** Validates the option `audit`. */
export function validateAudit(value: unknown, issues: Issues): AuditTrail | undefined {
  if (value === undefined) return undefined
  if (isRecord(value) && typeof value.record === 'function') return value as unknown as AuditTrail
  issues.add('audit', 'must be auditTrail(...) of portcullis/monitor')

  return undefined
}

/** Validates the option `pages`. */
export function validatePages(value: unknown, issues: Issues): PageTemplate | undefined {
  if (value === undefined) return undefined
  if (isRecord(value) && typeof value.render === 'function') return value as unknown as PageTemplate
  issues.add('pages', 'must be pages({ ... }) of portcullis/page')

  return undefined
}
