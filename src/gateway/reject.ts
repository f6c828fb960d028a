/** Answers that the gateway gives itself: refusals, which are told as events, and redirects. */
import { errorResponse } from '../page/index.ts'
import { signInLocation } from '../request/sign-in.ts'
import type { Reason } from '../types.ts'
import type { CompiledGateway } from './compile.ts'
import type { RequestContext } from './request-context.ts'

/** Headers of a refusal. */
export type ExtraHeaders = ReadonlyArray<readonly [name: string, value: string]>

/** Refuses a request. */
export function rejectRequest(
  plan: CompiledGateway,
  visit: RequestContext,
  reason: Reason,
  headers: ExtraHeaders = [],
): Response {
  const { request, requestId, notes } = visit
  if (notes !== undefined) notes.reason = reason
  plan.emit({ type: 'request-refused', reason, request: requestId })
  return errorResponse(reason, request, { requestId, headers })
}

/** A page that was asked for is asked for again after the login; a form that was sent is not sent again. */
export function redirectToSignIn(
  signIn: string,
  { request, path, search }: RequestContext,
): Response {
  return redirect(303, request.method === 'GET' ? signInLocation(signIn, path + search) : signIn)
}

/** Sends a client elsewhere; the answer is nobody's to keep. */
export function redirect(status: number, location: string): Response {
  return new Response(null, { status, headers: { location, 'cache-control': 'no-store' } })
}
