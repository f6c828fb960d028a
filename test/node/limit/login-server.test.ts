import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createGateway, gatewayThrottle } from '../../../src/gateway/index.ts'
import { memoryThrottle } from '../../../src/limit/index.ts'

interface Got {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

// Over a real socket: some servers (WSGI, CGI) read no body without its length.
describe('a login at a real server', () => {
  const got: Got[] = []
  let server: Server
  let url: string
  beforeAll(async () => {
    server = createServer(async (request, response) => {
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part as Buffer)
      got.push({ headers: request.headers, body: Buffer.concat(parts).toString() })
      response.writeHead(401).end()
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => new Promise((done) => server.close(done)))

  it.each(['POST', 'PUT', 'PATCH'] as const)(
    'by %s arrives whole, as it was read, with its length',
    async (method) => {
      const gateway = createGateway({
        ...{ publicOrigin: 'https://app.example.com', upstreams: { app: { url } } },
        throttle: gatewayThrottle({
          store: memoryThrottle(),
          secret: 'rT5-8mQz_v7RpLx0Wc4sTn6Yb1Hf9Ja3',
        }),
        routes: [
          {
            ...{ path: '/login', methods: [method], to: 'app', access: 'public' },
            throttle: { account: { form: 'email' }, success: 'django' },
          },
        ],
      })
      const sent = 'email=Zo%65%40example.com&password=%C3%A9%20'
      const headers = {
        'content-type': 'application/x-www-form-urlencoded',
        origin: 'https://app.example.com',
      }
      const request = new Request('https://app.example.com/login', { method, body: sent, headers })
      expect((await gateway.fetch(request)).status).toBe(401)
      const { headers: heard, body } = got.at(-1) as Got
      expect(body).toBe(sent)
      expect(heard['content-length']).toBe(`${body.length}`)
      expect(heard['transfer-encoding']).toBe(undefined)
      expect(heard['content-type']).toBe('application/x-www-form-urlencoded')
    },
  )
})
