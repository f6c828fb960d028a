export {
  type LimiterContractOptions,
  type LimiterUnderTest,
  limiterContract,
  type Rate,
} from './limiter/contract.ts'
export { type SessionStoreUnderTest, sessionContract } from './session/contract.ts'
export {
  type Expectation,
  type StoreUnderTest,
  storeContract,
  type TestTools,
} from './store/contract.ts'
