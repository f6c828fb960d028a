import { describe, expect, it } from 'vitest'
import { createTarget, createUpstreamUrl, rewriteLocation } from '../../src/proxy/target.ts'

const plain = createTarget(new URL('http://upstream.test:8080'))
const based = createTarget(new URL('https://api.test/v1/'))

it.each([
  [plain, '/', '', 'http://upstream.test:8080/'],
  [plain, '/a/b', '?x=/../y', 'http://upstream.test:8080/a/b?x=/../y'],
  [based, '/', '', 'https://api.test/v1/'],
  [based, '/a', '?b', 'https://api.test/v1/a?b'],
  // Resolved as a reference it would be another server.
  [plain, '//evil.test/x', '', 'http://upstream.test:8080//evil.test/x'],
  [plain, '/@evil.test', '', 'http://upstream.test:8080/@evil.test'],
])('joins %j and %s%s', (target, path, search, expected) => {
  expect(createUpstreamUrl(target, path, search)).toBe(expected)
})

describe('Location', () => {
  const at = (target: typeof plain, location: string): string | undefined =>
    rewriteLocation(
      location,
      createUpstreamUrl(target, '/dir/page', ''),
      target,
      'https://app.example.com',
    )

  it.each([
    ['/login', '/login'],
    ['next', 'next'],
    ['?page=2', '?page=2'],
    ['http://upstream.test:8080/x?y#z', 'https://app.example.com/x?y#z'],
    ['https://upstream.test:8080/x', 'https://app.example.com/x'],
    ['//upstream.test:8080/x', 'https://app.example.com/x'],
    ['http://upstream.test:8080//evil.test', 'https://app.example.com//evil.test'],
    ['http://upstream.test/x', 'http://upstream.test/x'],
    ['https://idp.example/authorize?client=1', 'https://idp.example/authorize?client=1'],
    ['//other.test/x', '//other.test/x'],
    ['myapp://callback', 'myapp://callback'],
  ])('%s becomes %s', (location, expected) => {
    expect(at(plain, location)).toBe(expected)
  })

  it.each([
    ['/v1/login', 'https://app.example.com/login'],
    ['/v1', 'https://app.example.com/'],
    ['/v1//evil.test', 'https://app.example.com//evil.test'],
    ['/other', 'https://app.example.com/other'],
    ['/v1x', 'https://app.example.com/v1x'],
    ['https://api.test/v1/a', 'https://app.example.com/a'],
    ['next', 'next'],
  ])('%s of an upstream under /v1 becomes %s', (location, expected) => {
    expect(at(based, location)).toBe(expected)
  })

  it.each([
    'javascript:alert(1)',
    'JavaScript:alert(1)',
    'java\tscript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'blob:https://app.example.com/1',
    'file:///etc/passwd',
    '/a\u0001b',
    '/a\u007fb',
    'https://[',
  ])('%j is not sent', (location) => {
    expect(at(plain, location)).toBeUndefined()
  })
})
