/** The demo's gateway with a login at the development provider: `npm run dev -- --login`. */
import { defineGateway, type GatewayConfig } from '../../src/gateway/index.ts'
import { gatewayLogin, loginMark, memoryTokens, oidc } from '../../src/login/index.ts'
import { storedSessions } from '../../src/session/index.ts'
import { memoryStore } from '../../src/store/index.ts'
import { common, type Data } from '../../worker/gateway.config.ts'
import { demo, seen } from './gateway.config.ts'

/** The variables of this demo: the provider is a process beside it. */
interface LoginEnv {
  readonly LOGIN_ISSUER: string
}

/** Sessions are in the memory of this process, so that a logout at the provider ends them here. */
export function demoWithLogin(): GatewayConfig<'app' | 'failing' | 'nowhere', Data> {
  const { signIn: _, ...rest } = demo()
  return defineGateway({
    ...rest,
    session: storedSessions<Data>({ ...common, ...seen, store: memoryStore(), mark: loginMark }),
    login: gatewayLogin<Data>({
      providers: {
        dev: oidc<LoginEnv>({
          issuer: (c) => c.env.LOGIN_ISSUER,
          clientId: 'dev',
          clientSecret: 'dev',
          label: 'Development provider',
        }) as never,
      },
      identify: ({ user, claims, roles }) => ({
        user,
        name: `${claims.name}`,
        roles: roles('groups', { admin: 'admins' }),
        visits: 0,
      }),
      tokens: memoryTokens(),
    }),
    // These sessions are bound to no device: see `npm run dev -- --device`.
    routes: rest.routes.filter(({ path }) => path !== '/device/proof'),
  })
}
