/** Gateways with many routes and applications with many rules. */
import { Hono } from 'hono'
import { csrf } from '../../src/csrf/middleware.ts'
import { createGateway, defineGateway } from '../../src/gateway/index.ts'
import { statelessSessions } from '../../src/session/stateless/sessions.ts'
import { secret } from './data.ts'

/** The last route asks for a session, which a request without cookie has not: 401, with no upstream in the measurement. */
export function manyRoutes(count: number): object {
  const session = statelessSessions<{ user: string }>({ secret, user: (data) => data.user })
  const routes = Array.from({ length: count }, (_, i) => ({
    path: `/r${i}/*`,
    to: 'app' as const,
    access: 'session' as const,
  }))
  return createGateway(
    defineGateway<'app', { user: string }>({
      publicOrigin: 'http://localhost',
      upstreams: { app: { url: 'http://127.0.0.1:9' } },
      session,
      user: (data: { user: string }) => data.user,
      routes,
    } as never),
  )
}

export function manyRules(count: number): object {
  const exempt = Array.from({ length: count }, (_, i) => ({
    methods: ['POST'],
    path: `/hooks/${i}`,
  }))
  return new Hono().use(csrf({ exempt })).post('/*', (c) => c.text('ok'))
}
