/**
 * Compiles the options of a route for request bodies: `maxBodyBytes` and `contentTypes`.
 * `validate-routes.ts` calls it while building. A wrong value is reported as an issue, and the default
 * (10 MB, all types) is then returned, so the caller must throw the issues before it uses the rules.
 */
import { type Issues, parseWholeNumber } from '../../options/index.ts'
import {
  type BodyRules,
  bodyBounds,
  compileContentTypes,
  defaultBodyBytes,
} from '../../request/index.ts'
import type { Route } from './route.ts'

/** Validates `maxBodyBytes` and `contentTypes` and compiles them into rules. */
export function compileBodyRules(
  { maxBodyBytes, contentTypes: types }: Route,
  issues: Issues,
): BodyRules {
  return {
    maxBytes:
      parseWholeNumber(issues, 'maxBodyBytes', maxBodyBytes, bodyBounds) ?? defaultBodyBytes,
    types: types === undefined ? undefined : compileContentTypes(types, issues.at('contentTypes')),
  }
}
