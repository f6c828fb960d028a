import { expect, it, test } from 'vitest'
import {
  compilePathPattern,
  coversPath,
  isPathPattern,
  patternCovers,
} from '../../src/request/path/pattern.ts'

test.each([
  ['/*', '/a', true],
  ['/*', '/a/*', true],
  ['/*', '/', true],
  ['/a/*', '/a', true],
  ['/a/*', '/a/*', true],
  ['/a/*', '/a/b', true],
  ['/a/*', '/ab', false],
  ['/a', '/a/*', false],
  ['/a', '/a', true],
  ['/a', '/A', false],
])('%s covers %s: %s', (pattern, other, expected) => {
  expect(patternCovers(pattern, other)).toBe(expected)
})

test.each([
  ['/*', '/a', true],
  ['/*', '/', true],
  ['/*', '/A/*', true],
  ['/Admin/*', '/aDMIN', true],
  ['/admin', '/admin/', true],
  ['/admin', '/admin%20', true],
  ['/admin./*', '/admin/x', true],
  ['/admin/*', '/administration', false],
])('in any spelling %s covers %s: %s', (pattern, other, expected) => {
  expect(patternCovers(pattern, other, true)).toBe(expected)
})

it('a prefix of everything covers every path, folded or not', () => {
  for (const pattern of [compilePathPattern('/*'), compilePathPattern('/*', true)]) {
    for (const path of ['/', '/x', '/x/y']) expect(coversPath(pattern, path)).toBe(true)
  }
})

test.each([
  ['/', true],
  ['/*', true],
  ['/login', true],
  ['/admin/*', true],
  ['/a%20b', true],
  ['', false],
  ['login', false],
  ['*', false],
  ['/a*', false],
  ['/a/*/b', false],
  ['/:id?', false],
  ['/a#b', false],
  ['//a', false],
  ['/a//*', false],
  ['/a/../b', false],
  ['/a;b', false],
  ['/%61', false],
  [/^\/a/, false],
  [undefined, false],
])('%s is a pattern: %s', (path, expected) => {
  expect(isPathPattern(path)).toBe(expected)
})
