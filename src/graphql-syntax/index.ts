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
