/**
 * Checks that compiled data belongs to this release. `csrf.ts` and `headers.ts` beside it call it
 * while they are built. Data of another release is a `ConfigError`: compile it again.
 */
import { ConfigError } from '../errors.ts'

/** The problem of data that another release compiled, and of any other data. */
export const wrongRelease = 'must be compiled by this release'

/** @throws {ConfigError} `ERR_CONFIG` where it does not hold */
export function assertOption(holds: boolean, optionName: string, problem: string): void {
  if (!holds) throw new ConfigError([{ option: optionName, problem }])
}
