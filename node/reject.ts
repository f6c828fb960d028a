/**
 * Responds to a request that cannot be passed to a gateway or a framework, such as one with two
 * Host headers. `Exchange` and `connect.ts` call it. The response is problem+json with a status and
 * a detail, and closes the connection, so that bytes after the malformed request are not read. The
 * caller must not have sent a head yet, or Node throws.
 */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { BadRequest } from './request.ts'

/** Responds with problem+json, and closes the connection. */
export function rejectMessage(
  message: IncomingMessage,
  response: ServerResponse,
  { status, detail }: BadRequest,
): void {
  response.shouldKeepAlive = false
  const title = STATUS_CODES[status]
  const body = JSON.stringify({ type: 'about:blank', title, status, detail })
  response.writeHead(status, {
    'content-type': 'application/problem+json',
    'content-length': body.length,
  })
  response.end(message.method === 'HEAD' ? '' : body)
}
