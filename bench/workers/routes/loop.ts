/** Asks an app for one route again and again, inside one request: what the app does, no socket. */
import type { Hono } from 'hono'

export function looped(app: Hono): { fetch(request: Request): Promise<Response> } {
  return {
    async fetch(request): Promise<Response> {
      const { pathname, searchParams } = new URL(request.url)
      const n = Number(searchParams.get('n'))
      const made = await app.fetch(new Request('https://bench.test/make?bytes=100'))
      const cookie = made.headers.getSetCookie()[0]?.split(';', 1)[0] ?? ''
      const init = { headers: new Headers({ cookie }) }
      let text = ''
      for (let i = 0; i < n; i++) {
        const answer = await app.fetch(new Request(`https://bench.test${pathname}`, init))
        if (i === 0) text = await answer.text()
        if (answer.status !== 200) return answer
      }
      // Who lost the session on the way did less than was to be counted.
      return text.startsWith(pathname === '/write' ? 'n=2' : 'n=1')
        ? new Response(text)
        : new Response(text, { status: 500 })
    },
  }
}
