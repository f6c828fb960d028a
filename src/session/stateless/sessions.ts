/** Creates the strategy of stateless sessions, whose sealed cookie is the session. */
import { createIssues, type Issues } from '../../options/issues.ts'
import { createInternals, sessionInternals } from '../core/internals.ts'
import { compileSessionSettings, type SessionSettings } from '../core/settings.ts'
import type { SessionObject, StatelessStrategy } from '../core/types.ts'
import { createStrategy } from '../handle/strategy.ts'
import { createStatelessEngine } from './engine.ts'
import type { StatelessOptions } from './options.ts'
import type { Revocation, Revocations } from './revocable.ts'

/**
 * Creates sessions that are sealed into their cookie: they need no store and no request to one.
 *
 * This cannot promise two things. `end` clears the cookie, but a copy of it opens until its own end, unless there is a
 * `revocation`. Of two responses to one browser the later wins, so parallel writes may lose one another and a flash message
 * may show twice. Stored sessions promise all of it.
 *
 * @example
 * ```ts
 * const sessions = statelessSessions<{ userId: string }>({ secret: (c) => c.env.SESSION_SECRET })
 *
 * const app = new Hono()
 *   .use(session(sessions))
 *   .get('/', async (c) => c.json(await c.var.session.get()))
 * ```
 * @throws {ConfigError} `ERR_CONFIG` with every option that is wrong
 */
export function statelessSessions<Data extends SessionObject>(
  options: StatelessOptions<Data>,
): StatelessStrategy<Data> {
  const issues = createIssues('session')
  const settings = compileSessionSettings<Data>(
    options as StatelessOptions<Data, never>,
    issues,
    'stateless',
  )
  const revocations = startRevocation(options?.revocation, settings, issues.at('revocation'))
  if (settings.device && revocations === undefined)
    issues.add('device', 'needs the option revocation')
  issues.throwIfAny()

  const engine = createStatelessEngine(settings)
  const internals = createInternals(settings, options.audience)
  if (revocations === undefined) {
    const strategy = createStrategy('stateless', settings, engine)
    return { ...strategy, kind: 'stateless', [sessionInternals]: internals }
  }
  return {
    ...createStrategy('stateless', settings, revocations.engine(engine)),
    kind: 'stateless',
    endAll: ({ user, ...asked }) => revocations.endAll(user, asked),
    endMarked: (args) => revocations.endMarked(args),
    [sessionInternals]: internals,
  }
}

function startRevocation<Data extends object>(
  value: Revocation | undefined,
  settings: SessionSettings<Data>,
  issues: Issues,
): Revocations<Data> | undefined {
  if (value === undefined) return undefined
  if (typeof value?.start === 'function') return value.start(settings, issues)

  issues.add('', 'must be revocable({ ... }), which comes from portcullis/session')
  return undefined
}
