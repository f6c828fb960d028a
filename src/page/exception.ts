/**
 * Reads errors that bring their own status or response, as Hono's HTTPException does.
 * `errorPage()` calls it. Errors are recognised by their shape, so any copy of Hono works; any
 * other object gives undefined.
 */
import { isErrorStatus } from './statuses.ts'

/** The response that an error asks for. */
export type RequestedResponse =
  | { readonly status: number }
  | { readonly response: Response }
  | undefined

/**
 * An error with `getResponse` and a `status` wants that status, in our words: its message was written for developers. One
 * made with a Response (`res`), as authentication does for its challenge, or one that knows no status, wants its own answer.
 */
export function readErrorResponse(error: object): RequestedResponse {
  const { getResponse, res, status } = error as {
    getResponse?: unknown
    res?: unknown
    status?: unknown
  }

  if (typeof getResponse !== 'function') return undefined
  if (!res && isErrorStatus(status)) return { status }

  try {
    const input = getResponse.call(error) as Response
    // A copy: headers of a fetched response cannot be changed.
    const response = new Response(input.body, input)
    if (!response.headers.has('cache-control')) response.headers.set('cache-control', 'no-store')

    return { response }
  } catch {
    return undefined
  }
}
