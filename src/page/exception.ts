/**
 * Reads errors that have their own status or response, as Hono's HTTPException does. `errorPage()`
 * calls it for each error of a handler. Errors are recognized by their shape, so that several
 * copies of Hono work; any other object gives undefined. It throws nothing: a `getResponse` that
 * throws, or returns no response, gives undefined.
 */
import { isErrorStatus } from './statuses.ts'

/** The status or response that an error has; undefined for neither. */
export type RequestedResponse =
  | { readonly status: number }
  | { readonly response: Response }
  | undefined

/**
 * Reads the status or response of an error. From an error with `getResponse` and a `status`, only
 * the status is used, with the library's texts, because its message was written for developers. An
 * error that was created with a Response (`res`), as authentication does for its challenge, or that
 * has no error status, keeps its own response.
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
    // It is copied, because the headers of a fetched response are immutable.
    const response = new Response(input.body, input)
    if (!response.headers.has('cache-control')) response.headers.set('cache-control', 'no-store')

    return { response }
  } catch {
    return undefined
  }
}
