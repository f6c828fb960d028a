/** The step of GraphQL in the stack: a guard, on one path in all its spellings. */
import type { MiddlewareHandler } from 'hono'
import type { Faults } from '../options/faults.ts'
import { checkKeys } from '../options/keys.ts'
import { createAliasIndex } from '../request/alias-index.ts'
import { foldedPath } from '../request/compare-path.ts'
import { canonicalPath } from '../request/path.ts'
import { coversPath, isPathPattern, pathPattern } from '../request/pattern.ts'

/** Where GraphQL is answered, and what looks into it. */
export interface GraphqlStep {
  /** Exact (`/graphql`) or a prefix (`/api/graphql/*`); every spelling that some router takes for it is guarded, too. */
  readonly path: string
  /** `graphqlGuard({ ... })` of `portcullis/graphql`. */
  readonly guard: MiddlewareHandler
}

/** Judges the option `graphql`; undefined where it is absent or wrong. */
export function graphqlStep(given: GraphqlStep | undefined, faults: Faults): MiddlewareHandler | undefined {
  if (given === undefined) return undefined
  checkKeys(faults, given, ['path', 'guard'])
  const { path, guard } = Object(given) as Partial<GraphqlStep>
  if (typeof guard !== 'function') faults.add('guard', 'must be graphqlGuard({ ... })')
  if (!isPathPattern(path)) {
    faults.add('path', 'must be an exact path (/graphql) or a prefix (/graphql/*), in canonical form')
    return undefined
  }
  const pattern = pathPattern(path, true)
  const aliases = createAliasIndex<true>(true)
  aliases.add(path, true)
  const covers = (folded: string): boolean => coversPath(pattern, folded) || aliases.find(folded).length > 0
  return async function graphql(c, next) {
    const canonical = canonicalPath(c.req.raw.url)
    // Who lets others than canonical paths pass has more of them guarded, not fewer.
    const here = !canonical.ok || covers(foldedPath(canonical.path))
    return here && guard !== undefined ? guard(c, next) : next()
  }
}
