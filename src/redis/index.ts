/**
 * Redis clients: `redis()` reaches Redis over Upstash's REST API, a client of `@upstash/redis` or
 * any sender of commands; `shareAsks` sends what several modules need for one request together.
 * Stores and limiters use it.
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
