/** Hand-written with nothing spared: no cookie parser, Set-Cookie appended to the finished response. */
import type { Hono } from 'hono'
import { dataOf, told } from '../data.ts'
import { open, seal } from '../seal/hand.ts'

export const suffix = '; Max-Age=28800; Path=/; Secure; HttpOnly; SameSite=Lax'

export function readToken(request: Request): string {
  const header = request.headers.get('cookie') ?? ''
  const at = header.indexOf('s=') + 2
  const end = header.indexOf(';', at)
  return end === -1 ? header.slice(at) : header.slice(at, end)
}

export function mount(app: Hono): void {
  app.get('/make', async (c) => {
    const cookie = `s=${await seal(dataOf(Number(c.req.query('bytes'))))}${suffix}`
    return new Response('n=1', { headers: { 'set-cookie': cookie } })
  })
  app.get('/read', async (c) => c.text(told(await open(readToken(c.req.raw)))))
  app.get('/write', async (c) => {
    const data = await open(readToken(c.req.raw))
    data.n++
    const response = c.text(told(data))
    response.headers.append('set-cookie', `s=${await seal(data)}${suffix}`)
    return response
  })
}
