/** Answers a request that no gateway and no framework can be shown. */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { BadRequest } from './request.ts'

/** Answers with problem+json, and closes the connection. */
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
