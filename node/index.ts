export type { Served } from './exchange.ts'
export type { ServeOptions } from './options.ts'
export { type GatewayServer, serve } from './serve.ts'
export type { UpstreamOptions } from './upstream.ts'
