import { type Session, useSession } from '@hono/session'
import type { Hono } from 'hono'
import { type Data, dataOf, secret, told } from '../data.ts'

export function mount(plain: Hono): void {
  const app = plain as unknown as Hono<{ Variables: { session: Session<Data> } }>
  app.use(useSession<Data>({ secret, duration: { absolute: 28_800 } }) as never)
  app.get('/make', async (c) => {
    await c.var.session.update(dataOf(Number(c.req.query('bytes'))))
    return c.text('n=1')
  })
  app.get('/read', async (c) => c.text(told(await c.var.session.get())))
  app.get('/write', async (c) => {
    await c.var.session.update((data) => ({ ...(data as Data), n: (data as Data).n + 1 }))
    return c.text(told(c.var.session.data))
  })
}
