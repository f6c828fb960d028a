/** A gateway in front of an MCP server: clients send access tokens, and find out by themselves where to get one. */

import {
  bearerTokens,
  createGateway,
  defineGateway,
  type Gateway,
  gatewayLogin,
  oidc,
  statelessSessions,
} from './portcullis.ts'
import { createMcpServer } from './server.ts'

interface Data {
  readonly user: string
  readonly roles: readonly string[]
}

/** Values that a deployment has in its environment. */
export interface McpSettings {
  readonly publicOrigin: string
  readonly issuer: string
  readonly sessionSecret: string
  readonly assertionKey: string
  /** Reaches the provider. Default the global `fetch`. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>
}

/** Creates the gateway. */
export function createMcpGateway(settings: McpSettings): Gateway {
  const { publicOrigin, issuer, sessionSecret, assertionKey, fetch } = settings
  const server = createMcpServer(assertionKey, publicOrigin)

  return createGateway(
    defineGateway<'tools', Data>({
      publicOrigin,
      // In the same process here; elsewhere { url: 'https://mcp.internal.example.net' }.
      upstreams: { tools: { app: { fetch: server } } },
      session: statelessSessions<Data>({ secret: sessionSecret, user: ({ user }) => user }),
      login: gatewayLogin<Data>({
        providers: { work: oidc({ issuer, clientId: 'dev', clientSecret: 'dev' }) },
        identify: ({ user, roles }) => ({ user, roles: roles('groups', { admin: 'admins' }) }),
        // Tokens must be for this address, and it is published as protected resource metadata.
        bearer: bearerTokens({ audience: `${publicOrigin}/mcp`, scopes: ['tools'] }),
        ...(fetch !== undefined && { fetch }),
      }),
      user: ({ user }) => user,
      roles: ({ roles }) => roles,
      assertion: { key: assertionKey },
      claims: ({ roles }) => ({ roles }),
      routes: [
        { path: '/mcp', to: 'tools', bearer: { scope: 'tools' } },
        { path: '/*', to: 'tools' },
      ],
    }),
  )
}
