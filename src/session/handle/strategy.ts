/**
 * Creates a strategy from an engine: the three methods of Keystone, and one handle for each context. Also
 * `openSession` for contexts without middleware. `statelessSessions` and `storedSessions` call
 * `createStrategy` once; the middleware calls `open` and `threeVerbHandle`, applications `openSession`.
 *
 * The same context object always gets the same handle. `check` throws `ERR_CONFIG` for an invalid secret in
 * the environment; the other methods reject as the handle does. Through `get`, `start`, `end` and
 * `openSession` cookies are written to the context at once.
 */
import type { SessionEngine } from '../core/engine.ts'
import type { SessionSettings } from '../core/options/settings.ts'
import type {
  FlushableHandle,
  SessionContext,
  SessionHandle,
  SessionStrategy,
  ThreeVerbHandle,
  ThreeVerbs,
} from '../core/types.ts'
import { createCookieJar } from './cookie-jar.ts'
import { Handle } from './handle.ts'
import { RequestState } from './request-state.ts'

/** Creates a strategy over an engine. */
export function createStrategy<Data extends object>(
  kind: 'stateless' | 'stored',
  settings: SessionSettings<Data>,
  engine: SessionEngine<Data>,
): SessionStrategy<Data> {
  // Each context has one handle, so that the middleware and all methods work on the same session. The handle is a
  // property of the context, because an entry in a WeakMap would cost more than all other work of the session.
  const handleKey = Symbol('session')
  const cookieNames = [settings.cookie.name, ...settings.legacy.map(({ name }) => name)]
  const bound = settings.device?.(settings, engine, cookieNames)
  const usedEngine = bound?.engine ?? engine
  const outerEngine = settings.clientInfo?.wrapEngine(settings, usedEngine) ?? usedEngine
  const frozenContexts = new WeakMap<SessionContext, Handle<Data>>()

  function open(
    context: SessionContext,
    writes: 'at-flush' | 'at-once' = 'at-flush',
  ): Handle<Data> {
    const owner = context as { [handleKey]?: Handle<Data> }
    const existing =
      owner[handleKey] ?? (Object.isExtensible(context) ? undefined : frozenContexts.get(context))
    // A copy of a context, or an object that inherits from it, must get a handle of its own.
    if (existing?.context === context) return existing

    const cookieJar = createCookieJar(context)
    const requestState = new RequestState<Data>(
      settings,
      outerEngine,
      cookieJar,
      writes === 'at-once',
    )
    const handle = new Handle<Data>(requestState, context)
    if (Object.isExtensible(context)) owner[handleKey] = handle
    else frozenContexts.set(context, handle)
    return handle
  }

  return {
    kind,
    namesUser: settings.user !== undefined,
    cookieNames,
    ...bound?.members,
    check(env): void {
      settings.keys(env)
    },
    open(context, writes): FlushableHandle<Data> {
      return open(context, writes)
    },
    get: ({ context }) => open(context, 'at-once').get(),
    start: ({ context, data }) => open(context, 'at-once').start(data),
    end: ({ context }) => open(context, 'at-once').end(),
  }
}

/**
 * Opens the session of a context without the middleware: a Server Action, a queue consumer, a plain `fetch` handler.
 * `start`,
 * `end`, `update` and `commit` write the cookie immediately; changes by `set` and `flash` are written by `commit()`.
 *
 * @example
 * ```ts
 * 'use server'
 * const session = openSession(sessions, { cookies: await cookies() })
 * await session.start({ userId: 'u1' })
 * ```
 */
export function openSession<Data extends object>(
  strategy: SessionStrategy<Data>,
  context: SessionContext,
): SessionHandle<Data> {
  return strategy.open(context, 'at-once')
}

/** Creates the handle of a strategy that is not of this library. It has the three methods of the strategy only. */
export function threeVerbHandle<Data>(
  strategy: ThreeVerbs<Data>,
  context: SessionContext,
): ThreeVerbHandle<Data> {
  return {
    get: () => strategy.get({ context }),
    start: (sessionData) => strategy.start({ context, data: sessionData }),
    end: () => strategy.end({ context }),
  }
}
