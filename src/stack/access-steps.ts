/**
 * Creates the two steps of `access` in the stack: path and address come first, the session after
 * it was opened. `portcullis.ts` calls it while building. A wrong option is reported as an issue.
 */
import type { Context, MiddlewareHandler } from 'hono'
import { type AccessGuard, type AccessOptions, accessGuard } from '../access/guard.ts'
import type { MaybeAnswer } from '../access/options.ts'
import type { Issues } from '../options/issues.ts'

/** Validates the option `access`; undefined where it is absent or wrong. */
export function compileAccess(
  accessOption: AccessOptions<never, Context> | undefined,
  { session }: { readonly session: unknown },
  issues: Issues,
): AccessGuard<Context> | undefined {
  if (accessOption === undefined) return undefined
  try {
    const checkAccess = accessGuard<Context>(accessOption)
    if (checkAccess.needsSession && session === undefined)
      issues.add('access', 'needs the option session')

    return checkAccess
  } catch (error) {
    issues.collect(error)
    return undefined
  }
}

/** One half of the guard as a step. */
export function createAccessStep(applyGuard: (c: Context) => MaybeAnswer): MiddlewareHandler {
  return async function access(c, next) {
    return (await applyGuard(c)) ?? next()
  }
}
