/** Loops over `app.fetch` inside the Worker: only what the app does, no socket, no HTTP. */
import { Hono, type MiddlewareHandler } from 'hono'

/** With a middleware that does nothing where there is none other: each variant has one. */
export function appOf(...guards: MiddlewareHandler[]): Hono {
  const app = new Hono()
  if (guards.length === 0) {
    app.use(async function noop(_, next) {
      await next()
    })
  }
  for (const guard of guards) app.use(guard)
  return app
    .get('/document', (c) => c.html('<!doctype html><title>ok</title>'))
    .get('/api', (c) => c.json({ ok: true }))
    .post('/form', (c) => c.text('ok'))
}

export function looped(app: Hono): { fetch(request: Request): Promise<Response> } {
  return {
    async fetch(request): Promise<Response> {
      const { pathname, searchParams } = new URL(request.url)
      const n = Number(searchParams.get('n'))
      const url = `https://bench.test${pathname}`
      // What every request of the loop brings: nothing, or what a browser says of its own form.
      const form = {
        'sec-fetch-site': 'same-origin',
        origin: 'https://bench.test',
        'content-type': 'application/x-www-form-urlencoded',
      }
      const init = { method: 'POST', headers: new Headers(form) }
      const asked = pathname === '/form' ? () => new Request(url, init) : () => new Request(url)
      if (n === 0) return app.fetch(asked())
      let sum = 0
      for (let i = 0; i < n; i++) sum += (await app.fetch(asked())).status
      return new Response(String(sum / n))
    },
  }
}
