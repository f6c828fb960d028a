/**
 * Creates the strategy of stateless sessions, whose sealed cookie is the session. Applications call
 * `statelessSessions()` once and pass the result to `session()`, a gateway or a login.
 *
 * Wrong options throw `ERR_CONFIG`. Without `revocation` no store is needed, but a copy of the cookie stays
 * valid after a logout, `list` and `endOne` are missing, and parallel writes may be lost.
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
 * They lack two guarantees of stored sessions. `end` clears the cookie, but a copy of it stays valid until it expires,
 * unless there is a `revocation`. Of two responses to one browser the later wins, so parallel writes may be lost and a
 * flash message may be shown twice.
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
      endAll: ({ user, ...context }) => revocations.endAll(user, context),
      endMarked: (args) => revocations.endMarked(args),
    }),
    [sessionInternals]: createInternals(settings, options.audience),
  }
}
