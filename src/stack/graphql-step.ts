/**
 * Creates the step of GraphQL in the stack: a guard on one path in all its spellings.
 * `portcullis.ts` calls it while building. A wrong option is reported as an issue.
 */
import type { MiddlewareHandler } from 'hono'
import type { Issues } from '../options/issues.ts'
import { checkKeys } from '../options/keys.ts'
import { createAliasIndex } from '../request/aliases/alias-index.ts'
import { foldPath } from '../request/path/compare-path.ts'
import { canonicalPath } from '../request/path/path.ts'
import { compilePathPattern, coversPath, isPathPattern } from '../request/path/pattern.ts'

/** The path of the GraphQL endpoint, and its guard. */
export interface GraphqlStep {
  /** Exact (`/graphql`) or a prefix (`/api/graphql/*`); every spelling that some router takes for it is guarded, too. */
  readonly path: string
  /** `graphqlGuard({ ... })` of `portcullis/graphql`. */
  readonly guard: MiddlewareHandler
}

/** Validates the option `graphql`; undefined where it is absent or wrong. */
export function graphqlStep(
  graphqlOption: GraphqlStep | undefined,
  issues: Issues,
): MiddlewareHandler | undefined {
  if (graphqlOption === undefined) return undefined
  checkKeys(issues, graphqlOption, ['path', 'guard'])
  const { path: pathOption, guard: graphqlGuard } = Object(graphqlOption) as Partial<GraphqlStep>
  if (typeof graphqlGuard !== 'function') issues.add('guard', 'must be graphqlGuard({ ... })')
  if (!isPathPattern(pathOption)) {
    issues.add(
      'path',
      'must be an exact path (/graphql) or a prefix (/graphql/*), in canonical form',
    )
    return undefined
  }

  const pattern = compilePathPattern(pathOption, true)
  const aliases = createAliasIndex<true>(true)
  aliases.add(pathOption, true)
  const coversFolded = (foldedPath: string): boolean =>
    coversPath(pattern, foldedPath) || aliases.find(foldedPath).length > 0

  return async function graphql(c, next) {
    const canonical = canonicalPath(c.req.raw.url)
    // An app that allows other than canonical paths has more of them guarded, not fewer.
    const isCovered = !canonical.ok || coversFolded(foldPath(canonical.path))
    return isCovered && graphqlGuard !== undefined ? graphqlGuard(c, next) : next()
  }
}
