/** The six-line start: sessions and security headers on every answer. */
import { Hono } from 'hono'
import { portcullis, statelessSessions } from '../../src/index.ts'

const session = statelessSessions<{ visits: number }>({
  secret: 'Vt5-nY9bLq2Zx8Kr4WmJ7cHs3PdG6fAe',
})
export const app = new Hono().use(portcullis({ session })).get('/', async (c) => {
  const { visits } = await c.var.session.update((data) => ({ visits: (data?.visits ?? 0) + 1 }))
  return c.text(`Visit ${visits}`)
})
