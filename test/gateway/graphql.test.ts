import { describe, expect, test } from 'vitest'
import { createGateway } from '../../src/gateway/index.ts'
import { type GraphqlRouteOptions, graphqlLimits } from '../../src/graphql/index.ts'
import { sessions } from './support.ts'

/** Builds a gateway with one GraphQL route. */
function build(route: object, more: object = {}): void {
  createGateway({
    publicOrigin: 'https://app.example.com',
    upstreams: { app: { url: 'http://u.test' } },
    routes: [{ path: '/graphql', to: 'app', access: 'public', ...route }],
    ...more,
  } as never)
}

describe('the option graphql of a route', () => {
  const byRole = (): object => graphqlLimits({ introspection: { role: 'developer' } })
  const signedIn = { session: sessions }

  test.each<[string, object, object, string]>([
    ['bare options', { graphql: { maxDepth: 5 } }, {}, 'routes.0.graphql must be graphqlLimits'],
    ['true', { graphql: true }, {}, 'routes.0.graphql must be graphqlLimits'],
    [
      'a role where nobody signs in',
      { graphql: byRole() },
      {},
      'graphql.introspection needs a route that is not public',
    ],
    [
      'a role nobody reads',
      { graphql: byRole(), access: 'session' },
      signedIn,
      'graphql.introspection needs the option roles',
    ],
    [
      'no role',
      { graphql: graphqlLimits({ introspection: { role: [] } }), access: 'session' },
      { ...signedIn, roles: () => [] },
      'graphql.introspection.role must be a role',
    ],
    [
      'a word',
      { graphql: graphqlLimits({ introspection: 'developer' as never }), access: 'session' },
      { ...signedIn, roles: () => [] },
      'graphql.introspection must be',
    ],
  ])('%s is refused while building', (_name, route, more, words) => {
    expect(() => build(route, more)).toThrow(words)
  })

  test.each<[GraphqlRouteOptions, object, object]>([
    [{}, {}, {}],
    [{ introspection: true }, {}, {}],
    [
      { introspection: { role: ['a', 'b'] } },
      { access: 'session' },
      { ...signedIn, roles: () => [] },
    ],
  ])('%j is taken', (options, route, more) => {
    expect(() => build({ ...route, graphql: graphqlLimits(options) }, more)).not.toThrow()
  })

  test('its limits are judged where they are made', () => {
    expect(() => graphqlLimits({ maxDeph: 3 } as never)).toThrow(
      'graphqlLimits.maxDeph is not an option; did you mean maxDepth?',
    )
  })
})
