/** A strategy: Keystone's three verbs for anyone, and one handle per context. */

import type { SessionEngine } from '../core/engine.ts'
import type { SessionSettings } from '../core/settings.ts'
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

/** Puts an engine behind the verbs that every strategy has. */
export function createStrategy<Data extends object>(
  kind: 'stateless' | 'stored',
  settings: SessionSettings<Data>,
  engine: SessionEngine<Data>,
): SessionStrategy<Data> {
  // One handle per context, so that verbs and middleware speak of the same session. It lies on the context itself: an entry
  // of a WeakMap keeps the collector busy for longer than all else that a request asks of its session.
  const own = Symbol('session')
  const closed = new WeakMap<SessionContext, Handle<Data>>()

  function open(
    context: SessionContext,
    writes: 'at-flush' | 'at-once' = 'at-flush',
  ): Handle<Data> {
    const at = context as { [own]?: Handle<Data> }
    const known = at[own] ?? (Object.isExtensible(context) ? undefined : closed.get(context))
    // What was copied from a context, or made after it, is another one.
    if (known?.context === context) return known
    const state = new RequestState<Data>(
      settings,
      engine,
      createCookieJar(context),
      writes === 'at-once',
    )
    const made = new Handle<Data>(state, context)
    if (Object.isExtensible(context)) at[own] = made
    else closed.set(context, made)
    return made
  }

  return {
    kind,
    namesUser: settings.user !== undefined,
    cookieNames: [settings.cookie.name, ...settings.legacy.map(({ name }) => name)],
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
 * The session of a context that no middleware serves: a Server Action, a queue consumer, a plain `fetch` handler.
 * `start`, `end`, `update` and `commit` write the cookie at once; what was only `set` or flashed waits for `commit()`.
 */
export function openSession<Data extends object>(
  strategy: SessionStrategy<Data>,
  context: SessionContext,
): SessionHandle<Data> {
  return strategy.open(context, 'at-once')
}

/** The handle of a strategy that somebody else wrote: its three verbs on this context, and no emulation of others. */
export function threeVerbHandle<Data>(
  strategy: ThreeVerbs<Data>,
  context: SessionContext,
): ThreeVerbHandle<Data> {
  return {
    get: () => strategy.get({ context }),
    start: (data) => strategy.start({ context, data }),
    end: () => strategy.end({ context }),
  }
}
