/**
 * Connects the origin helper to Express, Connect and `node:http`. `origin.ts` creates the
 * middleware with it. A forged assertion is answered with 401 and reaches no handler; any other
 * error goes to `next`.
 */
import { isPortcullisError } from '../errors.ts'
import type { HeaderAccess, OriginSession } from './session.ts'

/** The part of Node's `IncomingMessage` that the middleware reads. */
export interface NodeRequest {
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The session of this request, from the middleware on. */
  portcullis?: OriginSession
}

/** The part of Node's `ServerResponse` that the middleware uses. */
export interface NodeResponse {
  /** Whether the head is on its way. */
  readonly headersSent: boolean
  /** Status of the response. */
  statusCode: number
  /** Sets a header, replacing one of the same name. */
  setHeader(headerName: string, headerValue: string): unknown
  /** Sends the response. */
  end(body?: string): unknown
}

/** Middleware as Express and Connect call it. */
export type ConnectMiddleware = (
  request: NodeRequest,
  response: NodeResponse,
  next: (error?: unknown) => void,
) => Promise<void>

/** Opens the session of a request. */
export type OpenSession = (headers: HeaderAccess) => Promise<OriginSession>

/** Middleware that puts the session on the request. A forged assertion is answered with 401 and reaches no handler. */
export function createExpress(open: OpenSession): ConnectMiddleware {
  return async function portcullis(request, response, next) {
    try {
      request.portcullis = await open(nodeHeaders(request, response))
    } catch (error) {
      if (!isPortcullisError(error, 'ERR_ASSERTION_INVALID')) return next(error)
      response.statusCode = 401
      response.setHeader('Content-Type', 'text/plain; charset=utf-8')
      response.end('The assertion of this request is not valid.\n')

      return
    }
    next()
  }
}

/** Headers of Node's request and response. Several headers of one name are no assertion and no nonce. */
export function nodeHeaders(request: NodeRequest, response: NodeResponse): HeaderAccess {
  return {
    read(headerName): string | undefined {
      const headerValue = request.headers[headerName]
      return typeof headerValue === 'string' ? headerValue : undefined
    },
    write(headerName, headerValue): void {
      response.setHeader(headerName, headerValue)
    },
    isSent: () => response.headersSent,
  }
}
