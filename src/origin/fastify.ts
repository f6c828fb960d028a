/**
 * Connects the origin helper to Fastify, by a hook that runs before bodies are read. `origin.ts`
 * creates the hook with it. A forged assertion is answered with 401 and reaches no handler; any
 * other error is thrown.
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
