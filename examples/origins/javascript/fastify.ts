/** A Fastify server behind the gateway. */
import type { AddressInfo } from 'node:net'
import { fastify } from 'fastify'
import { type OriginSession, portcullis } from './portcullis.ts'
import { serveShop } from './shop.ts'

declare module 'fastify' {
  interface FastifyRequest {
    portcullis: OriginSession
  }
}

const app = fastify()
app.addHook('onRequest', portcullis.fastify())
app.addContentTypeParser(
  'application/x-www-form-urlencoded',
  { parseAs: 'string' },
  (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
)
app.all('/*', (request, reply) => {
  const path = request.url.replace(/\?.*$/, '')
  const form = (request.body ?? {}) as Record<string, string>
  const { status, json, location } = serveShop(request.method, path, form, request.portcullis)
  return location === undefined ? reply.code(status).send(json) : reply.redirect(location, status)
})

await app.listen({ port: Number(process.env.PORT ?? '8788'), host: '127.0.0.1' })
console.log(`listening on ${(app.server.address() as AddressInfo).port}`)
