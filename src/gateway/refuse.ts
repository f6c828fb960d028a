/** Answers that the gateway gives itself: refusals, which are told as events, and redirects. */
import { refusal } from '../page/index.ts'
import { signInLocation } from '../request/sign-in.ts'
import type { Reason } from '../types.ts'
import type { Plan } from './plan.ts'
import type { Visit } from './visit.ts'

/** Headers of a refusal. */
export type Extra = ReadonlyArray<readonly [name: string, value: string]>

/** Refuses a request. */
export function refuse(plan: Plan, visit: Visit, reason: Reason, headers: Extra = []): Response {
  const { request, requestId, notes } = visit
  if (notes !== undefined) notes.reason = reason
  plan.emit({ type: 'request-refused', reason, request: requestId })
  return refusal(reason, request, { requestId, headers })
}

/** A page that was asked for is asked for again after the login; a form that was sent is not sent again. */
export function toSignIn(signIn: string, { request, path, search }: Visit): Response {
  return redirect(303, request.method === 'GET' ? signInLocation(signIn, path + search) : signIn)
}

/** Sends a client elsewhere; the answer is nobody's to keep. */
export function redirect(status: number, location: string): Response {
  return new Response(null, { status, headers: { location, 'cache-control': 'no-store' } })
}
