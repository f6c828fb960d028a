/**
 * Connects the origin helper to Fastify, by an `onRequest` hook that sets `request.portcullis` before
 * the body is read. `createOrigin().fastify()` in `origin.ts` creates the hook.
 *
 * A request whose assertion is not valid (`ERR_ASSERTION_INVALID`) is answered with 401 and reaches no
 * handler; any other error is thrown, such as keys that cannot be fetched. A request without an
 * assertion passes, with a session whose `user` is undefined.
 */
import { isPortcullisError } from '../errors.ts'
import type { OpenSession } from './express.ts'
import type { OriginSession } from './session.ts'

/** The part of a Fastify request that the hook reads. */
export interface FastifyRequestLike {
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The session of this request, from the hook on. */
  portcullis?: OriginSession
}

/** The part of a Fastify reply that the hook uses. */
export interface FastifyReplyLike {
  /** Whether the response is on its way. */
  readonly sent: boolean
  /** Sets a header, replacing one of the same name. */
  header(headerName: string, headerValue: string): unknown
  /** Sets the status. */
  code(status: number): { send(body: unknown): unknown }
}

/** An `onRequest` hook. */
export type FastifyHook = (request: FastifyRequestLike, reply: FastifyReplyLike) => Promise<unknown>

/** A hook that puts the session on the request. A forged assertion is answered with 401 and reaches no handler. */
export function createFastifyHook(open: OpenSession): FastifyHook {
  return async function portcullis(request, reply) {
    try {
      request.portcullis = await open({
        read(headerName): string | undefined {
          const headerValue = request.headers[headerName]
          return typeof headerValue === 'string' ? headerValue : undefined
        },
        write(headerName, headerValue): void {
          reply.header(headerName, headerValue)
        },
        isSent: () => reply.sent,
      })
      return undefined
    } catch (error) {
      if (!isPortcullisError(error, 'ERR_ASSERTION_INVALID')) throw error
      return reply.code(401).send({ error: 'The assertion of this request is not valid.' })
    }
  }
}
