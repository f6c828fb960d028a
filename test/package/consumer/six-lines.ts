import { Hono } from 'hono'
import { portcullis, statelessSessions } from 'portcullis'

const session = statelessSessions<{ n: number }>({ secret: (c) => c.env.SESSION_SECRET })
const app = new Hono().use(portcullis({ session }))
app.get('/', async (c) => c.json(await c.var.session.update((d) => ({ n: (d?.n ?? 0) + 1 }))))
export default app
