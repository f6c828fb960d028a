/** Whether what comes from a build is what this release can go by. */
import { ConfigError } from '../errors.ts'

/** What is wrong with data of another release, and with what is no such data. */
export const wrongRelease = 'must be compiled by this release'

/** @throws {ConfigError} `ERR_CONFIG` where it does not hold */
export function assertOption(holds: boolean, option: string, problem: string): void {
  if (!holds) throw new ConfigError([{ option, problem }])
}
