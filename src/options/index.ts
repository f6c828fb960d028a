export { type Faults, faults } from './faults.ts'
export { type Judge, resolveFrom } from './from.ts'
export { checkKeys, nearest } from './keys.ts'
export { type Bounds, flag, oneOf, optionalFunction, optionalListener, wholeNumber } from './values.ts'
