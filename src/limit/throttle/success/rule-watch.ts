/**
 * Detects a success rule that no response ever meets, which makes every login count as a failure,
 * correct passwords included. The gateway creates one watch for each login route and calls it with
 * the outcome of each login. It reports once, at the twentieth login without a success. It counts
 * in one isolate only, and a new isolate starts at zero.
 */

const reportAfter = 20

/**
 * Creates a watch, which counts outcomes until there is a success. `report` is called once, at the
 * twentieth outcome if none was a success.
 */
export function createRuleWatch(report: () => void): (hasSucceeded: boolean) => void {
  let outcomes = 0
  let isOver = false

  return (hasSucceeded) => {
    if (isOver) return

    outcomes++
    isOver = hasSucceeded || outcomes >= reportAfter
    if (isOver && !hasSucceeded) report()
  }
}
