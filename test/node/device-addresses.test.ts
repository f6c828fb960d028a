/**
 * The addresses of device-bound sessions in an app that has none. A file of its own: the guards leave
 * them alone as soon as a process has made a strategy with `deviceBound()`.
 */
import { Hono } from 'hono'
import { expect, it } from 'vitest'
import { access } from '../../src/access/index.ts'
import { csrf } from '../../src/csrf/index.ts'
import { memoryLimiter, rateLimit } from '../../src/limit/index.ts'
import { session, statelessSessions } from '../../src/session/index.ts'
import { limitRequests } from '../../src/stack/index.ts'
import { secret } from '../session/support.ts'

// <form method="post" action="https://app.example.test/.portcullis/dbsc/refresh"> on another site, and curl.
it.each([
  ['csrf', 403, (app: Hono) => app.use(csrf())],
  [
    'access',
    401,
    (app: Hono) =>
      app.use(
        session(statelessSessions({ secret })),
        access({ rules: [{ path: '/*', allow: 'session' }] }),
      ),
  ],
  [
    'rateLimit',
    429,
    (app: Hono) =>
      app.use(
        rateLimit({
          name: 'one',
          limiter: memoryLimiter({ limit: 1, window: 60 }),
          key: () => 'all',
        } as never),
      ),
  ],
  ['limitRequests', 431, (app: Hono) => app.use(limitRequests({ headerBytes: 100 }))],
])('%s guards a handler of every path there, too', async (_, status, use) => {
  const app = new Hono()
  use(app)
  app.all('*', (c) => c.text('reached'))
  const headers = { 'sec-fetch-site': 'cross-site', 'x-long': 'x'.repeat(200) }
  const ask = (): Response | Promise<Response> =>
    app.request('https://app.example.test/.portcullis/dbsc/refresh', { method: 'POST', headers })
  await ask()
  expect((await ask()).status).toBe(status)
})
