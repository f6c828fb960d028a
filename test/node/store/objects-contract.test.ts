import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { durableObjectStore } from '../../../src/durable-object/index.ts'
import { storeContract } from '../../../src/testing/index.ts'
import { startObjects, type TestObjects } from '../../support/objects.ts'
import { noon } from './support.ts'

describe('durableObjectStore in a real workerd', () => {
  let objects: TestObjects
  beforeAll(async () => {
    objects = await startObjects()
  })
  afterAll(() => objects.stop())

  describe.each([
    ['by default', {}],
    ['with three sessions a user and one object for all visitors', { maxPerUser: 3, shards: 1 }],
  ])('%s', (_, options) => {
    let stores = 0
    storeContract({ describe, it, expect }, () => {
      objects.forget()
      let now = noon
      const prefix = `${Object.keys(options).length}${stores++}:`
      return {
        store: durableObjectStore({
          namespace: objects.namespace,
          ...{ timeoutMs: 20_000, prefix },
          ...options,
        }),
        now: () => now,
        async elapse(ms): Promise<void> {
          now += ms
          await objects.elapse(ms)
        },
        ...options,
      }
    })
  })
})
