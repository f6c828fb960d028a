/** What shows a proxy at work: pages that fail now and then, say when they were made, or take what they are sent. */
import { setTimeout as wait } from 'node:timers/promises'
import express, { type Request, Router } from 'express'

/** Routes that would be no use without somebody in front. */
export function unsteady(): Router {
  const routes = Router()
  const seen: string[] = []
  let asked = 0

  routes.get('/cached', (_req, res) => {
    res.type('text').send(`Made at ${time()}\n`)
  })

  routes.get('/unsteady', (_req, res) => {
    asked += 1
    if (asked % 2 === 0) return res.status(503).type('text').send('Every second request fails.\n')
    res.type('text').send(`Made at ${time()}\n`)
  })

  // Both tries of a request have one id.
  routes.get('/breaks-once', (req, res) => {
    const id = req.get('x-request-id') ?? ''
    if (!seen.includes(id)) {
      seen.unshift(id)
      seen.length = Math.min(seen.length, 100)
      return req.socket.destroy()
    }
    res.type('text').send('The first connection broke. This is the answer to the second try.\n')
  })

  routes.get('/breaks', (req) => {
    req.socket.destroy()
  })

  routes.get('/late', async (_req, res) => {
    await wait(3000)
    res.type('text').send('After 3 s.\n')
  })

  routes.get('/limited', (_req, res) => {
    res.type('text').send(`Made at ${time()}\n`)
  })

  routes.post('/upload', express.raw({ type: () => true, limit: '10mb' }), (req: Request, res) => {
    res
      .type('text')
      .send(`This origin got ${Buffer.isBuffer(req.body) ? req.body.length : 0} bytes.\n`)
  })

  return routes
}

function time(): string {
  return new Date().toISOString().slice(11, 23)
}
