/**
 * Creates the strategy of stateless sessions, whose sealed cookie is the session. Applications
 * call `statelessSessions()` once. Wrong options are a `ConfigError`; a copy of the cookie stays
 * valid after a logout unless `revocation` is set.
 */
import { createIssues } from '../../options/issues.ts'
import { createInternals, sessionInternals } from '../core/internals.ts'
import { parseMakerOption } from '../core/options/maker-option.ts'
import { compileSessionSettings } from '../core/options/settings.ts'
import type { SessionObject, StatelessStrategy } from '../core/types.ts'
import { createStrategy } from '../handle/strategy.ts'
import { createStatelessEngine } from './engine.ts'
import type { StatelessOptions } from './options.ts'

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
  const revocations = parseMakerOption(
    issues,
    'revocation',
    options?.revocation,
    'revocable',
  )?.compile(settings, issues.at('revocation'))
  if (settings.device && revocations === undefined)
    issues.add('device', 'needs the option revocation')
  issues.throwIfAny()

  const engine = createStatelessEngine(settings)
  return {
    ...createStrategy('stateless', settings, revocations?.engine(engine) ?? engine),
    kind: 'stateless',
    ...(revocations && {
      endAll: ({ user, ...asked }) => revocations.endAll(user, asked),
      endMarked: (args) => revocations.endMarked(args),
    }),
    [sessionInternals]: createInternals(settings, options.audience),
  }
}
