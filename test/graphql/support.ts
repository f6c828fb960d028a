/** What the tests of this room share. */
import { type CompiledGraphql, compileLimits, type GraphqlLimits } from '../../src/graphql/index.ts'
import { createIssues } from '../../src/options/index.ts'

export function limitsOf(limits: GraphqlLimits = {}): CompiledGraphql {
  const found = createIssues('graphql')
  const compiled = compileLimits(limits, found)
  found.throwIfAny()
  return compiled
}
