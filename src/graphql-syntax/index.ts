/**
 * A small parser of GraphQL documents: tokens and a syntax tree without types. The GraphQL guard
 * and the login throttle read requests with it.
 */
export {
  type Arguments,
  type Definition,
  type Document,
  type Operation,
  type ParseResult,
  parseDocument,
  parseWithin,
  type Selection,
  type Value,
} from './parse.ts'
export { type Token, tokenize } from './tokens.ts'
