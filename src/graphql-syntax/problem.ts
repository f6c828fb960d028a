/**
 * The error of a GraphQL document that is not read any further. The lexer and the parser throw it,
 * and `parse.ts` catches it.
 */

/** Why a document is not read any further. */
export class SyntaxProblem extends Error {
  readonly status: 'malformed' | 'too-long'

  constructor(status: 'malformed' | 'too-long' = 'malformed') {
    super(status)
    this.status = status
  }
}
