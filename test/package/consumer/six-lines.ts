import { Hono } from 'hono'
import { portcullis, statelessSessions } from 'portcullis'

const session = statelessSessions<{ visits: number }>({ secret: (c) => c.env.SESSION_SECRET })
const app = new Hono().use(portcullis({ session }))
app.get('/', async (c) =>
  c.json(await c.var.session.update((data) => ({ visits: (data?.visits ?? 0) + 1 }))),
)
export default app
