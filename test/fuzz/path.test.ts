import fc from 'fast-check'
import { describe, expect } from 'vitest'
import { canonicalPath, foldPath, returnPath } from '../../src/request/index.ts'
import { holds, near } from './support.ts'

const pieces = [
  ...[
    '/',
    '/',
    '//',
    '\\',
    '.',
    '..',
    '%2e',
    '%2E%2e',
    '%2f',
    '%5c',
    '%25',
    '%252e',
    ';',
    '..;',
    '%3b',
    '?',
    '#',
    '@',
    ':',
    '%',
    '%a',
  ],
  ...[
    '%61',
    'admin',
    'ADMIN',
    'x',
    ' ',
    '\t',
    '\n',
    '%00',
    '%0a',
    '%7f',
    '%ff',
    '%C3%A9',
    'é',
    '"',
    '<',
    '|',
    '~',
    '!',
    '+',
    '*',
  ],
]
const target = near(pieces, 12).map((path) => `/${path}`)

describe('paths', () => {
  holds(
    'what is accepted is read the same by every URL parser, and by us again',
    1000,
    fc.property(target, (path) => {
      const found = canonicalPath(`https://app.example.test${path}`)
      if (!found.ok) {
        if (found.redirect === undefined) return
        expect(found.redirect).toMatch(/^\/(?![/\\])/)
        const again = canonicalPath(`https://app.example.test${found.redirect}`)
        expect(again.ok).toBe(true)
        return
      }
      const url = new URL(`https://app.example.test${found.path}${found.search}`)
      expect([url.host, url.pathname]).toEqual(['app.example.test', found.path])
      expect(found.path).not.toMatch(/\/\/|\\|%2f|%5c|%00|\/\.{1,2}(?:\/|$)|%25[\da-f]{2}/i)
      // Joined behind an upstream that has a path, it stays there.
      expect(new URL(`http://origin.internal/v1${found.path}`).pathname).toBe(`/v1${found.path}`)
      expect(canonicalPath(`https://other.example.test${found.path}${found.search}`)).toEqual(found)
    }),
  )

  holds(
    'a guarded path is compared in one form, whatever its spelling',
    300,
    fc.property(
      fc.constantFrom('/admin', '/admin/x', '/a.b/c'),
      fc.infiniteStream(fc.boolean()),
      (path, upper) => {
        const spelled = [...path]
          .map((letter) => (upper.next().value ? letter.toUpperCase() : letter))
          .join('')
        expect(foldPath(`${spelled}/`)).toBe(foldPath(path))
        expect(foldPath(foldPath(spelled))).toBe(foldPath(path))
      },
    ),
  )

  holds(
    'a return path never leaves the origin',
    600,
    fc.property(near([...pieces, 'https:', 'evil.example', '//evil', 'javascript:']), (value) => {
      const path = returnPath(value)
      if (path === undefined) return
      const url = new URL(path, 'https://app.example.test/login')
      expect([url.origin, url.pathname]).toEqual([
        'https://app.example.test',
        path.split('?', 1)[0],
      ])
    }),
  )
})
