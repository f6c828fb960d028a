import { describe, expect, it } from 'vitest'
import { storeContract } from '../../src/testing/index.ts'
import { memoryAt } from './support.ts'

describe('memoryStore', () => {
  storeContract({ describe, it, expect }, () => memoryAt())
})
describe('memoryStore for three sessions a user', () => {
  storeContract({ describe, it, expect }, () => memoryAt({ maxPerUser: 3 }))
})
