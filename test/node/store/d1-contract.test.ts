import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { storeContract } from '../../../src/testing/index.ts'
import { startObjects, type TestObjects } from '../../support/objects.ts'
import { createD1, type TestD1 } from './d1-support.ts'

describe('d1Store in a real workerd', () => {
  let objects: TestObjects
  let server: TestD1
  beforeAll(async () => {
    objects = await startObjects()
    server = createD1(await objects.bridge())
  })
  afterAll(() => objects.stop())

  describe.each([
    ['by default', {}],
    ['with three sessions a user', { maxPerUser: 3 }],
  ])('%s', (_, options) => {
    storeContract({ describe, it, expect }, () => server.underTest(options))
  })
})
