export {
  type Arguments,
  type Definition,
  type Document,
  documentOf,
  graphqlDocument,
  type Operation,
  type Selection,
  type Value,
} from './parse.ts'
export { graphqlTokens, type Token } from './tokens.ts'
