/**
 * Checks options of `portcullis/compiled` without the usual validation code, which keeps the bundle small.
 * `csrf.ts` and `headers.ts` beside it call `assertOption` while middleware is created. It throws a
 * `ConfigError` (`ERR_CONFIG`) for data that another release has compiled, and for missing functions.
 */
import { ConfigError } from '../errors.ts'

/** The problem of data that another release has compiled, and of data of any other kind. */
export const wrongRelease = 'must be compiled by this release'

/** Throws an error with the problem unless the option is valid. @throws {ConfigError} `ERR_CONFIG` */
export function assertOption(isValid: boolean, optionName: string, problem: string): void {
  if (!isValid) throw new ConfigError([{ option: optionName, problem }])
}
