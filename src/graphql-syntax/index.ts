/**
 * Parses GraphQL documents into tokens and sizes, without types and without a tree. The GraphQL guard and the login
 * throttle read requests with it. It throws nothing: a malformed document gives undefined or a status.
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
