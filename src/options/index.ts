/**
 * Validation of options. Every validator adds its problems to a list of issues, so that one ConfigError names all of them.
 * `resolveFrom` does the same for options that are functions of the environment.
 */
export { ConfigError } from '../errors.ts'
export { type ParseValue, resolveFrom } from './from.ts'
export { createIssues, type Issues } from './issues.ts'
export { checkKeys, nearestKey } from './keys.ts'
export {
  booleanOption,
  type NumberRange,
  optionalFunction,
  optionalListener,
  parseChoice,
  parseWholeNumber,
  withoutSlashAtEnd,
} from './values.ts'
