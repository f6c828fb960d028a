export {
  type Arguments,
  type Definition,
  type Document,
  type Operation,
  parseDocument,
  parseTokens,
  type Selection,
  type Value,
} from './parse.ts'
export { type Token, tokenize } from './tokens.ts'
