/**
 * Validation of options, for every module that has options, and for `node/`. Every validator adds
 * its problems to a list of issues, so that one `ConfigError` names all of them; the builder must
 * end with `issues.throwIfAny()`. `resolveFrom` does the same for options that are functions of the
 * environment, whose results are validated at the first request.
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
