import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/** Items of the acceptance list of a login. A test names those that it shows at the beginning of its title: `98: ...`. */
const items = Array.from({ length: 120 }, (_, index) => index + 1)

/** Files whose titles may name items: those of the login and of what it changes elsewhere. */
const isLoginTest = /test\/(?:login\/|node\/login\/|.*(?:login|bearer|edge)[\w-]*\.test\.ts$)/
/** A title, or the row of a table that begins one: tests of a table are named by its first column. */
const title = /(['"`])(\d{1,3}(?:, \d{1,3})*): \S/g

function readNumbers(path: string): number[] {
  const source = readFileSync(path, 'utf8')
  return [...source.matchAll(title)].flatMap(([, , numbers = '']) =>
    numbers.split(', ').map(Number),
  )
}

test('every item of the acceptance list has a test with its number in the title', () => {
  const paths = readdirSync('test', { recursive: true, encoding: 'utf8' })
    .map((name) => join('test', name).replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.test.ts') && isLoginTest.test(path))
  const shown = new Set(paths.flatMap(readNumbers))
  expect(items.filter((item) => !shown.has(item))).toEqual([])
  expect([...shown].filter((item) => !items.includes(item))).toEqual([])
})
