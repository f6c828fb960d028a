/**
 * Redis clients, for applications (`portcullis/redis`), the gateway's rate limits, the login's
 * tokens and the Worker: `redis()` reaches Redis over Upstash's REST API, through a client of
 * `@upstash/redis`, or through any function that sends commands; `shareAsks` sends the commands of
 * several modules for one request together. Wrong options throw a `ConfigError` while building.
 * Calls reject with `ERR_STORE_UNAVAILABLE` or `ERR_STORE_REFUSED`.
 */
export type { RedisSource } from './adopt.ts'
export type { RedisBatch } from './batch.ts'
export type { Redis } from './client.ts'
export { redis } from './door.ts'
export type { ScriptFacade } from './facade.ts'
export type {
  RedisClientOptions,
  RedisOptions,
  RedisSendOptions,
  UpstashClientOptions,
} from './options.ts'
export type { AnyRedisOptions } from './redis.ts'
export { type Script, script } from './script.ts'
export { shareAsks, sharedAsk } from './shared.ts'
export type { RedisFromEnvOptions } from './transport/from-env.ts'
export type { SendCommands, SendContext } from './transport/send-source.ts'
export {
  type IoRedisClient,
  ioredisSender,
  type NodeRedisClient,
  nodeRedisSender,
} from './transport/senders.ts'
export {
  type ConnectSocket,
  type SocketSenderOptions,
  socketSender,
} from './transport/socket-sender.ts'
export type { UpstashClient } from './transport/upstash-client.ts'
