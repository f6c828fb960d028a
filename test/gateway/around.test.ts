import { Hono } from 'hono'
import { expect, it } from 'vitest'
import { type SessionEnv, session, statelessSessions } from '../../src/session/index.ts'
import { bench, secret } from './support.ts'

it('leaves to an app around it the headers that the app changed directly', async () => {
  const { gateway } = await bench({ limits: false })
  const outer = statelessSessions<{ visits: number }>({
    secret,
    name: 'outer',
    initial: () => ({ visits: 0 }),
  })
  const app = new Hono<SessionEnv<typeof outer>>()
  app.use(session(outer))
  app.use(async (c, next) => {
    await next()
    c.res.headers.append('vary', 'X-Tenant')
    c.res.headers.delete('cache-control')
  })
  app.use(async (c, next) => {
    c.var.session.set('visits', 1)
    await next()
  })
  app.all('*', (c) => gateway.fetch(c.req.raw))

  const { headers } = await app.request('https://app.example.com/open')

  expect(headers.get('vary')).toMatch(/\bX-Tenant\b/)
  expect(headers.get('vary')).toMatch(/\bCookie\b/i)
  expect(headers.get('cache-control')).toContain('no-store')
  expect(headers.get('set-cookie')).toContain('outer')
})
