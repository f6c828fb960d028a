/**
 * Notices a rule of success that nothing ever meets: then every login counts as a failure, right
 * ones too. The gateway creates one for each login route. It reports once, at the twentieth login
 * without a success.
 */

const enough = 20

/** Counts outcomes until there is a success. `tell` is called once, at the twentieth without any. */
export function createRuleWatch(tell: () => void): (succeeded: boolean) => void {
  let settled = 0
  let done = false

  return (succeeded) => {
    if (done) return

    settled++
    done = succeeded || settled >= enough
    if (done && !succeeded) tell()
  }
}
