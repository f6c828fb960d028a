/**
 * Entry point `portcullis/testing`, for tests of applications and of their own stores and limiters:
 * a browser with cookies, a clock, an event log and an upstream for tests; a development OpenID
 * Connect provider; and the contracts that a session store or a limiter must pass. It is for tests
 * only: the development provider signs in anybody without a password. Nothing in production code
 * imports it.
 */
export {
  type AppUnderTest,
  type BrowserOptions,
  createBrowser,
  type FromPage,
  type TestBrowser,
} from './app/browser.ts'
export { createClock, type TestClock } from './app/clock.ts'
export type { BrowserCookie, RejectedCookie } from './app/cookie-jar.ts'
export { createEventLog, type EventLog } from './app/event-log.ts'
export {
  createTestOrigin,
  createTestSecrets,
  type OriginHandler,
  type ReceivedRequest,
  type TestOrigin,
  type TestOriginOptions,
  type TestSecrets,
} from './app/origin.ts'
export { createSignedInCookie, type SignedInCookieOptions } from './app/sign-in.ts'
export {
  type LimiterContractOptions,
  type LimiterUnderTest,
  limiterContract,
  type Rate,
} from './limiter/contract.ts'
export type { DevPerson } from './login/dev-people.ts'
export { type DevProvider, type DevProviderOptions, devProvider } from './login/dev-provider.ts'
export {
  createLoginBrowser,
  type LoginBrowser,
  type LoginBrowserOptions,
  type SignInAsOptions,
  signInAs,
} from './login/login-browser.ts'
export { type SessionStoreUnderTest, sessionContract } from './session/contract.ts'
export {
  type Expectation,
  type StoreUnderTest,
  storeContract,
  type TestTools,
} from './store/contract.ts'
