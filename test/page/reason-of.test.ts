import { describe, expect, it } from 'vitest'
import { ConfigError, type ErrorCode, PortcullisError } from '../../src/errors.ts'
import { findReason, reasonStatus } from '../../src/page/index.ts'
import type { Reason } from '../../src/types.ts'

describe('the reason behind an error', () => {
  it.each<[ErrorCode, Reason]>([
    ['ERR_COOKIE_TOO_LARGE', 'fault'],
    ['ERR_COOKIE_INVALID', 'fault'],
    ['ERR_SESSION_DATA', 'fault'],
    ['ERR_SESSION_NOT_STARTED', 'fault'],
    ['ERR_SESSION_ENDED', 'no-session'],
    ['ERR_SESSION_IDENTITY_CHANGED', 'fault'],
    ['ERR_SESSION_UNREADABLE', 'session-unreadable'],
    ['ERR_SESSION_CLOSED', 'fault'],
    ['ERR_STORE_UNAVAILABLE', 'store-unavailable'],
    ['ERR_STORE_REFUSED', 'store-unavailable'],
    ['ERR_UPSTREAM_TIMEOUT', 'upstream-timeout'],
    ['ERR_UPSTREAM_UNREACHABLE', 'upstream-unreachable'],
    ['ERR_UPSTREAM_PAUSED', 'upstream-paused'],
  ])('with code %s is %s', (code, reason) => {
    expect(findReason(new PortcullisError(code, 'no'))).toBe(reason)
  })

  it('of wrong options is config-invalid', () => {
    expect(findReason(new ConfigError([{ option: 'a', problem: 'is wrong' }]))).toBe(
      'config-invalid',
    )
  })

  it.each([
    ['a TypeError', new TypeError('no')],
    ['nothing', undefined],
    ['null', null],
    ['a string', 'ERR_CONFIG'],
    ['a plain object with our code', { name: 'PortcullisError', code: 'ERR_CONFIG' }],
    ['a foreign error with our code', Object.assign(new Error('no'), { code: 'ERR_CONFIG' })],
    ['a code of a newer copy', new PortcullisError('ERR_OF_TOMORROW' as ErrorCode, 'no')],
    ['a code that every object has', new PortcullisError('constructor' as ErrorCode, 'no')],
  ])('is a fault for %s', (_, error) => {
    expect(findReason(error)).toBe('fault')
  })

  it('of a newer copy of the package is answered with 500', () => {
    expect(reasonStatus('reason-of-tomorrow' as Reason)).toBe(500)
    expect(reasonStatus('constructor' as Reason)).toBe(500)
  })
})
