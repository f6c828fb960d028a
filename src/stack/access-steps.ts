/**
 * Validates the option `access` of `portcullis()` and creates the two steps that apply its guard: one
 * checks path and client address before anything is read, the other checks the session after it was
 * opened. `portcullis()` calls these functions once, when an application creates the stack. An
 * invalid option, or one that needs a session where there is none, is added to the caller's list of
 * issues, which the caller must throw; an error that is no `ConfigError` is thrown on. At a request, a
 * step responds with the guard's rejection or calls the next step.
 */
import type { Context, MiddlewareHandler } from 'hono'
import { type AccessGuard, type AccessOptions, accessGuard } from '../access/guard.ts'
import type { MaybeAnswer } from '../access/options.ts'
import type { Issues } from '../options/issues.ts'

/** Validates the option `access`. Returns undefined where it is absent or its rules are invalid. */
export function compileAccess(
  accessOption: AccessOptions<never, Context> | undefined,
  { session }: { readonly session: unknown },
  issues: Issues,
): AccessGuard<Context> | undefined {
  if (accessOption === undefined) return undefined
  try {
    const checkAccess = accessGuard<Context>(accessOption)
    if (checkAccess.needsSession && session === undefined)
      issues.add('access', 'has rules about the session; set the option session as well')

    return checkAccess
  } catch (error) {
    issues.collect(error)
    return undefined
  }
}

/** Creates a step from one half of the guard. */
export function createAccessStep(applyGuard: (c: Context) => MaybeAnswer): MiddlewareHandler {
  return async function access(c, next) {
    return (await applyGuard(c)) ?? next()
  }
}
