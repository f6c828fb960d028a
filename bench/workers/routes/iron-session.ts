import type { Context, Hono } from 'hono'
import { getIronSession, type IronSession, webCookies } from 'iron-session'
import { type Data, dataOf, secret, told } from '../data.ts'

const opened = (c: Context, headers: Headers): Promise<IronSession<Data>> =>
  getIronSession<Data>(webCookies(c.req.raw, headers), { password: secret, cookieName: 's' })

export function mount(app: Hono): void {
  app.get('/make', async (c) => {
    const headers = new Headers()
    const session = await opened(c, headers)
    Object.assign(session, dataOf(Number(c.req.query('bytes'))))
    await session.save()
    return new Response('n=1', { headers })
  })
  app.get('/read', async (c) => c.text(told(await opened(c, new Headers()))))
  app.get('/write', async (c) => {
    const headers = new Headers()
    const session = await opened(c, headers)
    session.n = (session.n ?? 0) + 1
    await session.save()
    return new Response(told(session), { headers })
  })
}
