/** The step of GraphQL in the stack: a guard, on one path in all its spellings. */
import type { MiddlewareHandler } from 'hono'
import type { Issues } from '../options/issues.ts'
import { checkKeys } from '../options/keys.ts'
import { createAliasIndex } from '../request/aliases/alias-index.ts'
import { foldPath } from '../request/path/compare-path.ts'
import { canonicalPath } from '../request/path/path.ts'
import { compilePathPattern, coversPath, isPathPattern } from '../request/path/pattern.ts'

/** Where GraphQL is answered, and what looks into it. */
export interface GraphqlStep {
  /** Exact (`/graphql`) or a prefix (`/api/graphql/*`); every spelling that some router takes for it is guarded, too. */
  readonly path: string
  /** `graphqlGuard({ ... })` of `portcullis/graphql`. */
  readonly guard: MiddlewareHandler
}

/** Validates the option `graphql`; undefined where it is absent or wrong. */
export function graphqlStep(
  value: GraphqlStep | undefined,
  issues: Issues,
): MiddlewareHandler | undefined {
  if (value === undefined) return undefined
  checkKeys(issues, value, ['path', 'guard'])
  const { path, guard } = Object(value) as Partial<GraphqlStep>
  if (typeof guard !== 'function') issues.add('guard', 'must be graphqlGuard({ ... })')
  if (!isPathPattern(path)) {
    issues.add(
      'path',
      'must be an exact path (/graphql) or a prefix (/graphql/*), in canonical form',
    )
    return undefined
  }
  const pattern = compilePathPattern(path, true)
  const aliases = createAliasIndex<true>(true)
  aliases.add(path, true)
  const covers = (folded: string): boolean =>
    coversPath(pattern, folded) || aliases.find(folded).length > 0
  return async function graphql(c, next) {
    const canonical = canonicalPath(c.req.raw.url)
    // An app that allows other than canonical paths has more of them guarded, not fewer.
    const here = !canonical.ok || covers(foldPath(canonical.path))
    return here && guard !== undefined ? guard(c, next) : next()
  }
}
