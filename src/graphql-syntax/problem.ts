/**
 * Defines the error that ends the reading of a GraphQL document. The lexer and the parser throw it, and `parse.ts` and
 * `tokenize` catch it.
 */

/** Ends the reading of a document, with the reason. */
export class SyntaxProblem extends Error {
  readonly status: 'malformed' | 'too-long'

  constructor(status: 'malformed' | 'too-long' = 'malformed') {
    super(status)
    this.status = status
  }
}
