/**
 * Creates the error page of a login that cannot go on, with a link to try again and without the
 * reason, and emits `login-failed` with the reason. `callback.ts` and `start.ts` call `refuse`; the
 * callback also maps the provider's `error` parameter to a reason here.
 *
 * The status follows from the reason: 403 for a denied person, 502 or 503 for faults of the provider
 * or a store, otherwise 400 or what the caller passes. It never redirects to the provider, because
 * a browser without cookies would be redirected without end.
 */
import type { OutgoingCookie } from '../../types.ts'
import { emitEvent, type FlowContext } from '../context.ts'
import { createFailure } from '../pages.ts'
import type { LoginSettings } from '../settings.ts'
import type { LoginReason } from '../types.ts'

/**
 * Whether an error means that a silent login (`prompt=none`) is not possible, because the provider must ask the user.
 */
export function isSilentRefusal(error: string): boolean {
  return /^(?:login|interaction|consent|account_selection)_required$/.test(error)
}

/** Maps the `error` parameter of a provider's response to a reason. The parameter itself is never shown. */
export function readErrorReason(error: string): LoginReason {
  if (error === 'access_denied') return 'denied'
  if (error === 'unmet_authentication_requirements') return 'authentication-too-weak'
  const isOutage = error === 'temporarily_unavailable' || error === 'server_error'

  return isOutage ? 'provider-unreachable' : 'provider-error'
}

const statuses: Partial<Readonly<Record<LoginReason, number>>> = {
  denied: 403,
  'not-admitted': 403,
  'authentication-too-old': 403,
  'authentication-too-weak': 403,
  'provider-unreachable': 503,
  'store-unavailable': 503,
  'provider-malformed': 502,
  'provider-error': 502,
  'client-refused': 502,
}

/** A login that cannot go on. */
export interface RefusedLogin {
  /** The name of its provider. */
  readonly name: string
  readonly reason: LoginReason
  readonly cookies: readonly OutgoingCookie[]
  /** The status for a reason that is not in the table `statuses`. Default 400. */
  readonly fallbackStatus?: number
}

/** Answers a login that cannot go on with an error page. */
export function refuse(
  settings: LoginSettings,
  context: FlowContext,
  { name, reason, cookies, fallbackStatus = 400 }: RefusedLogin,
): Response {
  emitEvent(settings, context, { type: 'login-failed', reason, subject: name })
  const status = statuses[reason] ?? fallbackStatus
  const retryPath = `${settings.base}/login?provider=${name}`
  const headers: Record<string, string> = status === 503 ? { 'retry-after': '10' } : {}

  return createFailure({ status, cookies, headers }, retryPath)
}
