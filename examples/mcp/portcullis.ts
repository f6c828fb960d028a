/** The names that this example takes from the package. In a project of your own: `portcullis/gateway` and so on. */
export { assertionVerifier } from '../../src/assertion/index.ts'
export { createGateway, defineGateway, type Gateway } from '../../src/gateway/index.ts'
export { bearerTokens, gatewayLogin, oidc } from '../../src/login/index.ts'
export { statelessSessions } from '../../src/session/index.ts'
export { type DevProvider, devProvider } from '../../src/testing/index.ts'
