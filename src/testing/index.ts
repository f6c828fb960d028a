export { type Expectation, type StoreUnderTest, storeContract, type TestTools } from './store-contract.ts'
