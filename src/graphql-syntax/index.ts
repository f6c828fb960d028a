/**
 * A small parser of GraphQL documents: tokens and a syntax tree without types. The GraphQL guard
 * and the login throttle read requests with it.
 */
export {
  type Document,
  type Operation,
  type ParseResult,
  parseDocument,
  parseWithin,
} from './parse.ts'
export type { Definition, DocumentListener, RootField, Size, Spread } from './selections.ts'
export { type Token, tokenize } from './tokens.ts'
export type { Arguments, Value } from './values.ts'
