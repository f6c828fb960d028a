/**
 * Entry point `portcullis/origin`, which applications import on JavaScript servers behind a gateway;
 * the test server of `portcullis/testing` imports it too. It only exports.
 */
export type { ConnectMiddleware, NodeRequest, NodeResponse } from './express.ts'
export type { FastifyHook, FastifyReplyLike, FastifyRequestLike } from './fastify.ts'
export type { KoaContextLike, KoaMiddleware } from './koa.ts'
export { createOrigin, type Origin, type OriginOptions } from './origin.ts'
export {
  type AssertionClaims,
  type HeaderAccess,
  OriginSession,
  type OriginStartOptions as StartOptions,
  type SessionSummary,
} from './session.ts'
