/** The whole stack as one middleware. */
import type { Context, ErrorHandler, MiddlewareHandler, Next } from 'hono'
import type { CsrfOptions } from '../csrf/guard.ts'
import { csrf } from '../csrf/middleware.ts'
import { secureHeaders } from '../headers/middleware.ts'
import type { HeaderOptions } from '../headers/options.ts'
import { faults as newFaults } from '../options/faults.ts'
import { checkKeys } from '../options/keys.ts'
import { errorPage } from '../page/middleware.ts'
import type { SessionEnv } from '../session/env.ts'
import { session } from '../session/middleware.ts'
import type { ThreeVerbs } from '../session/types.ts'
import { order, type Step } from './order.ts'
import { canonicalPaths, type RequestIdEnv, requestId } from './steps.ts'

/** What the stack does. Absent = default, `false` = off. */
export interface StackOptions {
  /** Security headers; see `secureHeaders`. Default: the recommended profile. */
  readonly headers?: HeaderOptions | false
  /** Refuses paths that guards and router could read differently. Default true. */
  readonly path?: boolean
  /** Where requests that change something may come from; see `csrf`. Default: our own origin only. */
  readonly csrf?: Omit<CsrfOptions, 'token'> | false
  /** Answers what a step of the stack throws; what handlers throw is `app.onError`'s. Default `errorPage()`. */
  readonly onError?: ErrorHandler
}

/**
 * Every guard in its order, for `new Hono().use(portcullis({ session }))`. Register it first, and with it
 * `app.onError(errorPage())` and `app.notFound(notFoundPage())`.
 *
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 */
export function portcullis(options?: StackOptions): MiddlewareHandler<RequestIdEnv>
export function portcullis<Data extends object, S extends ThreeVerbs<Data>>(
  options: StackOptions & { readonly session: S & ThreeVerbs<Data> },
): MiddlewareHandler<RequestIdEnv & SessionEnv<S>>
export function portcullis(options: StackOptions & { readonly session?: ThreeVerbs<object> } = {}): MiddlewareHandler {
  const faults = newFaults('portcullis')
  checkKeys(faults, options, ['headers', 'path', 'csrf', 'session', 'onError'])
  const { headers, path = true, csrf: origins, session: strategy, onError = errorPage() } = options ?? {}
  const makers: Record<Step, () => MiddlewareHandler | undefined> = {
    requestId: () => requestId() as MiddlewareHandler,
    headers: () => (headers === false ? undefined : secureHeaders(headers)),
    path: () => (path ? canonicalPaths() : undefined),
    csrf: () => (origins === false ? undefined : csrf(origins)),
    session: () => (strategy === undefined ? undefined : (session(strategy) as MiddlewareHandler)),
  }
  const steps: MiddlewareHandler[] = []
  for (const name of order) {
    try {
      const step = makers[name]()
      if (step !== undefined) steps.push(step)
    } catch (error) {
      faults.absorb(error)
    }
  }
  faults.done()
  return async function portcullis(c, next) {
    await walk(steps, 0, c, next, onError)
  }
}

/**
 * Runs the steps as Hono runs middleware: an answer ends the walk, and what a step throws becomes an answer before the
 * steps around it see it. Otherwise an error page would leave without security headers.
 */
async function walk(
  steps: readonly MiddlewareHandler[],
  at: number,
  c: Context,
  next: Next,
  onError: ErrorHandler,
): Promise<void> {
  const step = steps[at]
  if (step === undefined) return next()
  try {
    const answer = await step(c, () => walk(steps, at + 1, c, next, onError))
    if (answer !== undefined && !c.finalized) c.res = answer
  } catch (error) {
    if (!(error instanceof Error)) throw error
    c.error = error
    c.res = await onError(error, c)
  }
}
