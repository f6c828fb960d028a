/** Hand-written AES-GCM and hono/cookie: what somebody writes who wants nothing but the cookie. No lifetimes, no rotation. */
import type { Context, Hono } from 'hono'
import { getCookie } from 'hono/cookie'
import { dataOf, told } from '../data.ts'
import { open, seal } from '../seal/hand.ts'

async function set(c: Context, data: object): Promise<void> {
  c.header(
    'set-cookie',
    `s=${await seal(data)}; Max-Age=28800; Path=/; Secure; HttpOnly; SameSite=Lax`,
    {
      append: true,
    },
  )
}

export function mount(app: Hono): void {
  app.get('/make', async (c) => {
    await set(c, dataOf(Number(c.req.query('bytes'))))
    return c.text('n=1')
  })
  app.get('/read', async (c) => {
    const token = getCookie(c, 's')
    return c.text(told(token ? await open(token) : undefined))
  })
  app.get('/write', async (c) => {
    const token = getCookie(c, 's')
    const data = token ? ((await open(token)) as { n: number }) : { n: 0 }
    data.n++
    await set(c, data)
    return c.text(told(data))
  })
}
