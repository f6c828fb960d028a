export { type Identify, type Identity, loginMark, loginUser } from './identify.ts'
export { type LoginEnv, type LoginMiddleware, login } from './middleware.ts'
export type { LoginOptions } from './options.ts'
export type { ClientAuthMethod, ClientKey, ProviderOptions } from './providers/provider-options.ts'
export type { LoginFetch } from './providers/send.ts'
export type { LoginHandle } from './serve.ts'
export type {
  RefreshedRow,
  TakenTokens,
  TakeTokens,
  TokenOption,
  TokenRow,
  TokenRows,
} from './tokens/contract.ts'
export { keepTokens } from './tokens/keep.ts'
export { memoryTokens } from './tokens/memory-rows.ts'
export { type RedisTokensOptions, redisTokens } from './tokens/redis-rows.ts'
export type { Claims, LoginData, LoginFacts } from './types.ts'
