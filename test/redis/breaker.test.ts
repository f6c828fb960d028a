import { describe, expect, it } from 'vitest'
import { createStoreBreaker } from '../../src/redis/breaker.ts'
import { createUnavailableError } from '../../src/redis/failure.ts'

const timeout = createUnavailableError('timeout')
const network = createUnavailableError('network')

describe('the breaker of a store', () => {
  it('opens with the first answer that took too long, and lets one question at a time see whether it is back', () => {
    const clock = { now: 0 }
    const breaker = createStoreBreaker(() => clock.now)
    expect([breaker.admit(), breaker.fail(timeout), breaker.fail(timeout)]).toEqual([
      true,
      true,
      false,
    ])
    expect(breaker.admit()).toBe(false)
    clock.now += 250
    expect([breaker.admit(), breaker.admit(), breaker.admit()]).toEqual([true, false, false])
    clock.now += 1000
    expect(breaker.admit()).toBe(false)
    breaker.fail(timeout)
    expect(breaker.admit()).toBe(false)
    clock.now += 250
    expect(breaker.admit()).toBe(true)
    expect(breaker.succeed()).toBe(true)
    expect([breaker.admit(), breaker.admit(), breaker.succeed()]).toEqual([true, true, false])
  })

  it('opens for failures that cost no wait only after ten in a row', () => {
    const breaker = createStoreBreaker(() => 0)
    for (let n = 0; n < 9; n++) expect(breaker.fail(network)).toBe(false)
    breaker.succeed()
    for (let n = 0; n < 9; n++) expect(breaker.fail(network)).toBe(false)
    expect(breaker.admit()).toBe(true)
    expect(breaker.fail(network)).toBe(true)
    expect(breaker.admit()).toBe(false)
  })

  it('goes on where a request that was let through was cancelled', () => {
    const clock = { now: 0 }
    const breaker = createStoreBreaker(() => clock.now)
    breaker.fail(timeout)
    clock.now += 250
    expect(breaker.admit()).toBe(true)
    clock.now += 31_000
    expect(breaker.admit()).toBe(true)
  })
})
