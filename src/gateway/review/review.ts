/**
 * Reviews a configuration for options that are valid but wrong or doubtful in a deployment. Applications
 * call `reviewGateway()`, and `npx portcullis check` prints its sentences. It throws nothing for a
 * configuration that `createGateway` accepts; for any other one it may throw a `TypeError`. Values that
 * the environment does not hold are not reviewed.
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
 * addresses, and a user that an upstream could change. Remarks: routes that overlap, that decide
 * before a stricter one, or that look like another kind of pattern; upstreams without a route;
 * permissions that the sessions do not support.
 *
 * @example
 * ```ts
 * const { faults, remarks } = reviewGateway(config, process.env)
 * if (faults.length > 0) throw new Error(faults.join('\n'))
 * ```
 * @param env - variables of the environment in which the gateway will run, as far as they are known.
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

/** Finds a gateway whose sessions do not name their user. Then an upstream could change the user of a session. */
function reviewUser({ user, session }: GatewayConfig<string, never, never>): string[] {
  if (user === undefined || session === undefined) return []
  const choices = (session as Partial<ChosenStrategy<object>>).choices ?? [session]
  if (!choices.some(({ namesUser }) => namesUser === false)) return []
  return [
    'user is set, but the option user of the session strategy is not: an upstream could ' +
      'change the user of a session after the login. Give both options the same function.',
  ]
}

function reviewSessions(session: unknown, routes: readonly Route[]): string[] {
  const remarks: string[] = []
  const choices = (session as Partial<ChosenStrategy<object>> | undefined)?.choices ?? [session]
  const missingVerbs = choices.flatMap(unsupportedVerbs)
  for (const [index, { path, sessions }] of routes.entries()) {
    const routeName = `routes.${index} (${path})`
    if (missingVerbs.includes('endAll') && sessions?.includes('end')) {
      const description =
        choices.length > 1 ? 'are stateless in some environments' : 'are stateless'
      remarks.push(
        `${routeName} ends sessions, which ${description}: end() only clears the cookie, ` +
          'and a copy of the cookie stays valid until it expires.',
      )
    }

    const unsupportedGrants = new Set(missingVerbs.filter((verb) => sessions?.includes(verb)))
    if (unsupportedGrants.size > 0) {
      remarks.push(
        `${routeName} grants ${[...unsupportedGrants].join(' and ')}, which only stored ` +
          'sessions support: stateless ones have no list, and the other verbs answer 503.',
      )
    }
  }

  return remarks
}
