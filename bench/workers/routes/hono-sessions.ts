import type { Hono } from 'hono'
import { CookieStore, type Session, sessionMiddleware } from 'hono-sessions'
import { type Data, dataOf, secret, told } from '../data.ts'

export function mount(plain: Hono): void {
  const app = plain as unknown as Hono<{ Variables: { session: Session<Data> } }>
  app.use(
    '*',
    sessionMiddleware({
      store: new CookieStore(),
      encryptionKey: secret,
      expireAfterSeconds: 28_800,
    }) as never,
  )
  app.get('/make', (c) => {
    const { n, pad } = dataOf(Number(c.req.query('bytes')))
    c.get('session').set('n', n)
    c.get('session').set('pad', pad)
    return c.text('n=1')
  })
  app.get('/read', (c) =>
    c.text(told({ n: c.get('session').get('n'), pad: c.get('session').get('pad') })),
  )
  app.get('/write', (c) => {
    const session = c.get('session')
    const n = (session.get('n') as number) + 1
    session.set('n', n)
    return c.text(told({ n, pad: session.get('pad') }))
  })
}
