import { describe, expect, it } from 'vitest'
import { isKnownMethod, isSafeMethod, mayHaveBody } from '../../src/request/index.ts'

describe('methods', () => {
  it.each([
    ['GET', 'safe', 'known', 'no body'],
    ['HEAD', 'safe', 'known', 'no body'],
    ['OPTIONS', 'safe', 'known', 'body'],
    ['POST', 'unsafe', 'known', 'body'],
    ['PUT', 'unsafe', 'known', 'body'],
    ['PATCH', 'unsafe', 'known', 'body'],
    ['DELETE', 'unsafe', 'known', 'body'],
    ['TRACE', 'unsafe', 'unknown', 'body'],
    ['CONNECT', 'unsafe', 'unknown', 'body'],
    ['PROPFIND', 'unsafe', 'unknown', 'body'],
    ['get', 'unsafe', 'unknown', 'body'],
    ['Get', 'unsafe', 'unknown', 'body'],
    ['GET ', 'unsafe', 'unknown', 'body'],
    ['patch', 'unsafe', 'unknown', 'body'],
    ['', 'unsafe', 'unknown', 'body'],
    ['constructor', 'unsafe', 'unknown', 'body'],
  ])('%j is %s, %s, may have: %s', (method, safe, known, body) => {
    expect(isSafeMethod(method)).toBe(safe === 'safe')
    expect(isKnownMethod(method)).toBe(known === 'known')
    expect(mayHaveBody(method)).toBe(body === 'body')
  })
})
