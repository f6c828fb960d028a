/** Compares counted instructions with the budget. */

/** Instructions of each row, by its table and label. */
export type Budget = Readonly<Record<string, number>>

/** The share by which a row may be above its budget: counts differ by half a percent from run to run. */
export const tolerance = 0.02

/** A row that costs more than its budget allows. */
export interface Overrun {
  readonly row: string
  readonly budget: number
  readonly measured: number
}

/**
 * Finds the rows that cost more than their budget and the tolerance. A row without a budget is over it: somebody has to write it
 * down.
 */
export function findOverruns(budget: Budget, measured: Budget): Overrun[] {
  return Object.entries(measured)
    .map(([row, instructions]) => ({ row, budget: budget[row] ?? 0, measured: instructions }))
    .filter((found) => found.measured > found.budget * (1 + tolerance))
}

/** Describes an overrun in one line. */
export function describeOverrun({ row, budget, measured }: Overrun): string {
  if (budget === 0)
    return `${row}: ${measured} instructions, and no budget: node bench/budget.ts --write`
  const percent = ((measured / budget - 1) * 100).toFixed(1)
  return `${row}: ${measured} instructions, ${percent} % above its budget of ${budget}`
}

/**
 * Finds the first of a list of commits, oldest first, whose cost is above a limit, by halving. The last one is known to be above.
 * Commits that cannot be counted are passed over.
 *
 * @param count - the instructions at a commit; undefined where it cannot be counted
 */
export async function findFirstAbove(
  commits: readonly string[],
  limit: number,
  count: (commit: string) => Promise<number | undefined>,
): Promise<string | undefined> {
  let first = 0
  let candidates = commits
  while (candidates.length - first > 1) {
    const middle = (first + candidates.length - 1) >> 1
    const commit = candidates[middle] as string
    const instructions = await count(commit)
    if (instructions === undefined) candidates = candidates.filter((other) => other !== commit)
    else if (instructions > limit) candidates = candidates.slice(0, middle + 1)
    else first = middle + 1
  }
  return candidates[first]
}
