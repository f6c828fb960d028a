/** docs/gateway.md has a row for every option of a route. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

it('the table of route options has a row for each and none for what is gone', () => {
  const source =
    readFileSync('src/gateway/routes/route.ts', 'utf8').split('export interface Route<')[1] ?? ''
  const options = [...source.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name]) => name)
  const page =
    readFileSync('docs/gateway.md', 'utf8')
      .split('## Every option of a route')[1]
      ?.split('\n## ')[0] ?? ''
  const rows = [...page.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, cell = '']) =>
    cell.replaceAll('`', '').split(', '),
  )
  expect(options.length).toBeGreaterThan(15)
  expect(rows.sort()).toEqual(options.sort())
})
