export { type ParseValue, resolveFrom } from './from.ts'
export { createIssues, type Issues } from './issues.ts'
export { checkKeys, nearestKey } from './keys.ts'
export {
  booleanOption,
  choiceOption,
  type NumberRange,
  optionalFunction,
  optionalListener,
  wholeNumber,
} from './values.ts'
