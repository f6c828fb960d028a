/** What the tests of this room share. */
import { type CompiledGraphql, compileLimits, type GraphqlLimits } from '../../src/graphql/index.ts'
import { faults } from '../../src/options/index.ts'

export function limitsOf(limits: GraphqlLimits = {}): CompiledGraphql {
  const found = faults('graphql')
  const compiled = compileLimits(limits, found)
  found.done()
  return compiled
}
