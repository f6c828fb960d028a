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

  const rows = runs.map(
    ({ first, last, folded }) => `  [${hex(first)}, ${hex(last)}, ${hex(folded)}],`,
  )
  const several = texts.map(([code, text]) => `  [${hex(code)}, '${escaped(text)}'],`)
  writeFileSync(
    'src/request/path/recent-letters.ts',
    `/**
 * What Unicode got after version ${version} and up to version ${process.versions.unicode}, where it folds to something else: not every runtime
 * knows it. Written by \`node tools/dev/case-tables.ts\`.
 */

/** Each folds to the one that is as far behind \`folded\` as it is behind the first. */
export const recentLetters: ReadonlyArray<
  readonly [first: number, last: number, folded: number]
> = [
${rows.join('\n')}
]

/** Letters that fold to several. */
export const recentTexts: ReadonlyMap<number, string> = /* @__PURE__ */ new Map([
${several.join('\n')}
])

/** Marks that change places with others. */
export const recentMarks: ReadonlyArray<readonly [first: number, last: number]> = [
${marks.map(({ first, last }) => `  [${hex(first)}, ${hex(last)}],`).join('\n')}
]
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

function escaped(text: string): string {
  return [...text].map((char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`).join('')
}

function hex(code: number): string {
  return `0x${code.toString(16)}`
}
