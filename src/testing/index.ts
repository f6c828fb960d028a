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
