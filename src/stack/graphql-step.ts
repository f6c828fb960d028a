/**
 * Creates the step of `portcullis()` that applies a GraphQL guard to one path in all its spellings.
 * `portcullis()` calls it while it is built. An invalid option is added to the caller's list of
 * issues. A request whose path is not canonical is always guarded, because a router might read it
 * as the GraphQL path. The guard's own rejections and errors pass through.
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
  /**
   * An exact path (`/graphql`) or a prefix (`/api/graphql/*`). Every spelling that some router
   * reads as this path is guarded, too.
   */
  readonly path: string
  /** The guard: `graphqlGuard({ ... })` of `portcullis/graphql`. */
  readonly guard: MiddlewareHandler
}

/**
 * Validates the option `graphql` and creates the step. Returns undefined where the option is absent
 * or invalid.
 */
export function graphqlStep(
  graphqlOption: GraphqlStep | undefined,
  issues: Issues,
): MiddlewareHandler | undefined {
  if (graphqlOption === undefined) return undefined
  checkKeys(issues, graphqlOption, ['path', 'guard'])
  const { path: pathOption, guard: graphqlGuard } = Object(graphqlOption) as Partial<GraphqlStep>
  if (typeof graphqlGuard !== 'function')
    issues.add('guard', 'must be the result of graphqlGuard({ ... })')
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
    // An app without the step `path` allows paths that are not canonical. All of those are guarded.
    const isCovered = !canonical.ok || coversFolded(foldPath(canonical.path))
    return isCovered && graphqlGuard !== undefined ? graphqlGuard(c, next) : next()
  }
}
