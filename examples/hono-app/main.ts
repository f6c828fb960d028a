/** `node examples/hono-app/main.ts`: both apps, asked by two browsers. No server and no port. */
import { randomBytes } from 'node:crypto'
import { createApp } from './full-stack.ts'
import { app as small } from './six-lines.ts'

interface App {
  request(url: string, init: RequestInit): Response | Promise<Response>
}

const one = browser(small)
await one('GET', '/')
await one('GET', '/')

const app = createApp(randomBytes(32).toString('base64url'))
const [laptop, phone] = [browser(app), browser(app)]
await laptop('GET', '/me')
await laptop('POST', '/login', '{"user":"alice","password":"wrong"}')
await laptop('POST', '/login', '{"user":"alice","password":"wonderland"}')
await phone('POST', '/login', '{"user":"alice","password":"wonderland"}')
await laptop('GET', '/me')
await laptop('GET', '/devices')
await laptop('POST', '/login', '{"user":"mallory"}', 'https://evil.example')
await phone('POST', '/logout-everywhere')
await laptop('GET', '/me')

/** Keeps one cookie and prints what it was shown. */
function browser(to: App) {
  let cookie = ''
  return async (
    method: string,
    path: string,
    body?: string,
    origin = 'https://app.example.com',
  ): Promise<void> => {
    const site = origin === 'https://app.example.com' ? 'same-origin' : 'cross-site'
    const headers: Record<string, string> = { cookie, origin, 'sec-fetch-site': site }
    if (body !== undefined) headers['content-type'] = 'application/json'
    const answer = await to.request(`https://app.example.com${path}`, {
      method,
      headers,
      body: body ?? null,
    })
    for (const set of answer.headers.getSetCookie())
      cookie = /Max-Age=0/.test(set) ? '' : (set.split(';')[0] ?? '')
    const shown = answer.status === 200 ? await answer.text() : ''
    console.log(`${`${method} ${path}`.padEnd(24)} ${answer.status} ${shown}`.trimEnd())
  }
}
