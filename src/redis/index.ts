export type { Ask } from './ask.ts'
export type { ScriptFacade } from './facade.ts'
export { type Redis, type RedisOptions, redis } from './redis.ts'
export { type Script, script } from './script.ts'
