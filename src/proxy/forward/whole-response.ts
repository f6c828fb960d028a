/**
 * Keeps responses complete and uncompressed for routes with the option `noncePlaceholder`, whose pages contain a
 * placeholder that the gateway replaces. `upstream-request.ts` changes requests with it, `forward.ts` checks responses,
 * and the cache of the gateway removes ranges. A partial or compressed text throws `ERR_UPSTREAM_UNREACHABLE`.
 */
import { PortcullisError } from '../../errors.ts'
import { isText } from '../../headers/csp/placeholder.ts'
import { isCompressed } from '../../request/index.ts'

/**
 * Requests the whole body, uncompressed. A partial response could cut the placeholder of the nonce in two, and in a
 * compressed one it could not be found.
 */
export function requestWhole(headers: Headers): void {
  headers.delete('range')
  headers.delete('if-range')
  headers.set('accept-encoding', 'identity')
}

/**
 * Throws if the response is a text that is partial or compressed, so that the placeholder may not be found.
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
    `The upstream responded with ${problem}; noncePlaceholder needs complete, unencoded texts`,
  )
}

/** Returns a client's request without its range, for a cache that responds with complete copies. */
export function withoutRange(request: Request): Request {
  if (!request.headers.has('range')) return request
  const headers = new Headers(request.headers)
  headers.delete('range')
  headers.delete('if-range')

  return new Request(request, { headers })
}
