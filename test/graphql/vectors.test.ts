import { expect, test } from 'vitest'
import { measure } from '../../src/graphql/index.ts'
import { parseDocument, tokenize } from '../../src/graphql-syntax/index.ts'
import file from '../vectors/graphql.json' with { type: 'json' }

test.each(file.vectors)('$document', ({ document, tokens, size }) => {
  const parsed = parseDocument(document)
  if (tokens === undefined) expect(parsed).toBe(undefined)
  else {
    expect(tokenize(document)).toHaveLength(tokens)
    expect(parsed && measure(parsed)).toEqual(size)
  }
})
