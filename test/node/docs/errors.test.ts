/** docs/errors.md is complete: every code, reason and event the types know stands in its table, with the answer it gets. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type ErrorCode, PortcullisError } from '../../../src/errors.ts'
import { findReason } from '../../../src/page/find-reason.ts'
import { reasonStatus } from '../../../src/page/reasons.ts'
import type { Reason } from '../../../src/types.ts'

const page = readFileSync('docs/errors.md', 'utf8')

/** Rows of the table below a heading, each cell without its spaces. */
function table(heading: string): string[][] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? ''
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    )
}

/** Members of a union of words, as the source writes it: types are gone when a test runs. */
function union(file: string, name: string): string[] {
  const text = readFileSync(file, 'utf8')
  const [, body = ''] =
    new RegExp(`^export type ${name} =\\n((?:  \\| '[\\w-]+'\\n)+)`, 'm').exec(text) ?? []
  return [...body.matchAll(/'([\w-]+)'/g)].map(([, word]) => word ?? '')
}

const names = (rows: readonly string[][]): string[] =>
  rows.map(([name = '']) => name.replaceAll('`', ''))

describe.each([
  ['Errors', 'src/errors.ts', 'ErrorCode', 4],
  ['Rejection reasons', 'src/types.ts', 'Reason', 4],
  ['Events', 'src/types.ts', 'EventType', 3],
])('the table of %s', (heading, file, type, columns) => {
  const rows = table(heading)

  it('has a row for each and none for what is gone', () => {
    const known = union(file, type)
    expect(known.length).toBeGreaterThan(10)
    expect(names(rows).sort()).toEqual([...known].sort())
  })

  it('says of each what it means and who should act', () => {
    for (const row of rows) {
      expect(row, row[0]).toHaveLength(columns)
      for (const cell of row) expect(cell.length, row.join(' | ')).toBeGreaterThan(2)
    }
  })
})

describe('the answers', () => {
  it.each(table('Rejection reasons').map(([reason = '', , , answer]) => [reason, answer]))(
    '%s: %s',
    (reason, answer) => {
      expect(`${reasonStatus(reason.replaceAll('`', '') as Reason)}`).toBe(answer)
    },
  )

  it.each(table('Errors').map(([code = '', , , answer]) => [code, answer]))(
    '%s: %s',
    (code, answer) => {
      const error = new PortcullisError(code.replaceAll('`', '') as ErrorCode, 'for a test')
      expect(`${reasonStatus(findReason(error))}`).toBe(answer)
    },
  )
})
