/**
 * Connects the origin helper to Express, Connect and `node:http`: sets `request.portcullis`.
 * `createOrigin().express()` in `origin.ts` creates the middleware; the Fastify and Koa files import
 * the type `OpenSession`.
 *
 * A request whose assertion is not valid (`ERR_ASSERTION_INVALID`) is answered with 401 and reaches no
 * handler; any other error goes to `next`, such as keys that cannot be fetched. A request without an
 * assertion passes, with a session whose `user` is undefined.
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

/**
 * Gives access to Node's headers. A header that occurs several times is read as absent, since no gateway sends that.
 */
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
