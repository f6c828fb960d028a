/**
 * Entry point `portcullis/node`, for applications on Node: `serve()` runs a gateway as a server, `toNodeHandler()` makes it
 * a handler of another server, and `expressMiddleware()` and `fastifyHook()` run `portcullis()` around those frameworks. All
 * of them throw a `ConfigError` for wrong options.
 */
export type { ConnectOptions, NodeRequestLike } from './connect.ts'
export type { Served } from './exchange.ts'
export {
  type ExpressMiddleware,
  expressMiddleware,
  type FastifyStackHook,
  fastifyHook,
  type HijackableReply,
  type NodeHandler,
  type NodeHandlerOptions,
  toNodeHandler,
} from './handlers.ts'
export type { ServeOptions } from './options.ts'
export { type GatewayServer, serve } from './serve.ts'
export type { UpstreamOptions } from './upstream.ts'
