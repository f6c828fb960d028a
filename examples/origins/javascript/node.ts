/** A server of `node:http` behind the gateway, without a framework. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { type OriginSession, portcullis } from './portcullis.ts'
import { serveShop } from './shop.ts'

const open = portcullis.express()

const server = createServer((request, response) => {
  open(request, response, async (error) => {
    if (error !== undefined) return void response.writeHead(503).end()
    const session = (request as { portcullis?: OriginSession }).portcullis
    if (session === undefined) return void response.writeHead(500).end()

    const form = Object.fromEntries(new URLSearchParams(await text(request)))
    const path = (request.url ?? '/').replace(/\?.*$/, '')
    const { status, json, location } = serveShop(request.method ?? 'GET', path, form, session)
    if (location !== undefined) response.setHeader('Location', location)
    response.writeHead(status, { 'Content-Type': 'application/json' })
    response.end(json === undefined ? '' : JSON.stringify(json))
  })
})
server.listen(Number(process.env.PORT ?? '8788'), '127.0.0.1', () => {
  console.log(`listening on ${(server.address() as AddressInfo).port}`)
})
