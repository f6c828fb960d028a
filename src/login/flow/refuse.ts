/**
 * Creates the page that a person sees where a login cannot go on: a link to try again, and no word
 * about the reason. The callback and the start call it. It never redirects to the provider,
 * because a browser without cookies would go in a circle.
 */
import type { OutgoingCookie } from '../../types.ts'
import { emitEvent, type FlowContext } from '../context.ts'
import { createFailure } from '../pages.ts'
import type { LoginSettings } from '../settings.ts'
import type { LoginReason } from '../types.ts'

/** Whether a silent login ended as it may: the provider would have to ask the person. */
export function isSilentRefusal(error: string): boolean {
  return /^(?:login|interaction|consent|account_selection)_required$/.test(error)
}

/** The reason behind the `error` of an answer. Its text is never shown. */
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
  /** Its provider. */
  readonly name: string
  readonly reason: LoginReason
  readonly cookies: readonly OutgoingCookie[]
  /** The status of a reason that has none of its own. Default 400. */
  readonly fallbackStatus?: number
}

/** Answers a login that cannot go on. Never a redirect to the provider: a browser without cookies would go round for ever. */
export function refuse(
  settings: LoginSettings,
  context: FlowContext,
  { name, reason, cookies, fallbackStatus = 400 }: RefusedLogin,
): Response {
  emitEvent(settings, context, { type: 'login-failed', reason, subject: name })
  const status = statuses[reason] ?? fallbackStatus
  const again = `${settings.base}/login?provider=${name}`
  const headers: Record<string, string> = status === 503 ? { 'retry-after': '10' } : {}

  return createFailure({ status, cookies, headers }, again)
}
