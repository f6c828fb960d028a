/**
 * Keeps responses whole for routes whose pages hold a placeholder for the nonce: not partial and
 * not compressed, so that all of it is read. Forwarding and the cache call it. A text in which the
 * placeholder cannot be found throws `ERR_UPSTREAM_UNREACHABLE`.
 */
import { PortcullisError } from '../../errors.ts'
import { isText } from '../../headers/csp/placeholder.ts'
import { isCompressed } from '../../request/index.ts'

/** Removes from a request what would make its response a part, or compressed: two parts can cut the placeholder in two. */
export function requestWhole(headers: Headers): void {
  headers.delete('range')
  headers.delete('if-range')
  headers.set('accept-encoding', 'identity')
}

/**
 * Rejects a text in which the placeholder cannot be found.
 *
 * @throws {PortcullisError} `ERR_UPSTREAM_UNREACHABLE`
 */
export function checkWhole({ status, headers, body }: Response): void {
  if (body === null || !isText(headers.get('content-type'))) return
  if (status !== 206 && !isCompressed(headers)) return
  const problem =
    status === 206 ? 'a part that was not requested' : 'an encoding that was not requested'
  throw new PortcullisError(
    'ERR_UPSTREAM_UNREACHABLE',
    `The upstream answered with ${problem}; noncePlaceholder needs whole texts`,
  )
}

/** A client's request without its range, for a cache that answers from copies. */
export function withoutRange(request: Request): Request {
  if (!request.headers.has('range')) return request
  const headers = new Headers(request.headers)
  headers.delete('range')
  headers.delete('if-range')

  return new Request(request, { headers })
}
