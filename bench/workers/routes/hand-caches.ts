/** Hand-written with nothing spared, and with the words to caches that a personal response needs: what ours says, no more. */
import type { Hono } from 'hono'
import { told } from '../data.ts'
import { open, seal } from '../seal/hand.ts'
import { mount as mountLean, readToken, suffix } from './hand-lean.ts'

function forbidSharing(response: Response, cacheControl: string): Response {
  response.headers.append('vary', 'Cookie')
  response.headers.set('cache-control', cacheControl)
  return response
}

export function mount(app: Hono): void {
  app.get('/read', async (c) =>
    forbidSharing(c.text(told(await open(readToken(c.req.raw)))), 'private, no-store'),
  )
  app.get('/write', async (c) => {
    const data = await open(readToken(c.req.raw))
    data.n++
    const response = c.text(told(data))
    response.headers.append('set-cookie', `s=${await seal(data)}${suffix}`)
    return forbidSharing(response, 'no-store')
  })
  mountLean(app)
}
