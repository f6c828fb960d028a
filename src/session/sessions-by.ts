/** One strategy of several, by what the environment says: configurations stand at module scope, where there is none. */

import { resolveFrom } from '../options/from.ts'
import { createIssues } from '../options/issues.ts'
import { checkKeys } from '../options/keys.ts'
import type { FromEnv, ProjectEnv } from '../types.ts'
import { createUnsupportedError } from './core/errors.ts'
import { isObject } from './core/record.ts'
import type {
  EndMarkedArgs,
  SessionContext,
  SessionInfo,
  SessionObject,
  SessionStrategy,
  StoredStrategy,
} from './core/types.ts'
import { createCookieJar } from './handle/cookie-jar.ts'

/** Options of {@link sessionsBy}. */
export interface SessionsByOptions {
  /** What a fault calls the choice, such as the variable it comes from. Default `session`. */
  readonly option?: string
}

/** A strategy that is another one for each environment. */
export interface ChosenStrategy<Data extends SessionObject> extends SessionStrategy<Data> {
  /** `stored` if any of them is. */
  readonly kind: 'stateless' | 'stored'
  /** All there are. */
  readonly choices: readonly SessionStrategy<Data>[]
  chosen(env: unknown): SessionStrategy<Data>
  /** As of `StoredStrategy`. @throws {ConfigError} `ERR_CONFIG` where the chosen one has none */
  list(args: UserArgs): Promise<SessionInfo[]>
  /** Resolves with how many there were, where that is known. @throws {ConfigError} `ERR_CONFIG` where it cannot be kept */
  endAll(args: UserArgs): Promise<number | undefined>
  /** As of `StoredStrategy`. @throws {ConfigError} `ERR_CONFIG` where it cannot be kept */
  endMarked(args: EndMarkedArgs): Promise<boolean>
}

interface UserArgs {
  readonly user: string
  readonly env?: unknown
}

/**
 * Sessions of one kind here and of another there, such as sealed cookies on a laptop and Redis in production:
 * `sessionsBy((c) => c.env.SESSION_STORE, { cookie: statelessSessions(…), redis: storedSessions(…) })`.
 *
 * A verb that the chosen one cannot keep fails when it is first used, not while building. To choose another one drops the
 * sessions that live: a cookie of one kind never opens as one of another.
 *
 * @param choose - name of one of the strategies, or what finds it in the environment.
 * @throws {ConfigError} `ERR_CONFIG`, also from `check` and from every verb where the environment names none of them
 */
export function sessionsBy<Data extends SessionObject, E = ProjectEnv>(
  choose: FromEnv<string, E>,
  strategies: Readonly<Record<string, SessionStrategy<Data>>>,
  options: SessionsByOptions = {},
): ChosenStrategy<Data> {
  const issues = createIssues()
  checkKeys(issues.at('sessionsBy'), options, ['option'])
  const known = new Map(Object.entries(isObject(strategies) ? strategies : {}))
  if (known.size === 0) issues.add('sessionsBy', 'needs at least one strategy to choose from')
  for (const [name, strategy] of known) {
    if (typeof strategy?.open !== 'function')
      issues.add(`sessionsBy.${name}`, 'must be a strategy of this library')
  }
  const names = [...known.keys()].map((name) => JSON.stringify(name)).join(', ')
  const chosen = resolveFrom(
    issues,
    options?.option ?? 'session',
    choose as FromEnv<string, never>,
    (name, at) => {
      const found = known.get(name)
      if (found === undefined) at.add('', `must be one of ${names}`)
      return found as SessionStrategy<Data>
    },
  )
  issues.throwIfAny()

  const all = [...known.values()]
  const findStrategy = (context: SessionContext): SessionStrategy<Data> =>
    chosen(createCookieJar(context).env)
  return {
    kind: all.some(({ kind }) => kind === 'stored') ? 'stored' : 'stateless',
    choices: all,
    cookieNames: [...new Set(all.flatMap(({ cookieNames }) => cookieNames))],
    chosen,
    check: (env) => chosen(env).check(env),
    open: (context, writes) => findStrategy(context).open(context, writes),
    get: async (args) => findStrategy(args.context).get(args),
    start: async (args) => findStrategy(args.context).start(args),
    end: async (args) => findStrategy(args.context).end(args),
    async list(args): Promise<SessionInfo[]> {
      const strategy = chosen(args.env) as Partial<StoredStrategy<Data>>
      if (strategy.list === undefined) throw createUnsupportedError('list')
      return strategy.list(args)
    },
    async endAll(args): Promise<number | undefined> {
      const strategy = chosen(args.env) as {
        endAll?: (args: UserArgs) => Promise<number | undefined>
      }
      if (strategy.endAll === undefined) throw createUnsupportedError('endAll')
      return strategy.endAll(args)
    },
    async endMarked(args): Promise<boolean> {
      const strategy = chosen(args.env) as Partial<StoredStrategy<Data>>
      if (strategy.endMarked === undefined) throw createUnsupportedError('endMarked')
      return strategy.endMarked(args)
    },
  }
}
