/**
 * Lists letters and marks that Unicode added between versions 14.0.0 and 17.0, with their folded
 * forms, because not every runtime knows them. `compare-path.ts` folds paths with these tables. It
 * only has data and throws nothing. `node tools/dev/case-tables.ts` writes the tables, so do not
 * edit them by hand. They are rows of hexadecimal numbers, because a table would be twice as long
 * in a bundle.
 */

/**
 * A run of letters. Each folds to the letter that has the same distance from `folded` as it has
 * from the first.
 */
export type LetterRun = readonly [first: number, last: number, folded: number]

/** Runs of letters that fold to one letter. */
export const recentLetters: readonly LetterRun[] = /* @__PURE__ */ parseRuns(
  '1c89,,1c8a 8b42,,264 1,,a7cd 2,,a7cf 4,,a7d3 2,,a7d5 6,,a7db 2,,19b 15,,73 ' +
    '5dd8,,105d2 1b,,105da 76c,15,10d70 613b,18,16ebb 5e1e,19,61 1,9,30 1337,8,430 ' +
    '1,2,43a 1,a,43e 1,,44b 1,1,44d 1,,a689 1,,4d9 1,,456 1,,458 1,,4e9 1,,4af ' +
    '1,,4cf 1,8,430 1,1,43a 1,1,43e 1,,441 1,5,443 1,1,44a 1,,491 1,,456 1,,455 ' +
    '1,,45f 1,,4ab 1,,a651 1,,4b1',
)

/** Letters that fold to several letters. */
export const recentTexts: ReadonlyMap<number, string> = /* @__PURE__ */ new Map(
  /* @__PURE__ */ parseRows(
    '11383,11382,113c9 11385,11384,113bb 1138e,1138b,113c2 11391,11390,113c9 ' +
      '113c5,113c2,113c2 113c7,113c2,113b8 113c8,113c2,113c9 16121,1611e,1611e ' +
      '16122,1611e,16129 16123,1611e,1611f 16124,16129,1611f 16125,1611e,16120 ' +
      '16126,1611e,1611e,1611f 16127,1611e,16129,1611f 16128,1611e,1611e,16120 ' +
      '16d68,16d67,16d67 16d69,16d63,16d67 16d6a,16d63,16d67,16d67',
  ).map(([charCode = 0, ...letters]) => [charCode, String.fromCodePoint(...letters)]),
)

/** Runs of marks that normalization may reorder. */
export const recentMarks: readonly LetterRun[] = /* @__PURE__ */ parseRuns(
  '897 1238,e 3,b f27e,4 18d,1 2,2 4cf,2 b71,1 41ed 7f60 45d,3 ff,1 f4 3 8,1 6',
)

/**
 * Parses runs: the distance from the end of the previous run, the number of further letters, and
 * the letter to which the first folds.
 */
function parseRuns(pathText: string): LetterRun[] {
  let endIndex = 0
  return parseRows(pathText).map(([distance = 0, length = 0, folded = 0]) => {
    const first = endIndex + distance
    endIndex = first + length
    return [first, endIndex, folded]
  })
}

function parseRows(pathText: string): number[][] {
  return pathText
    .split(' ')
    .map((row) => row.split(',').map((hex) => Number.parseInt(hex, 16) || 0))
}
