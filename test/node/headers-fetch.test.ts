import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Hono } from 'hono'
import { afterEach, describe, expect, it } from 'vitest'
import { secureHeaders } from '../../src/headers/index.ts'

const servers: Server[] = []

/** An app that hands on what a server on the loopback answers, as it comes from fetch: with immutable headers. */
async function inFrontOf(answer: RequestListener): Promise<Hono> {
  const server = createServer(answer)
  servers.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const app = new Hono().use(secureHeaders())
  app.all('*', (c) =>
    fetch(`http://127.0.0.1:${port}${c.req.path}`, { method: c.req.method, redirect: 'manual' }),
  )
  return app
}

afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

describe('secureHeaders on a fetched response', () => {
  it('adds, takes away and keeps the rest', async () => {
    const app = await inFrontOf((_, answer) => {
      answer.writeHead(201, 'Made', [
        ...[
          'Content-Type',
          'text/html',
          'X-Powered-By',
          'Express',
          'Server',
          'nginx/1.22.1',
          'ETag',
          '"1"',
        ],
        ...['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X-Frame-Options', 'SAMEORIGIN'],
      ])
      answer.end('<p>made')
    })
    const response = await app.request('https://app.example/')
    expect([response.status, response.statusText]).toEqual([201, 'Made'])
    expect(await response.text()).toBe('<p>made')
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect(response.headers.get('ETag')).toBe('"1"')
    expect(response.headers.get('X-Frame-Options')).toBe('SAMEORIGIN')
    expect(response.headers.get('X-Powered-By')).toBe(null)
    expect(response.headers.get('Server')).toBe(null)
    expect(response.headers.get('Strict-Transport-Security')).toBe(
      'max-age=63072000; includeSubDomains',
    )
    expect(response.headers.get('Cross-Origin-Opener-Policy')).toBe('same-origin')
  })

  it.each([204, 205, 304])('adds no body to %i', async (status) => {
    const app = await inFrontOf((_, answer) => void answer.writeHead(status, { ETag: '"1"' }).end())
    const response = await app.request('https://app.example/')
    expect(response.status).toBe(status)
    expect(await response.text()).toBe('')
    expect(response.headers.get('ETag')).toBe('"1"')
    expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff')
  })

  it('hands on a redirect', async () => {
    const app = await inFrontOf(
      (_, answer) => void answer.writeHead(302, { Location: '/next' }).end(),
    )
    const response = await app.request('https://app.example/')
    expect([response.status, response.headers.get('Location')]).toEqual([302, '/next'])
    expect(response.headers.get('Content-Security-Policy')).toContain("frame-ancestors 'none'")
  })

  it('hands on the first bytes before the last are there', async () => {
    let finish: (() => void) | undefined
    const app = await inFrontOf((_, answer) => {
      answer.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: first\n\n')
      finish = () => answer.end('data: last\n\n')
    })
    const response = await app.request('https://app.example/')
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    expect((await reader?.read())?.value).toBe('data: first\n\n')
    finish?.()
    expect((await reader?.read())?.value).toBe('data: last\n\n')
    expect((await reader?.read())?.done).toBe(true)
    expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff')
  })
})
