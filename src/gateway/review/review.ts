/**
 * Reviews a configuration: reports options that are wrong or doubtful in the environment of a
 * deployment. `npx portcullis check` and the command line call it. It expects a configuration that
 * `createGateway` accepts.
 */
import { compileAccess } from '../../access/index.ts'
import { createIssues } from '../../options/index.ts'
import type { ChosenStrategy } from '../../session/index.ts'
import type { GatewayConfig } from '../config.ts'
import type { Route } from '../routes/route.ts'
import type { RuledRoute } from '../routes/table.ts'
import { unsupportedVerbs } from '../routes/validate-routes.ts'
import { reviewMethods } from './methods.ts'
import { reviewTable } from './table.ts'
import { reviewUpstreams } from './upstreams.ts'

/** The result of a review, one sentence for each problem. */
export interface Review {
  /** Problems that must be solved before a deployment. */
  readonly faults: readonly string[]
  /** Doubtful options, which may be intended. */
  readonly remarks: readonly string[]
}

/**
 * Reviews a configuration that {@link createGateway} accepts. Faults: upstreams at private
 * addresses. Remarks: routes that overlap, that take paths from stricter ones, or that look like
 * another kind of pattern; upstreams without a route; permissions that the sessions cannot support.
 *
 * @example
 * ```ts
 * const { faults, remarks } = reviewGateway(config, process.env)
 * if (faults.length > 0) throw new Error(faults.join('\n'))
 * ```
 * @param env - variables of the environment that it will run in, as far as they are known.
 */
export function reviewGateway<N extends string, Data extends object, E>(
  config: GatewayConfig<N, Data, E>,
  env: object = {},
): Review {
  const plainConfig = config as unknown as GatewayConfig<string, never, never>
  const routes = (plainConfig.routes as readonly Route[]).map((route): RuledRoute => {
    return { route, access: compileAccess(route.access ?? 'session', createIssues()) }
  })
  const upstreams = reviewUpstreams(plainConfig, env)

  return {
    faults: [...reviewUser(plainConfig), ...upstreams.faults],
    remarks: [
      ...reviewTable(routes, plainConfig.upstreams),
      ...reviewSessions(plainConfig.session, plainConfig.routes),
      ...reviewMethods(routes, plainConfig.upstreams),
      ...upstreams.remarks,
    ],
  }
}

/** Only a session that names its user keeps an upstream from naming another one. */
function reviewUser({ user, session }: GatewayConfig<string, never, never>): string[] {
  if (user === undefined || session === undefined) return []
  const choices = (session as Partial<ChosenStrategy<object>>).choices ?? [session]
  if (!choices.some(({ namesUser }) => namesUser === false)) return []
  return [
    'user is set and the option user of the session strategy is not: ' +
      'an upstream could change whose a session is after its login. Give both the same function.',
  ]
}

function reviewSessions(session: unknown, routes: readonly Route[]): string[] {
  const remarks: string[] = []
  const choices = (session as Partial<ChosenStrategy<object>> | undefined)?.choices ?? [session]
  const lacking = choices.flatMap(unsupportedVerbs)
  for (const [index, { path, sessions }] of routes.entries()) {
    const routeName = `routes.${index} (${path})`
    if (lacking.includes('endAll') && sessions?.includes('end')) {
      const description =
        choices.length > 1 ? 'are stateless in some environments' : 'are stateless'
      remarks.push(
        `${routeName} ends sessions, which ${description}: end() only clears the cookie, ` +
          'and a copy of it lives until its own end.',
      )
    }

    const wanting = new Set(lacking.filter((verb) => sessions?.includes(verb)))
    if (wanting.size > 0) {
      remarks.push(
        `${routeName} grants ${[...wanting].join(' and ')}, which only stored ` +
          'sessions support: stateless ones have no list, and the other verbs answer 503.',
      )
    }
  }

  return remarks
}
