/** A strategy: Keystone's three verbs for anyone, and one handle per context. */
import { jarOf } from './context.ts'
import type { Engine } from './engine.ts'
import { Handle } from './handle.ts'
import type { SessionSettings } from './settings.ts'
import type {
  FlushableHandle,
  SessionContext,
  SessionHandle,
  SessionStrategy,
  ThreeVerbHandle,
  ThreeVerbs,
} from './types.ts'

/** Puts an engine behind the verbs that every strategy has. */
export function strategyOf<Data extends object>(
  kind: 'stateless' | 'stored',
  settings: SessionSettings<Data>,
  engine: Engine<Data>,
): SessionStrategy<Data> {
  // One handle per context, so that verbs and middleware speak of the same session. Nothing outlives the context.
  const handles = new WeakMap<SessionContext, Handle<Data>>()

  function open(context: SessionContext, writes: 'at-flush' | 'at-once' = 'at-flush'): Handle<Data> {
    const known = handles.get(context)
    if (known !== undefined) return known
    const made = new Handle<Data>(settings, engine, jarOf(context), writes === 'at-once')
    handles.set(context, made)
    return made
  }

  return {
    kind,
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
export function threeVerbHandle<Data>(strategy: ThreeVerbs<Data>, context: SessionContext): ThreeVerbHandle<Data> {
  return {
    get: () => strategy.get({ context }),
    start: (data) => strategy.start({ context, data }),
    end: () => strategy.end({ context }),
  }
}
