/** Routes whose pages have a placeholder for the nonce: what passes there is whole and not coded, so that all of it is looked into. */
import { PortcullisError } from '../../errors.ts'
import { isText } from '../../headers/csp/placeholder.ts'
import { isCompressed } from '../../request/index.ts'

/** Takes out of a request what would make its answer a part, or coded: two parts can cut the placeholder in two. */
export function askWhole(headers: Headers): void {
  headers.delete('range')
  headers.delete('if-range')
  headers.set('accept-encoding', 'identity')
}

/**
 * Refuses a text in which the placeholder cannot be found.
 *
 * @throws {PortcullisError} `ERR_UPSTREAM_UNREACHABLE`
 */
export function checkWhole({ status, headers, body }: Response): void {
  if (body === null || !isText(headers.get('content-type'))) return
  if (status !== 206 && !isCompressed(headers)) return
  const what = status === 206 ? 'a part that was not asked for' : 'a coding that was not asked for'
  throw new PortcullisError(
    'ERR_UPSTREAM_UNREACHABLE',
    `The upstream answered with ${what}; noncePlaceholder needs whole texts`,
  )
}

/** The request of a client without its range, for what answers from copies. */
export function withoutRange(request: Request): Request {
  if (!request.headers.has('range')) return request
  const headers = new Headers(request.headers)
  headers.delete('range')
  headers.delete('if-range')
  return new Request(request, { headers })
}
