/** docs/attacks.md says of every case what happens and where that is shown: here it must be. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { answers } from './answers.ts'
import { heads } from './heads.ts'
import { paths } from './paths.ts'
import { queries } from './queries.ts'
import type { Attack } from './table.ts'

const tables: Readonly<Record<string, readonly Attack[]>> = { paths, heads, answers, queries }
const scripts: Readonly<Record<string, string>> = {
  streams: readFileSync(`${import.meta.dirname}/streams.test.ts`, 'utf8'),
}

const rows = readFileSync('docs/attacks.md', 'utf8')
  .split('\n')
  .filter((line) => /^\| \d/.test(line))
  .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
  .map(([, number, , happens = '', shown = '']) => ({ number: Number(number), happens, shown }))

it('every case of the specification has its row, in order', () => {
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 81 }, (_, i) => i + 1))
})

describe.each(rows.map((row) => [row.number, row] as const))(
  'case %i',
  (number, { happens, shown }) => {
    it('is shown where the table says, or says why not', () => {
      const files = [...shown.matchAll(/`(\w+)`/g)].map(([, name = '']) => name)
      const elsewhere = [...shown.matchAll(/(test\/[\w/.-]+): «([^»]+)»/g)]
      if (files.length + elsewhere.length === 0) expect(happens).toMatch(/^not yet: /)
      for (const file of files) {
        if (tables[file]) expect(tables[file].map((attack) => attack.number)).toContain(number)
        else expect(scripts[file]).toContain(`'case ${number}: `)
      }
      for (const [, file = '', title = ''] of elsewhere)
        expect([title, readFileSync(file, 'utf8').includes(title)]).toEqual([title, true])
      const all = Object.entries(tables).filter(([, table]) =>
        table.some((attack) => attack.number === number),
      )
      const told = Object.entries(scripts).filter(([, text]) => text.includes(`'case ${number}: `))
      expect([...all, ...told].map(([name]) => name).sort()).toEqual(files.sort())
    })

    it('ends with the statuses the table names', () => {
      const seen = Object.values(tables).flatMap((table) =>
        table.filter((attack) => attack.number === number),
      )
      for (const { status, before } of seen)
        expect(happens).toMatch(new RegExp(before ? `\\*${status}\\*` : `\\b${status}\\b`))
    })
  },
)
