/** Ours, stateless. `/write` changes one key; `/update` is the verb that is safe under conflict. */
import type { Hono } from 'hono'
import { session } from '../../../src/session/middleware.ts'
import { statelessSessions } from '../../../src/session/stateless/sessions.ts'
import { type Data, dataOf, secret, told } from '../data.ts'

export const sessions = statelessSessions<Data>({ secret })

export function routes(plain: Hono): void {
  const app = plain as unknown as Hono<{ Variables: { session: ReturnType<typeof sessions.open> } }>
  app.get('/make', async (c) => {
    await c.var.session.start(dataOf(Number(c.req.query('bytes'))))
    return c.text('n=1')
  })
  app.get('/read', async (c) => c.text(told(await c.var.session.get())))
  app.get('/write', async (c) => {
    const data = (await c.var.session.get()) as Data
    data.n++
    c.var.session.set('n', data.n)
    return c.text(told(data))
  })
  app.get('/update', async (c) =>
    c.text(
      told(await c.var.session.update((data) => ({ ...(data as Data), n: (data as Data).n + 1 }))),
    ),
  )
  app.get('/idle', (c) => c.text(told({ n: 1, pad: '' })))
}

export function mount(app: Hono): void {
  app.use(session(sessions) as never)
  routes(app)
}
