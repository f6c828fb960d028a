import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { returnPath } from '../../src/request/index.ts'

describe('returnPath', () => {
  it.each([
    ['/'],
    ['/account'],
    ['/account/?tab=orders&page=2'],
    ['/a?next=//evil.example'],
    ['/a?next=https://evil.example/\\'],
    ['/a%40b/c%20d'],
    ['/caf%C3%A9'],
    ['/@someone'],
    ['/a@evil.example'],
    ['/a:b'],
    ['/.well-known/x'],
    [`/${'a'.repeat(2047)}`],
  ])('keeps %s', (value) => {
    expect(returnPath(value)).toBe(value)
  })

  // https://shop.example/login?return=//evil.example
  it.each<[string | null | undefined, string]>([
    [undefined, 'absent'],
    [null, 'absent'],
    ['', 'empty'],
    ['account', 'relative to wherever the browser is'],
    ['?a=1', 'relative to wherever the browser is'],
    ['#a', 'relative to wherever the browser is'],
    ['.', 'relative to wherever the browser is'],
    ['//evil.example', 'protocol-relative'],
    ['///evil.example', 'browsers skip slashes'],
    ['/\\evil.example', 'browsers take a backslash for a slash'],
    ['\\\\evil.example', 'browsers take a backslash for a slash'],
    ['\\/evil.example', 'browsers take a backslash for a slash'],
    ['/%5cevil.example', 'a backslash once decoded'],
    ['/%5Cevil.example', 'a backslash once decoded'],
    ['/%2fevil.example', 'a slash once decoded'],
    ['/%2Fevil.example', 'a slash once decoded'],
    ['https:evil.example', 'a scheme'],
    ['https://evil.example/', 'another origin'],
    ['https://shop.example@evil.example/', 'a user name that looks like a host'],
    ['https://shop.example/', 'absolute, whichever the host'],
    ['javascript:alert(1)', 'a script'],
    ['data:text/html,x', 'a document'],
    ['\t//evil.example', 'browsers drop tabs'],
    ['/\t/evil.example', 'browsers drop tabs'],
    ['/\n/evil.example', 'browsers drop newlines'],
    ['/\r/evil.example', 'browsers drop returns'],
    ['/%09/evil.example', 'a tab once decoded'],
    [' /a', 'browsers drop spaces in front'],
    ['/a b', 'a space'],
    ['/.//evil.example', 'protocol-relative once the dot is gone'],
    ['/..//evil.example', 'protocol-relative once the dots are gone'],
    ['/a/../..//evil.example', 'protocol-relative once the dots are gone'],
    ['/%2e%2e//evil.example', 'protocol-relative once the dots are gone'],
    ['/a//b', 'not canonical'],
    ['/%61dmin', 'not canonical'],
    ['/%2561', 'escaped twice'],
    ['/%ff', 'no UTF-8'],
    ['/a#b', 'a fragment'],
    ['/a?b#c', 'a fragment'],
    ['/a?b\r\nSet-Cookie: c=1', 'a header of its own'],
    ['/a?b c', 'a space'],
    ['/a?\u0000', 'a control'],
    ['/café', 'not ASCII'],
    ['/a?café', 'not ASCII'],
    ['/a?\u0100', 'nothing a header can hold'],
    ['/a;b', 'a path parameter'],
    [`/${'a'.repeat(2048)}`, 'longer than 2,048 characters'],
  ])('refuses %j: %s', (value) => {
    expect(returnPath(value)).toBe(undefined)
  })

  it('keeps a path parameter where the application has them', () => {
    expect(returnPath('/a;b=1', { allowSemicolon: true })).toBe('/a;b=1')
    expect(returnPath('/..;/b', { allowSemicolon: true })).toBe(undefined)
  })

  it('keeps only what a browser resolves to this very place on this origin', () => {
    const crooked = fc
      .array(
        fc.constantFrom(
          '/',
          '\\',
          '.',
          '..',
          '@',
          ':',
          '?',
          '#',
          '\t',
          '%2f',
          '%5c',
          '%2e',
          'a',
          'evil.example',
          ' ',
        ),
      )
      .map((parts) => `/${parts.join('')}`)
    fc.assert(
      fc.property(fc.oneof(crooked, fc.string({ unit: 'binary' })), (value) => {
        const kept = returnPath(value)
        if (kept === undefined) return
        const url = new URL(kept, 'https://shop.example/login')
        expect(url.origin).toBe('https://shop.example')
        expect(url.pathname).toBe(kept.split('?', 1)[0])
        expect(new Headers({ location: kept }).get('location')).toBe(kept)
      }),
      { numRuns: 1000 },
    )
  })
})
