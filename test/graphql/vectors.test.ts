import { expect, test } from 'vitest'
import { measure } from '../../src/graphql/index.ts'
import { graphqlDocument, graphqlTokens } from '../../src/graphql-syntax/index.ts'
import file from '../vectors/graphql.json' with { type: 'json' }

test.each(file.vectors)('$document', ({ document, tokens, size }) => {
  const parsed = graphqlDocument(document)
  if (tokens === undefined) expect(parsed).toBe(undefined)
  else {
    expect(graphqlTokens(document)).toHaveLength(tokens)
    expect(parsed && measure(parsed)).toEqual(size)
  }
})
