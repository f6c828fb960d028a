/** The rows that tests of goals measured, printed as a table of docs/decisions/0009-login-protocol.md. */

interface Row {
  readonly goal: number
  readonly measure: string
  readonly wanted: string
  readonly measured: string
}

const rows: Row[] = []

/** Writes a row of the table. The assertions of the test decide; this is what they saw. */
export function noteGoal(
  goal: number,
  measure: string,
  wanted: string | number,
  measured: unknown,
): void {
  rows.push({ goal, measure, wanted: `${wanted}`, measured: `${measured}` })
}

/** Prints the rows of this file in their order. */
export function printGoals(): void {
  const sorted = rows.toSorted((one, other) => one.goal - other.goal)
  const lines = sorted.map(
    ({ goal, measure, wanted, measured }) => `| ${goal} | ${measure} | ${wanted} | ${measured} |`,
  )
  console.log(['| # | measure | goal | measured |', '|---|---|---|---|', ...lines].join('\n'))
}
