/** Writes src/request/path/recent-letters.ts: what letters fold to that a runtime may not know yet, by this Node's Unicode. */
import { writeFileSync } from 'node:fs'
import { foldKnown } from '../../../src/request/path/compare-path.ts'

interface Run {
  first: number
  last: number
  folded: number
}

/** @param assigned - what assigned.py prints */
export function writeRecentLetters(assigned: string): void {
  const [version = '', ...ranges] = assigned.trim().split('\n')
  const runs: Run[] = []
  const texts: Array<readonly [code: number, text: string]> = []
  const marks: Run[] = []
  for (const range of ranges) {
    const [first = 0, last = 0] = range.split('\t').map(Number)
    for (let code = first; code <= last; code++) {
      const char = String.fromCodePoint(code)
      if (/\p{Cn}/u.test(char)) continue
      const folded = foldKnown(char)
      const [one = '', ...more] = folded
      if (folded === char) {
        if (changesPlaces(char)) extend(marks, code, 0)
      } else if (more.length === 0) extend(runs, code, one.codePointAt(0) ?? 0)
      else texts.push([code, folded])
    }
  }

  const several = texts.map(([code, text]) => {
    return [code, ...[...text].map((char) => char.codePointAt(0) ?? 0)].map(hex).join(',')
  })
  writeFileSync(
    'src/request/path/recent-letters.ts',
    `/**
 * Letters and marks that Unicode added after version ${version} and up to version ${process.versions.unicode}, where folding changes them: not
 * every runtime knows them. \`compare-path.ts\` folds paths with these tables. They are written by \`node tools/dev/case-tables.ts\`,
 * so no row here is edited by hand: rows of hexadecimal numbers, since a table is twice as long in a bundle.
 */

/** A run of letters. Each folds to the one that is as far behind \`folded\` as it is behind the first. */
export type LetterRun = readonly [first: number, last: number, folded: number]

/** Runs of letters that fold to one. */
export const recentLetters: readonly LetterRun[] = /* @__PURE__ */ parseRuns(
${quoteLines(formatRuns(runs))},
)

/** Letters that fold to several. */
export const recentTexts: ReadonlyMap<number, string> = /* @__PURE__ */ new Map(
  /* @__PURE__ */ parseRows(
${quoteLines(several)},
  ).map(([code = 0, ...letters]) => [code, String.fromCodePoint(...letters)]),
)

/** Runs of marks that change places with others. */
export const recentMarks: readonly LetterRun[] = /* @__PURE__ */ parseRuns(
${quoteLines(formatRuns(marks))},
)

/** Reads runs: the distance from the end of the run before, the letters behind the first, and what the first folds to. */
function parseRuns(text: string): LetterRun[] {
  let end = 0
  return parseRows(text).map(([distance = 0, length = 0, folded = 0]) => {
    const first = end + distance
    end = first + length
    return [first, end, folded]
  })
}

function parseRows(text: string): number[][] {
  return text.split(' ').map((row) => row.split(',').map((hex) => Number.parseInt(hex, 16) || 0))
}
`,
  )
  console.log(`${runs.length + texts.length} rows of letters after Unicode ${version}`)
}

/** Adds to the last run, or begins another. */
function extend(runs: Run[], code: number, folded: number): void {
  const last = runs.at(-1)
  const isNext = last?.last === code - 1
  const follows = folded === 0 || folded - code === (last?.folded ?? 0) - (last?.first ?? 0)
  if (last !== undefined && isNext && follows) last.last = code
  else runs.push({ first: code, last: code, folded })
}

/** Whether normalizing puts a mark before or behind another one. */
function changesPlaces(mark: string): boolean {
  return [`\u0345${mark}`, `${mark}\u0334`].some((text) => text.normalize('NFD') !== text)
}

/** One row for each run, as `parseRuns` reads it: what is 0 is left out. */
function formatRuns(runs: readonly Run[]): string[] {
  let end = 0
  return runs.map(({ first, last, folded }) => {
    const row = [first - end, last - first, folded].map(hex).join(',').replace(/,+$/, '')
    end = last
    return row
  })
}

function hex(number: number): string {
  return number === 0 ? '' : number.toString(16)
}

/** Quotes rows as the text of a few lines. */
function quoteLines(rows: readonly string[]): string {
  const lines: string[] = []
  for (const row of rows) {
    const line = lines.at(-1)
    if (line !== undefined && line.length + row.length < 80)
      lines[lines.length - 1] = `${line}${row} `
    else lines.push(`${row} `)
  }
  return lines
    .map((line, index) => `  '${index === lines.length - 1 ? line.trim() : line}'`)
    .join(' +\n')
}
