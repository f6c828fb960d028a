/**
 * Selects one of several strategies by the environment of a request, because a configuration at module
 * scope has no environment. Applications pass `sessionsBy()` wherever a strategy is accepted, and the
 * middleware, the gateway and the login call its methods.
 *
 * Wrong options throw `ERR_CONFIG`. So does every method if the environment names no strategy, and
 * `list`, `endAll`, `endOne` or `endMarked` if the current strategy does not support it. Sessions of one
 * strategy are not read by another: a changed choice signs users out.
 */
import { resolveFrom } from '../options/from.ts'
import { isObject } from '../options/is-object.ts'
import { createIssues, type Issues } from '../options/issues.ts'
import { checkKeys } from '../options/keys.ts'
import type { FromEnv, ProjectEnv } from '../types.ts'
import { createUnsupportedError } from './core/errors.ts'
import type {
  EndAllArgs,
  EndMarkedArgs,
  EndOneArgs,
  SessionContext,
  SessionInfo,
  SessionObject,
  SessionStrategy,
  StoredStrategy,
} from './core/types.ts'
import { createCookieJar } from './handle/cookie-jar.ts'

/** Options of {@link sessionsBy}. */
export interface SessionsByOptions {
  /**
   * Name of the choice in error messages, such as the variable that it comes from.
   *
   * @default 'session'
   */
  readonly option?: string
}

/** A strategy that passes each call on to the strategy of the environment. */
export interface ChosenStrategy<Data extends SessionObject> extends SessionStrategy<Data> {
  /** `stored` if at least one of the strategies is stored. */
  readonly kind: 'stateless' | 'stored'
  /** All strategies to choose from. */
  readonly choices: readonly SessionStrategy<Data>[]
  chosen(env: unknown): SessionStrategy<Data>
  /** See `StoredStrategy.list`. @throws {ConfigError} `ERR_CONFIG` if the current strategy has no lists */
  list(args: { readonly user: string; readonly env?: unknown }): Promise<SessionInfo[]>
  /** Resolves with the number of ended sessions, or undefined if it is unknown. @throws {ConfigError} if unsupported */
  endAll(args: EndAllArgs): Promise<number | undefined>
  /** See `StoredStrategy.endOne`. @throws {ConfigError} `ERR_CONFIG` if the current strategy has no lists */
  endOne(args: EndOneArgs): Promise<boolean>
  /** See `StoredStrategy.endMarked`. @throws {ConfigError} `ERR_CONFIG` if unsupported */
  endMarked(args: EndMarkedArgs): Promise<boolean>
}

/** The methods that only some strategies have. */
interface OptionalVerbs<Data extends SessionObject> {
  list?: StoredStrategy<Data>['list']
  endAll?(args: EndAllArgs): Promise<number | undefined>
  endOne?: StoredStrategy<Data>['endOne']
  endMarked?: StoredStrategy<Data>['endMarked']
}

/**
 * Creates sessions of one kind in one environment and of another kind elsewhere, such as sealed cookies on a laptop and
 * Redis in production.
 *
 * A method that the current strategy does not support fails when it is called, not while the app is built. A changed
 * choice signs users out, because a cookie of one strategy never opens in another.
 *
 * @param choose - name of one of the strategies, or a function that returns it from the environment.
 * @example
 * ```ts
 * const sessions = sessionsBy((c) => c.env.SESSION_STORE, {
 *   cookie: statelessSessions({ secret }),
 *   redis: storedSessions({ secret, store }),
 * })
 * ```
 * @throws {ConfigError} `ERR_CONFIG`, also from `check` and from every verb if the environment names no strategy
 */
export function sessionsBy<Data extends SessionObject, E = ProjectEnv>(
  choose: FromEnv<string, E>,
  strategies: Readonly<Record<string, SessionStrategy<Data>>>,
  options: SessionsByOptions = {},
): ChosenStrategy<Data> {
  const issues = createIssues()
  checkKeys(issues.at('sessionsBy'), options, ['option'])
  const byName = validateStrategies(strategies, issues)
  const names = [...byName.keys()].map((name) => JSON.stringify(name)).join(', ')
  const findByEnv = resolveFrom(
    issues,
    options?.option ?? 'session',
    choose as FromEnv<string, never>,
    (name, nameIssues) => {
      const strategy = byName.get(name)
      if (strategy === undefined) nameIssues.add('', `must be one of ${names}`)
      return strategy as SessionStrategy<Data>
    },
  )
  issues.throwIfAny()

  const choices = [...byName.values()]
  const findByContext = (context: SessionContext): SessionStrategy<Data> =>
    findByEnv(createCookieJar(context).env)
  const findWithVerb = <V extends keyof OptionalVerbs<Data>>(
    verb: V,
    env: unknown,
  ): Required<Pick<OptionalVerbs<Data>, V>> => {
    const strategy = findByEnv(env) as OptionalVerbs<Data>
    if (strategy[verb] === undefined) throw createUnsupportedError(verb)

    return strategy as Required<Pick<OptionalVerbs<Data>, V>>
  }

  return {
    kind: choices.some(({ kind }) => kind === 'stored') ? 'stored' : 'stateless',
    choices,
    cookieNames: [...new Set(choices.flatMap(({ cookieNames }) => cookieNames))],
    chosen: findByEnv,
    check: (env) => findByEnv(env).check(env),
    ...(choices.some(({ device }) => device) && {
      device: {
        servesSite: choices.some(({ device }) => device?.servesSite),
        answer: (request, env, handle, path) =>
          findByEnv(env).device?.answer(request, env, handle, path),
        reload: (request, handle, env) => findByEnv(env).device?.reload(request, handle, env),
      },
    }),
    open: (context, writes) => findByContext(context).open(context, writes),
    get: async (args) => findByContext(args.context).get(args),
    start: async (args) => findByContext(args.context).start(args),
    end: async (args) => findByContext(args.context).end(args),
    list: async (args) => findWithVerb('list', args.env).list(args),
    endAll: async (args) => findWithVerb('endAll', args.env).endAll(args),
    endOne: async (args) => findWithVerb('endOne', args.env).endOne(args),
    endMarked: async (args) => findWithVerb('endMarked', args.env).endMarked(args),
  }
}

function validateStrategies<Data extends SessionObject>(
  strategies: Readonly<Record<string, SessionStrategy<Data>>>,
  issues: Issues,
): ReadonlyMap<string, SessionStrategy<Data>> {
  const byName = new Map(Object.entries(isObject(strategies) ? strategies : {}))
  if (byName.size === 0) issues.add('sessionsBy', 'needs at least one strategy to choose from')

  for (const [name, strategy] of byName) {
    if (typeof strategy?.open !== 'function') {
      issues.add(
        `sessionsBy.${name}`,
        'must be the result of statelessSessions() or storedSessions()',
      )
    }
  }
  return byName
}
