/**
 * Entry point `login`: sign-in at identity providers by OpenID Connect. Applications import it:
 * `login()` serves a Hono app, `gatewayLogin()` a gateway or `vercel()`. The gateway imports types
 * from it (`gateway/compile.ts`, `config.ts`, `routes/validate-routes.ts`), and the command line calls
 * `reviewLogin`. It only exports.
 *
 * `flow/` holds the steps that the browser sees, `protocol/` the requests to a provider,
 * `providers/` the options, metadata and keys of providers, and `tokens/` the storage of tokens.
 */
export { type BearerTokensOptions, bearerTokens } from './bearer/bearer-tokens.ts'
export type { BearerOption, BearerRule } from './bearer/contract.ts'
export type { EdgeOption } from './edge/contract.ts'
export {
  type AwsAlbOptions,
  awsAlb,
  type CloudflareAccessOptions,
  cloudflareAccess,
  type GoogleIapOptions,
  googleIap,
} from './edge/edges.ts'
export { gatewayLogin } from './gateway/handler.ts'
export { type LoginReview, reviewLogin } from './gateway/review.ts'
export type {
  GatewayLogin,
  GatewayLoginHandler,
  GatewayServices,
  GatewaySources,
} from './gateway/types.ts'
export { type Identify, type Identity, loginMark, loginSubject, loginUser } from './identify.ts'
export { type LoginEnv, type LoginMiddleware, login } from './middleware.ts'
export type { GatewayLoginOptions, LoginOptions } from './options.ts'
export { type AppleOptions, apple } from './presets/apple.ts'
export { type Auth0Options, auth0 } from './presets/auth0.ts'
export { type CognitoOptions, cognito } from './presets/cognito.ts'
export { type EntraOptions, entra } from './presets/entra.ts'
export { type GithubOptions, github } from './presets/github.ts'
export { type GitlabOptions, gitlab } from './presets/gitlab.ts'
export { type GoogleOptions, google } from './presets/google.ts'
export { type KeycloakOptions, keycloak } from './presets/keycloak.ts'
export { type OktaOptions, okta } from './presets/okta.ts'
export { oidc, type PresetOptions } from './presets/preset.ts'
export {
  type ClientKey,
  type PrivateKeyJwtOptions,
  privateKeyJwt,
} from './presets/private-key-jwt.ts'
export type {
  ClientAuthenticator,
  ClientAuthMethod,
  OAuthProvider,
  OAuthRequest,
  ProviderLogout,
  ProviderOptions,
} from './providers/provider-options.ts'
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
