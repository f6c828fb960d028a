/** The Hono face of the session room. */
import type { Context, MiddlewareHandler } from 'hono'
import type { FlushableHandle, SessionStrategy, ThreeVerbs } from './core/types.ts'
import type { HandleFor, SessionEnv } from './env.ts'
import {
  freshGuard,
  type RequireFreshOptions,
  type RequireSessionOptions,
  sessionGuard,
} from './guard.ts'
import { threeVerbHandle } from './handle/strategy.ts'

/**
 * Gives `c.var.session`, and settles it on whatever the final response is. Mounted twice, it runs once. Where the handler
 * threw, only what was committed explicitly (`start`, `end`, `update`, `commit`) goes out, with the error page.
 */
export function session<Data extends object, S extends ThreeVerbs<Data>>(
  strategy: S & ThreeVerbs<Data>,
): MiddlewareHandler<SessionEnv<S>> {
  const full = 'open' in strategy ? (strategy as unknown as SessionStrategy<Data>) : undefined
  return async function session(c, next) {
    const handle = full?.open(c)
    if (handle !== undefined && (c.get('session') as unknown) === handle) return next()
    c.set('session', (handle ?? threeVerbHandle(strategy, c)) as HandleFor<S>)
    await next()
    if (handle !== undefined) await flushSession(c, handle)
  }
}

/** Lets signed-in sessions pass; sends others to sign in (navigations), or answers 401. */
export function requireSession(options: RequireSessionOptions<Context> = {}): MiddlewareHandler {
  const guard = sessionGuard(options)
  return async function requireSession(c, next) {
    const refused = await guard(c)
    return refused ?? next()
  }
}

/** Lets sessions pass that signed in at most `seconds` ago: before a change of password, say. */
export function requireFresh(
  seconds: number,
  options: RequireFreshOptions<Context> = {},
): MiddlewareHandler {
  const guard = freshGuard(seconds, options)
  return async function requireFresh(c, next) {
    const refused = await guard(c)
    return refused ?? next()
  }
}

async function flushSession(c: Context, handle: FlushableHandle<object>): Promise<void> {
  try {
    replaceResponse(c, await handle.flush(c.res, { failed: c.error !== undefined }))
  } catch (error) {
    replaceResponse(c, await handle.flush(c.res, { failed: true })) // what was committed before goes out with the error page
    throw error
  }
}

function replaceResponse(c: Context, settled: Response): void {
  if (settled === c.res) return
  c.res = undefined // else Hono copies the headers of the old response into the new one
  c.res = settled
}
